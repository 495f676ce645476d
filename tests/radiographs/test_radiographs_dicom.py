"""Reading of DICOM files: values, windows, compression, spacing, and what is no radiograph."""

import numpy as np
import pytest

pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
import pydicom
from dicom_file import compress, write_dicom
from pydicom.pixels import apply_voi, apply_windowing
from pydicom.uid import ComprehensiveSRStorage, SegmentationStorage

from handbone.datasets import DatasetError, LoadRadiograph
from handbone.datasets.image_header import read_image_size
from handbone.radiographs import RadiographError, read_radiograph

GRAY = (np.arange(60 * 80).reshape(60, 80) * 37 % 4096).astype(np.uint16)
SMOOTH = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)


def read(path, **options):
    return read_radiograph(path, **options).image


def test_8_bits_stay_as_they_are(tmp_path):
    image = read(write_dicom(tmp_path / 'a.dcm', SMOOTH))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, SMOOTH)


def test_monochrome1_is_inverted(tmp_path):
    for pixels, low, high in ((SMOOTH, 0, 255), (GRAY, 0, 4095)):
        path = write_dicom(tmp_path / 'a.dcm', pixels, PhotometricInterpretation='MONOCHROME1')
        expected = 255 - (pixels - float(low)) * 255 / (high - low)
        np.testing.assert_allclose(read(path), expected, atol=2e-2)


def test_rescaled_values_are_windowed(tmp_path):
    """A fixed window is in rescaled values, and signed pixels are read as signed."""
    pixels = GRAY.astype(np.int16) - 2000
    path = write_dicom(tmp_path / 'a.dcm', pixels, RescaleSlope=2, RescaleIntercept=-100)
    expected = np.clip((pixels * 2.0 - 100) / 1000, 0, 1) * 255
    np.testing.assert_allclose(read(path, window=(0, 1000)), expected, atol=1e-3)
    full = read(path, window='minmax')
    assert (full.min(), full.max()) == (0, 255)


@pytest.mark.parametrize('function', [None, 'LINEAR', 'LINEAR_EXACT', 'SIGMOID'])
def test_window_of_the_file(tmp_path, function):
    """As pydicom computes it, spread over 0 to 255; the first of two windows counts."""
    path = write_dicom(
        tmp_path / 'a.dcm',
        GRAY,
        BitsStored=12,
        HighBit=11,
        WindowCenter=[1500, 3000],
        WindowWidth=[1001, 20],
        VOILUTFunction=function,
    )
    expected = apply_windowing(GRAY, pydicom.dcmread(path)) * (255 / 4095)
    image = read(path)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, expected, atol=1e-2)
    assert (read(path) == 255).mean() * 100 > 20 or function == 'SIGMOID'
    np.testing.assert_allclose(read(path, window='minmax'), GRAY * (255 / GRAY.max()), atol=1e-2)


def test_lookup_table_of_the_file(tmp_path):
    table = pydicom.Dataset()
    table.LUTDescriptor = [4096, 0, 10]
    table.LUTData = (np.sqrt(np.arange(4096) / 4095) * 1023).astype(np.uint16).tobytes()
    path = write_dicom(tmp_path / 'a.dcm', GRAY, BitsStored=12, HighBit=11, VOILUTSequence=[table])
    expected = apply_voi(GRAY, pydicom.dcmread(path)) * (255 / 1023)
    np.testing.assert_allclose(read(path), expected, atol=1e-3)
    assert expected.std() > 30


@pytest.mark.parametrize(
    ('syntax', 'pixels', 'tolerance'),
    [
        ('JPEGBaselineProcess1', SMOOTH, 4),
        ('JPEGLosslessProcess14_1', GRAY, 0),
        ('JPEGLSLossless', GRAY, 0),
        ('JPEG2000Lossless', GRAY, 0),
        ('RLELossless', GRAY, 0),
    ],
)
def test_compressed(tmp_path, syntax, pixels, tolerance):
    gdcm = pytest.importorskip('gdcm', reason='needs pip install "handbone[dicom]"')
    plain = write_dicom(tmp_path / 'plain.dcm', pixels, WindowCenter=2048, WindowWidth=4096)
    path = compress(plain, tmp_path / 'packed.dcm', getattr(gdcm.TransferSyntax, syntax))
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.is_compressed
    assert np.abs(read(path) - read(plain).astype(float)).max() <= tolerance


def test_spacing_and_header_are_kept(tmp_path):
    for elements, expected in (
        (dict(), None),
        (dict(ImagerPixelSpacing=[0.2, 0.1]), (0.2, 0.1)),
        (dict(ImagerPixelSpacing=[0.2, 0.1], PixelSpacing=[0.15, 0.075]), (0.15, 0.075)),
        (dict(PixelSpacing=[0, 0]), None),
    ):
        radiograph = read_radiograph(write_dicom(tmp_path / 'a.dcm', SMOOTH, **elements))
        assert radiograph.spacing == expected
        assert radiograph.dicom.PatientID == 'hand'
        assert 'PixelData' not in radiograph.dicom


def test_known_by_content(tmp_path):
    for name in ('scan', 'scan.png', '1.2.840.1'):
        np.testing.assert_array_equal(read(write_dicom(tmp_path / name, SMOOTH)), SMOOTH)


def test_without_preamble(tmp_path):
    path = write_dicom(tmp_path / 'a.dcm', SMOOTH)
    path.write_bytes(path.read_bytes()[132:])
    np.testing.assert_array_equal(read(path), SMOOTH)


def test_without_the_group_that_tells_the_transfer_syntax(tmp_path):
    path = write_dicom(tmp_path / 'a.dcm', SMOOTH)
    header = pydicom.dcmread(path)
    header.file_meta, header.preamble = pydicom.dataset.FileMetaDataset(), None
    for implicit in (True, False):
        header.save_as(tmp_path / 'b.dcm', implicit_vr=implicit, little_endian=True)
        assert b'DICM' not in (tmp_path / 'b.dcm').read_bytes()
        np.testing.assert_array_equal(read(tmp_path / 'b.dcm'), SMOOTH)


@pytest.mark.parametrize(
    ('elements', 'spacing'),
    [
        (dict(PixelSpacing='0.143'), None),
        (dict(PixelSpacing='0.143', ImagerPixelSpacing=[0.2, 0.1]), (0.2, 0.1)),
        (dict(WindowWidth=100), None),
        (dict(WindowWidth=100, WindowCenter=''), None),
    ],
)
def test_elements_that_say_nothing_are_passed_over(tmp_path, elements, spacing):
    path = write_dicom(tmp_path / 'a.dcm', SMOOTH, **elements)
    radiograph = read_radiograph(path)
    np.testing.assert_array_equal(radiograph.image, SMOOTH)
    assert radiograph.spacing == spacing


def test_spacing_with_decimal_commas(tmp_path):
    path = write_dicom(tmp_path / 'a.dcm', SMOOTH, PixelSpacing=[0.143, 0.143])
    path.write_bytes(path.read_bytes().replace(b'0.143\\0.143', b'0,143\\0,143'))
    assert b'0,143' in path.read_bytes()
    assert read_radiograph(path).spacing is None


def test_training_reads_them_too(tmp_path):
    path = write_dicom(tmp_path / 'a.dcm', SMOOTH)
    assert read_image_size(path) == (60, 80)
    np.testing.assert_array_equal(LoadRadiograph()(dict(img_path=str(path)))['img'], SMOOTH)
    color = LoadRadiograph(color_type='color')(dict(img_path=str(path)))['img']
    np.testing.assert_array_equal(color, np.repeat(SMOOTH[..., None], 3, axis=2))


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ('elements', 'message'),
    [
        (dict(NumberOfFrames=3, PixelData=GRAY.tobytes() * 3), 'has 3 frames'),
        (
            dict(
                SamplesPerPixel=3,
                PhotometricInterpretation='RGB',
                PlanarConfiguration=0,
                PixelData=GRAY.tobytes() * 3,
            ),
            r'colour image or unknown \(RGB\)',
        ),
        (dict(PhotometricInterpretation='GREY'), r'colour image or unknown \(GREY\)'),
        (dict(PhotometricInterpretation=None), 'contradict'),
        (dict(SamplesPerPixel=3), 'contradict'),
        (dict(PixelData=None), 'has no pixels; it may be truncated'),
        (
            dict(SOPClassUID=ComprehensiveSRStorage, PixelData=None, Rows=None, Columns=None),
            'holds no image .*Comprehensive SR',
        ),
        (dict(SOPClassUID=SegmentationStorage), 'is a segmentation and no radiograph'),
        (dict(SOPClassUID='1.2.840.10008.5.1.4.1.1.66.7'), 'is a segmentation and no radiograph'),
        (dict(BitsAllocated=12, BitsStored=12), 'truncated or damaged'),
    ],
)
def test_no_radiograph(tmp_path, elements, message):
    path = write_dicom(tmp_path / 'a.dcm', GRAY, **elements)
    with pytest.raises(RadiographError, match=rf'a\.dcm: .*{message}.*\. .*\.$'):
        read(path)
    if 'BitsAllocated' not in elements:
        with pytest.raises(DatasetError, match=message):
            read_image_size(path)


@pytest.mark.parametrize('share', [0.02, 0.05, 0.5, 0.95])
def test_truncated(tmp_path, share):
    path = write_dicom(tmp_path / 'a.dcm', GRAY)
    cut(path, share)
    with pytest.raises(RadiographError, match=r'a\.dcm: .*Copy the file again'):
        read(path)


def test_other_content(tmp_path):
    path = tmp_path / 'a.dcm'
    for content in (b'', b'no image at all', bytes(range(256)) * 4):
        path.write_bytes(content)
        with pytest.raises(RadiographError, match=r'a\.dcm: the .*'):
            read(path)
