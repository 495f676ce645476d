"""DICOM segmentations made by highdicom."""

import numpy as np
import pytest
from made_images import CLASSES, drawn_masks, masks_of

from handbone.datasets import DatasetError
from handbone.datasets.formats.catalogue import recognise
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.dicom_seg import DicomSegReader
from handbone.errors import HandboneError

highdicom = pytest.importorskip('highdicom', reason='needs pip install "handbone[dicom]"')
pydicom = pytest.importorskip('pydicom')

SHAPE = (20, 27)


def source(shape):
    """A radiograph that a segmentation can refer to."""
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = pydicom.uid.ComputedRadiographyImageStorage
    for keyword in ('SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID'):
        setattr(dataset, keyword, pydicom.uid.generate_uid())
    for keyword in ('PatientID', 'PatientName', 'StudyID', 'AccessionNumber', 'StudyDate'):
        setattr(dataset, keyword, '')
    for keyword in ('PatientBirthDate', 'PatientSex', 'StudyTime', 'ReferringPhysicianName'):
        setattr(dataset, keyword, '')
    dataset.Modality, dataset.PixelSpacing = 'CR', [0.1, 0.1]
    dataset.Rows, dataset.Columns = shape
    return dataset


def write(path, masks, kind='BINARY'):
    code = pydicom.sr.codedict.codes
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=code.SCT.Bone,
            segmented_property_type=pydicom.sr.coding.Code(f'T-{number}', '99TEST', name),
            algorithm_type='MANUAL',
        )
        for number, name in enumerate(CLASSES, 1)
    ]
    segmentation = highdicom.seg.Segmentation(
        source_images=[source(masks.shape[1:])],
        pixel_array=np.moveaxis(masks, 0, 2)[None].astype(np.uint8),
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=highdicom.UID(),
        series_number=1,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer='test',
        manufacturer_model_name='test',
        software_versions='1',
        device_serial_number='1',
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    segmentation.save_as(path)


@pytest.fixture
def root(tmp_path):
    for seed in (1, 2):
        write(tmp_path / f'dicom_seg/hand{seed}.dcm', drawn_masks(seed, *SHAPE))
    return tmp_path


def test_the_same_masks_come_back(root):
    assert recognise(root)[0] == 'dicom-seg'
    reader = DicomSegReader(root, choice=ClassChoice(CLASSES))
    found = masks_of(reader)
    for seed in (1, 2):
        np.testing.assert_array_equal(found[f'hand{seed}.png'], drawn_masks(seed, *SHAPE))
    assert (drawn_masks(1, *SHAPE).sum(axis=0) > 1).any()
    assert DicomSegReader(root).classes == ('long', 'round', 'square')


def test_classes_by_code(root):
    choice = ClassChoice(['a', 'b'], {'T-1': 'a', 'T-3': 'b'}, ['T-2'])
    found = masks_of(DicomSegReader(root, choice=choice, name='code'))
    np.testing.assert_array_equal(found['hand1.png'], drawn_masks(1, *SHAPE)[[0, 2]])
    with pytest.raises(HandboneError, match="name must be 'label' or 'code'"):
        DicomSegReader(root, name='number')


def test_segments_outside_the_classes(root):
    with pytest.raises(DatasetError, match="hand1.dcm: segment 2 is 'square', which is not among"):
        list(DicomSegReader(root, choice=ClassChoice(['round', 'long'])))


def test_frames_of_segments_that_are_not_described(root):
    path = root / 'dicom_seg/hand1.dcm'
    header = pydicom.dcmread(path)
    frame = header.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0]
    frame.ReferencedSegmentNumber = 9
    header.save_as(path)
    with pytest.raises(DatasetError, match='hand1.dcm: a frame is of segment 9, which is not'):
        masks_of(DicomSegReader(root))


def test_other_objects(root):
    write(root / 'dicom_seg/hand3.dcm', drawn_masks(3, *SHAPE).astype(float), 'FRACTIONAL')
    with pytest.raises(DatasetError, match=r"hand3.dcm: .*'FRACTIONAL', not BINARY"):
        list(DicomSegReader(root))
    image = source(SHAPE)
    image.PixelData, image.BitsAllocated = bytes(540), 8
    image.save_as(root / 'dicom_seg/hand3.dcm', enforce_file_format=True)
    with pytest.raises(DatasetError, match='hand3.dcm: '):
        list(DicomSegReader(root))


def test_cut_off_files(root):
    path = root / 'dicom_seg/hand1.dcm'
    whole = path.read_bytes()
    for length in (0, 200, len(whole) // 2, len(whole) - 60):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match='hand1.dcm: '):
            masks_of(DicomSegReader(root))
