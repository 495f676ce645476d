"""DICOM segmentations made by highdicom."""

from pathlib import Path

import numpy as np
import pytest
from made_images import CLASSES, assert_same, drawn_masks, made_image, masks_of, write_all
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.bad_files import BadFiles
from handbone.datasets.formats.catalogue import recognise
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.coco import CocoReader, CocoWriter
from handbone.datasets.formats.conversion import convert
from handbone.datasets.formats.dicom_seg import DicomSegFolderWriter, DicomSegReader
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


def write_image(path, shape):
    """The same with pixels, as a file."""
    image = source(shape)
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, 'MONOCHROME2'
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    image.PixelRepresentation, image.PixelData = 0, bytes(shape[0] * shape[1] + 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)


def slices(count):
    """The slices of a tomogram, which have positions."""
    made = [source(SHAPE) for _ in range(count)]
    for height, image in enumerate(made):
        image.SOPClassUID = pydicom.uid.CTImageStorage
        image.StudyInstanceUID = made[0].StudyInstanceUID
        image.SeriesInstanceUID = made[0].SeriesInstanceUID
        image.FrameOfReferenceUID, image.Modality = '1.2.3', 'CT'
        image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        image.ImagePositionPatient = [0, 0, height]
        image.SliceThickness, image.PositionReferenceIndicator = 1, ''
    return made


def write(path, masks, kind='BINARY', images=None):
    """One image of masks (C, H, W), or several of (N, C, H, W)."""
    code = pydicom.sr.codedict.codes
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=code.SCT.Bone,
            segmented_property_type=pydicom.sr.coding.Code(f'T-{number}', '99TEST', name),
            algorithm_type='MANUAL',
        )
        for number, name in enumerate(CLASSES[: masks.shape[-3]], 1)
    ]
    segmentation = highdicom.seg.Segmentation(
        source_images=images or [source(masks.shape[-2:])],
        pixel_array=np.moveaxis(masks.reshape(-1, *masks.shape[-3:]), 1, 3).astype(np.uint8),
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


@pytest.mark.parametrize('name', ['label', 'code'])
def test_one_segment(name):
    """Its number stands where everything that all frames share does."""
    reader = DicomSegReader(Path(__file__).parent / 'golden/dicom-seg-of-one', name=name)
    expected = np.zeros((1, 20, 28), bool)
    expected[0, 6:16, 10:21] = True
    assert reader.classes == ('square',)
    np.testing.assert_array_equal(masks_of(reader)['hand.png'], expected)


def test_frames_without_a_segment(root):
    path = root / 'dicom_seg/hand1.dcm'
    header = pydicom.dcmread(path)
    del header.PerFrameFunctionalGroupsSequence[1].SegmentIdentificationSequence
    header.save_as(path)
    with pytest.raises(DatasetError, match='hand1.dcm: .*a frame does not tell its segment'):
        masks_of(DicomSegReader(root))
    write(path, drawn_masks(1, *SHAPE))
    header = pydicom.dcmread(path)
    header.PerFrameFunctionalGroupsSequence.pop()
    header.save_as(path)
    with pytest.raises(DatasetError, match='hand1.dcm: 2 of its 3 frames are described'):
        masks_of(DicomSegReader(root))


@pytest.mark.parametrize('classes', [1, 3])
def test_several_images(root, classes):
    """The masks of one slice do not get into those of another."""
    masks = np.stack([drawn_masks(seed, *SHAPE, classes) for seed in (4, 5, 6)])
    write(root / 'dicom_seg/hand2.dcm', masks, images=slices(3))
    bad_files = BadFiles('report')
    assert list(masks_of(DicomSegReader(root, bad_files=bad_files))) == ['hand1.png']
    (problem,) = bad_files.problems
    assert 'hand2.dcm: it is of 3 images or slices. Export it again as' in str(problem)
    (root / 'dicom_seg/hand1.dcm').unlink()
    with pytest.raises(DatasetError, match='hand2.dcm: it is of 3 images or slices'):
        DicomSegReader(root)


def test_several_images_of_which_each_has_another_segment(root):
    masks = np.stack([drawn_masks(seed, *SHAPE, 2) for seed in (4, 5)])
    masks[0, 0] = masks[1, 1] = False
    path = root / 'dicom_seg/hand2.dcm'
    write(path, masks, images=slices(2))
    header = pydicom.dcmread(path)
    assert header.NumberOfFrames == 2
    without = ('ReferencedSeriesSequence', 'DerivationImageSequence', 'PlanePositionSequence')
    for place, keyword in enumerate(without):
        with pytest.raises(DatasetError, match='hand2.dcm: it is of 2 images or slices'):
            masks_of(DicomSegReader(root))
        for each in (header,) if place == 0 else header.PerFrameFunctionalGroupsSequence:
            del each[keyword]
        header.save_as(path)
    # nothing tells the images apart any more
    assert masks_of(DicomSegReader(root))['hand2.png'].any(axis=(1, 2)).sum() == 2


def test_several_frames_of_a_segment(root):
    path = root / 'dicom_seg/hand1.dcm'
    header = pydicom.dcmread(path)
    frame = header.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0]
    frame.ReferencedSegmentNumber = 3
    header.save_as(path)
    with pytest.raises(DatasetError, match='hand1.dcm: segment 3 has 2 frames'):
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


@pytest.fixture
def labelled(tmp_path):
    """COCO labels of DICOM images; the first one is empty, and the last one has one class."""
    images = []
    for seed in range(4):
        path = tmp_path / f'coco/images/ID{seed}/hand.dcm'
        write_image(path, SHAPE)
        masks = drawn_masks(seed, *SHAPE)
        if seed == 3:
            masks[[0, 2]] = False
        images.append(made_image(masks, f'ID{seed}/hand.dcm', path))
    write_all(CocoWriter(tmp_path / 'coco', CLASSES), images)
    return tmp_path / 'coco', images


def test_a_dataset_becomes_segmentations_and_again_labels(tmp_path, labelled):
    folder, images = labelled
    there = convert(folder, tmp_path / 'there', 'dicom-seg')
    assert (there.images, there.losses, there.problems) == (4, (), ())
    assert recognise(tmp_path / 'there')[0] == 'dicom-seg'
    assert_same(DicomSegReader(tmp_path / 'there'), images)
    back = convert(tmp_path / 'there', tmp_path / 'back', 'coco')
    assert (back.source_format, back.problems, back.without_file) == ('dicom-seg', (), 0)
    assert_same(CocoReader(tmp_path / 'back'), images)


def test_what_highdicom_reads_of_a_dataset(tmp_path, labelled):
    folder, images = labelled
    convert(folder, tmp_path / 'there', 'dicom-seg')
    segmentation = highdicom.seg.segread(tmp_path / 'there/dicom_seg/ID1/hand.dcm')
    described = [segmentation.get_segment_description(number) for number in (1, 2, 3)]
    assert [each.segment_label for each in described] == list(CLASSES)
    assert {each.algorithm_type.value for each in described} == {'MANUAL'}
    image = pydicom.dcmread(images[1].path)
    assert segmentation.StudyInstanceUID == image.StudyInstanceUID
    frames = segmentation.get_pixels_by_source_instance([image.SOPInstanceUID])
    masks = np.moveaxis(frames[0], 2, 0)
    np.testing.assert_array_equal(masks, drawn_masks(1, *SHAPE))


def test_images_that_are_not_dicom_are_left_out_with_the_reason(tmp_path, labelled):
    folder, images = labelled
    images[2].path.unlink()
    write_png(images[2].path.with_suffix('.png'), np.zeros(SHAPE, np.uint8))
    document = (folder / 'coco.json').read_text()
    (folder / 'coco.json').write_text(document.replace('ID2/hand.dcm', 'ID2/hand.png'))
    done = convert(folder, tmp_path / 'there', 'dicom-seg')
    assert (done.images, len(done.problems)) == (3, 1)
    assert 'hand.png is not a DICOM file, and a DICOM seg' in str(done.problems[0])
    assert not (tmp_path / 'there/dicom_seg/ID2').exists()
    for image in images:
        image.path.unlink(missing_ok=True)
    with pytest.raises(HandboneError, match='No image could be converted: .*its image file is not'):
        convert(folder / 'coco.json', tmp_path / 'none', 'dicom-seg')


def test_names_that_no_segment_can_have(tmp_path):
    with pytest.raises(HandboneError, match='has 65 characters, and the label of a DICOM segment'):
        DicomSegFolderWriter(tmp_path, ['round', 'r' * 65])
