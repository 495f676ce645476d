"""DICOM segmentations: valid, coded, and read back to the same masks."""

import shutil
import subprocess

import numpy as np
import pytest
from made_predictions import CLASSES, PALETTE, draw_labels, make_prediction

from handbone.bones import CLASSES as BONES
from handbone.bones import PALETTE as BONE_COLORS
from handbone.datasets.formats.bone_codes import BONE_CODES, CATEGORY, LATERALITY
from handbone.masks import pack, unpack
from handbone.outputs import WRITERS

highdicom = pytest.importorskip('highdicom', reason='needs pip install "handbone[dicom]"')

from made_radiographs import read_header, write_radiograph  # noqa: E402
from pydicom.sr.codedict import codes  # noqa: E402

#: Taken from HL7's value set of body sites; DICOM's own dictionary has them not.
NOT_IN_PYDICOM = {'4247003', '2550002', '7083009'}


def predict(folder, labels, modality='DX', name='ID001/hand'):
    image = np.zeros(labels.shape[:2], np.uint8)
    path = write_radiograph(folder / f'{modality}.dcm', image, modality)
    return make_prediction(name, labels, (0.15, 0.1), read_header(path), path)


def write(folder, prediction, classes=CLASSES, palette=PALETTE):
    WRITERS['dicom-seg'](folder, classes, palette).write(prediction)
    return folder / 'dicom_seg' / f'{prediction.name}.dcm'


def read_masks(path, num_classes, shape, classes):
    """Read with highdicom: bool (C, H, W) by segment labels."""
    segmentation = highdicom.seg.segread(path)
    masks = np.zeros((num_classes, *shape), bool)
    for number in segmentation.segment_numbers:
        label = segmentation.get_segment_description(number).segment_label
        frames = segmentation.get_pixels_by_source_instance(
            [
                segmentation.ReferencedSeriesSequence[0]
                .ReferencedInstanceSequence[0]
                .ReferencedSOPInstanceUID
            ],
            segment_numbers=[number],
        )
        masks[classes.index(label)] = frames[0, ..., 0] != 0
    return masks


def validate(path):
    if shutil.which('dciodvfy') is None:
        pytest.skip('dciodvfy of dicom3tools is not on the PATH')
    process = subprocess.run(['dciodvfy', str(path)], capture_output=True, text=True)
    return (process.stdout + process.stderr).splitlines()


@pytest.mark.parametrize('modality', ['DX', 'CR'])
@pytest.mark.parametrize('shape', [(61, 83), (64, 64)])
def test_the_same_masks_come_back(tmp_path, modality, shape):
    labels = draw_labels(1, *shape)
    path = write(tmp_path, predict(tmp_path, labels, modality))
    masks = read_masks(path, len(CLASSES), shape, CLASSES)
    np.testing.assert_array_equal(masks, unpack(labels, len(CLASSES)))


@pytest.mark.parametrize('modality', ['DX', 'CR'])
def test_valid_by_dciodvfy(tmp_path, modality):
    masks = np.zeros((29, 40, 50), bool)
    for index in range(29):
        masks[index, index : index + 9, index : index + 12] = True
    prediction = predict(tmp_path, pack(masks), modality)
    report = validate(write(tmp_path, prediction, BONES, BONE_COLORS))
    assert report[0] == 'Segmentation' or 'Segmentation' in report
    assert [line for line in report if 'Error' in line] == []


def test_reference_side_and_codes(tmp_path):
    masks = np.zeros((29, 8, 8), bool)
    for name in ('finger-3', 'finger-5', 'Scaphoid', 'Ulna'):
        masks[BONES.index(name), 1:4, 1:4] = True
    prediction = predict(tmp_path, pack(masks))
    header = prediction.radiograph.dicom
    before = header.to_json()
    path = write(tmp_path, prediction, BONES, BONE_COLORS)
    assert header.to_json() == before
    written = highdicom.seg.segread(path)
    assert written.StudyInstanceUID == header.StudyInstanceUID
    assert written.SeriesInstanceUID != header.SeriesInstanceUID
    assert written.PatientID == 'ID001'
    assert (written.SegmentationType, written.SegmentsOverlap) == ('BINARY', 'YES')
    reference = written.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
    assert reference.ReferencedSOPInstanceUID == header.SOPInstanceUID
    segments = {segment.SegmentLabel: segment for segment in written.SegmentSequence}
    assert list(segments) == ['finger-3', 'finger-5', 'Scaphoid', 'Ulna']
    types = {
        name: segment.SegmentedPropertyTypeCodeSequence[0] for name, segment in segments.items()
    }
    assert types['Scaphoid'].CodeValue == codes.SCT.Scaphoid.value
    assert types['Ulna'].CodeValue == codes.SCT.Ulna.value
    for code in types.values():
        side = code.SegmentedPropertyTypeModifierCodeSequence[0]
        assert (side.CodeValue, side.CodeMeaning) == (codes.SCT.Right.value, 'Right')
    exact = segments['finger-5'].PrimaryAnatomicStructureSequence[0]
    assert (exact.CodeValue, exact.CodingSchemeDesignator) == ('23933', 'FMA')
    assert exact.CodeMeaning == 'Middle phalanx of index finger'


def test_codes_are_those_of_pydicoms_dictionary():
    known = {
        getattr(codes.SCT, keyword).value: getattr(codes.SCT, keyword).meaning
        for keyword in [
            'AnatomicalStructure',
            'Finger',
            'Forearm',
            'Hand',
            'HandBone',
            'Left',
            'Metacarpal',
            'RadiusBone',
            'Right',
            'Scaphoid',
            'Thumb',
            'Ulna',
        ]
    }
    used = {CATEGORY, *LATERALITY.values()}
    for bone in BONE_CODES.values():
        used |= {bone.type, bone.region}
    assert {value for value, _ in used} - set(known) == NOT_IN_PYDICOM
    assert all(known[value] == meaning for value, meaning in used if value in known)


def test_every_bone_has_a_name_and_a_concept_of_its_own():
    assert set(BONE_CODES) == set(BONES)
    assert len({bone.name for bone in BONE_CODES.values()}) == 29
    assert len({bone.fma for bone in BONE_CODES.values()}) == 29
    named = {
        'finger-2': ('23918', 'Proximal phalanx of thumb'),
        'finger-3': ('23899', 'First metacarpal'),
        'finger-6': ('23919', 'Proximal phalanx of index finger'),
        'finger-11': ('23901', 'Third metacarpal'),
        'finger-13': ('23935', 'Middle phalanx of ring finger'),
        'finger-16': ('23949', 'Distal phalanx of little finger'),
        'Hamate': ('23730', 'Hamate'),
        'Radius': ('23463', 'Radius'),
    }
    assert {name: BONE_CODES[name][1::-1] for name in named} == named


def test_other_classes_and_nothing_found(tmp_path):
    names = ('a class with a name of more than sixteen characters', 'b')
    prediction = predict(tmp_path, np.zeros((8, 9), np.int32))
    path = write(tmp_path, prediction, names, ())
    assert not read_masks(path, 2, (8, 9), names).any()
    written = highdicom.seg.segread(path)
    assert (written.SegmentsOverlap, len(written.SegmentSequence)) == ('NO', 2)
    long_name = written.SegmentSequence[0].SegmentedPropertyTypeCodeSequence[0]
    assert (long_name.LongCodeValue, long_name.CodingSchemeDesignator) == (names[0], '99HANDBONE')
    assert [line for line in validate(path) if 'Error' in line] == []


def test_more_than_31_classes_without_a_side(tmp_path):
    names = [f'part-{index}' for index in range(40)]
    masks = np.zeros((40, 20, 21), bool)
    masks[3, 2:9, 3:8] = masks[33, 12:14, 3:8] = True
    prediction = predict(tmp_path, pack(masks))
    del prediction.radiograph.dicom.ImageLaterality
    del prediction.radiograph.dicom.PatientName
    path = write(tmp_path, prediction, names, ())
    np.testing.assert_array_equal(read_masks(path, 40, (20, 21), names), masks)
    assert highdicom.seg.segread(path).SegmentsOverlap == 'NO'


def test_images_that_a_segmentation_cannot_refer_to(tmp_path):
    labels = draw_labels(0)
    with pytest.raises(ValueError, match=r'hand.png is not a DICOM file.*label-png'):
        write(tmp_path, make_prediction('hand', labels))
    prediction = predict(tmp_path, labels)
    with pytest.raises(ValueError, match='labels are 60 x 83, but the header says 61 x 83'):
        write(tmp_path, make_prediction('hand', labels[:-1], None, prediction.radiograph.dicom))
    del prediction.radiograph.dicom.StudyInstanceUID
    with pytest.raises(ValueError, match=r'DX.dcm: the header lacks StudyInstanceUID.*Export'):
        write(tmp_path, prediction)
    assert not (tmp_path / 'dicom_seg').exists()
