"""DICOM files that are deflated as a whole: read as others, and never inflated without bounds."""

import tracemalloc
import zlib

import numpy as np
import pytest

pydicom = pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
from dicom_file import write_dicom  # noqa: E402

from handbone.datasets.image_header import read_image_size  # noqa: E402
from handbone.radiographs import RadiographError, read_radiograph  # noqa: E402

DEFLATED = pydicom.uid.DeflatedExplicitVRLittleEndian
GRAY = (np.arange(60 * 80).reshape(60, 80) * 37 % 4096).astype(np.uint16)
SMOOTH = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)
BOMB = bytes(48 * 2**20)
MEGABYTE = 10**6


def peak(function, *arguments):
    """Most bytes that Python allocates in a call."""
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize('pixels', [GRAY, SMOOTH], ids=['16 bits', '8 bits'])
@pytest.mark.parametrize('elements', [{}, dict(PixelSpacing=[0.1, 0.2], WindowCenter=900)])
def test_a_deflated_file_is_read_as_a_plain_one(tmp_path, pixels, elements):
    elements = elements | dict(DataSetTrailingPadding=b'\0' * 3000, PatientComments='x' * 2000)
    plain = read_radiograph(write_dicom(tmp_path / 'plain.dcm', pixels, **elements))
    path = write_dicom(tmp_path / 'deflated.dcm', pixels, DEFLATED, **elements)
    deflated = read_radiograph(path)
    np.testing.assert_array_equal(deflated.image, plain.image)
    assert deflated.spacing == plain.spacing
    assert read_image_size(path) == pixels.shape
    headers = [each.dicom for each in (deflated, plain)]
    for header in headers:
        del header.SOPInstanceUID
    assert headers[0] == headers[1]
    assert headers[0].file_meta.TransferSyntaxUID == DEFLATED


def test_pixels_that_inflate_without_end(tmp_path):
    path = write_dicom(tmp_path / 'bomb.dcm', SMOOTH, DEFLATED, PixelData=BOMB)
    assert path.stat().st_size < MEGABYTE
    assert peak(read_image_size, path) < MEGABYTE
    with pytest.raises(RadiographError, match=r'bomb\.dcm: .*deflated data is longer than the'):
        read_radiograph(path)


def test_a_header_that_inflates_without_end(tmp_path):
    path = write_dicom(tmp_path / 'bomb.dcm', SMOOTH, DEFLATED, EncapsulatedDocument=BOMB)
    for read in (read_image_size, read_radiograph):
        with pytest.raises(ValueError, match=r'bomb\.dcm: .*deflated data is longer than the'):
            read(path)
    assert peak(pytest.raises, ValueError, read_image_size, path) < 60 * MEGABYTE


@pytest.mark.parametrize(
    ('elements', 'message'),
    [
        (dict(PixelData=None), 'has no pixels'),
        (dict(NumberOfFrames=20), '20 frames'),
        (dict(PhotometricInterpretation='RGB', SamplesPerPixel=3), 'colour image'),
        (dict(Rows=60000, Columns=60000), 'declares 60000 x 60000 pixels'),
    ],
)
def test_what_is_not_one_grey_image(tmp_path, elements, message):
    path = write_dicom(tmp_path / 'a.dcm', SMOOTH, DEFLATED, **elements)
    for read in (read_image_size, read_radiograph):
        with pytest.raises(ValueError, match=message):
            read(path)


@pytest.mark.parametrize('damage', ['cut', 'noise', 'nothing'])
def test_damaged_deflated_data(tmp_path, damage):
    path = write_dicom(tmp_path / 'a.dcm', GRAY, DEFLATED)
    data = path.read_bytes()
    start = 144 + int.from_bytes(data[140:144], 'little')
    assert zlib.decompress(data[start:], -zlib.MAX_WBITS)
    middle = (start + len(data)) // 2
    path.write_bytes(
        {'cut': data[:middle], 'noise': data[:start] + b'\xff' * 300, 'nothing': data[:start]}[
            damage
        ]
    )
    with pytest.raises(RadiographError) as caught:
        read_radiograph(path)
    assert str(caught.value).startswith(f'{path}: ') and '\n' not in str(caught.value)
