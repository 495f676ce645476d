"""DICOM segmentations: valid, coded, and read back to the same masks."""

import shutil
import subprocess

import numpy as np
import pytest
from made_predictions import CLASSES, PALETTE, draw_labels, make_prediction

from handbone.bones import CLASSES as BONES
from handbone.bones import PALETTE as BONE_COLORS
from handbone.masks import pack, unpack
from handbone.outputs import WRITERS
from handbone.outputs.bone_codes import BONE_CODES, CATEGORY, LATERALITY

highdicom = pytest.importorskip('highdicom', reason='needs pip install "handbone[dicom]"')

from made_radiographs import read_header, write_radiograph  # noqa: E402
from pydicom.sr.codedict import codes  # noqa: E402

#: Taken from HL7's value set of body sites; DICOM's own dictionary has them not.
NOT_IN_PYDICOM = {'4247003', '2550002'}


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
            [segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0]
             .ReferencedSOPInstanceUID],
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
