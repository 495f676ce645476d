"""Grey values of odd DICOM files: padding, windows and tables that make no sense."""

import numpy as np
import pytest

pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
import pydicom
from dicom_file import write_dicom

from handbone.radiographs import RadiographError, read_radiograph

GRAY = (np.arange(60 * 80).reshape(60, 80) * 37 % 3000 + 500).astype(np.uint16)
FRAME = np.zeros(GRAY.shape, bool)
FRAME[:9] = FRAME[:, 70:] = True


def read(path, **options):
    return read_radiograph(path, **options).image


def spread(values, mask, inverted=False):
    """Grey values over the range of those that are not padding, by definition."""
    shown = values[~mask].astype(float)
    spread = (values - shown.min()) / (shown.max() - shown.min()) * 255
    return np.where(mask, 0, 255 - spread if inverted else spread)


@pytest.mark.parametrize('photometric', ['MONOCHROME1', 'MONOCHROME2'])
@pytest.mark.parametrize(
    ('dtype', 'bits', 'padding', 'element', 'limit'),
    [
        (np.uint16, 16, 0, 0, None),
        (np.uint16, 16, 65535, 65535, None),
        (np.uint16, 16, 0, 0, 9),
        (np.uint16, 16, 9, 0, 9),
        (np.uint16, 16, 0, 9, 0),  # the limit may be the lower one
        (np.int16, 16, -2000, -2000, None),
        (np.int16, 16, -2000, 63536, None),  # written without its sign
        (np.int16, 16, -1990, -2000, -1980),
        (np.uint16, 12, 4095, 65535, None),  # beyond the bits that are stored
    ],
)
def test_padding_is_background_and_not_in_the_window(
    tmp_path, photometric, dtype, bits, padding, element, limit
):
    pixels = np.where(FRAME, padding, GRAY).astype(dtype)
    path = write_dicom(
        tmp_path / 'a.dcm',
        pixels,
        BitsStored=bits,
        HighBit=bits - 1,
        PhotometricInterpretation=photometric,
    )
    header = pydicom.dcmread(path)
    kind = 'SS' if element < 0 else 'US'
    header.add_new('PixelPaddingValue', kind, element)
    if limit is not None:
        header.add_new('PixelPaddingRangeLimit', 'SS' if limit < 0 else 'US', limit)
    header.save_as(path)
    expected = spread(pixels, FRAME, inverted=photometric == 'MONOCHROME1')
    np.testing.assert_allclose(read(path), expected, atol=2e-2)
    clipped = np.quantile(pixels[~FRAME], (0.001, 0.999))
    image = read(path, window='percentile')
    assert (image[FRAME] == 0).all()
    # a thousandth at each end
    assert np.abs(image - expected).max() < 2 and (clipped[1] - clipped[0]) > 2900


def test_padding_is_background_under_a_window_and_in_8_bits(tmp_path):
    pixels = np.where(FRAME, 3900, GRAY).astype(np.uint16)
    padded = dict(PixelPaddingValue=3900, WindowCenter='2000', WindowWidth='2001')
    image = read(write_dicom(tmp_path / 'a.dcm', pixels, **padded))
    expected = np.clip((GRAY - 999.5) / 2000, 0, 1) * 255
    np.testing.assert_allclose(image, np.where(FRAME, 0, expected), atol=1e-2)
    small = np.where(FRAME, 255, GRAY // 16).astype(np.uint8)
    image = read(write_dicom(tmp_path / 'a.dcm', small, PixelPaddingValue=255))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, np.where(FRAME, 0, small))


def test_an_image_of_padding_alone_is_black(tmp_path):
    path = write_dicom(tmp_path / 'a.dcm', np.full_like(GRAY, 7), PixelPaddingValue=7)
    assert not read(path).any()


@pytest.mark.parametrize('function', ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'])
@pytest.mark.parametrize(
    ('center', 'width'),
    [
        *(('2000', '0'), ('2000', '-4'), ('2000', 'nan'), ('2000', 'inf'), ('nan', '100')),
        *(('1e200', '1e200'), ('-9000', '100'), ('90000', '100'), ('', '100')),
    ],
)
def test_a_window_that_shows_nothing_is_passed_over(tmp_path, function, center, width):
    path = write_dicom(tmp_path / 'a.dcm', GRAY, VOILUTFunction=function)
    header = pydicom.dcmread(path)
    header.add_new('WindowCenter', 'LO', center)  # kept as text, as a damaged file has it
    header.add_new('WindowWidth', 'LO', width)
    header.save_as(path)
    np.testing.assert_allclose(read(path), spread(GRAY, np.zeros_like(FRAME)), atol=1e-2)


@pytest.mark.parametrize(
    'elements', [dict(slope='nan'), dict(slope='inf'), dict(slope='0'), dict(shift='-inf')]
)
def test_rescaling_that_makes_no_sense(tmp_path, elements):
    path = write_dicom(tmp_path / 'a.dcm', GRAY)
    header = pydicom.dcmread(path)
    header.add_new('RescaleSlope', 'LO', elements.get('slope', '1'))
    header.add_new('RescaleIntercept', 'LO', elements.get('shift', '0'))
    header.save_as(path)
    with pytest.raises(RadiographError, match=r'a\.dcm: its Rescale.* makes no sense'):
        read(path)


@pytest.mark.parametrize('elements', [dict(RescaleSlope=2), dict(RescaleIntercept=-9)])
def test_half_of_the_rescaling(tmp_path, elements):
    path = write_dicom(tmp_path / 'a.dcm', GRAY, **elements)
    rescaled = GRAY * float(elements.get('RescaleSlope', 1)) + elements.get('RescaleIntercept', 0)
    expected = np.clip(rescaled / 4000, 0, 1) * 255
    np.testing.assert_allclose(read(path, window=(0, 4000)), expected, atol=1e-3)


def table(entries, values, bits):
    item = pydicom.Dataset()
    item.LUTDescriptor = [entries, 0, bits]
    item.LUTData = np.linspace(0, 2**12 - 1, values).astype(np.uint16).tobytes()
    return item


@pytest.mark.parametrize('keyword', ['VOILUTSequence', 'ModalityLUTSequence'])
@pytest.mark.parametrize(('entries', 'values', 'bits'), [(4096, 100, 12), (0, 100, 12), (9, 9, 0)])
def test_tables_shorter_than_they_say(tmp_path, keyword, entries, values, bits):
    path = write_dicom(tmp_path / 'a.dcm', GRAY, **{keyword: [table(entries, values, bits)]})
    with pytest.raises(RadiographError, match=r'a\.dcm: a lookup table has .* values'):
        read(path)


@pytest.mark.parametrize('name', ['Float', 'DoubleFloat'])
def test_float_pixels(tmp_path, name):
    dtype = np.float32 if name == 'Float' else np.float64
    pixels = np.where(FRAME, -1e30, GRAY / 1000).astype(dtype)
    elements = dict(
        BitsAllocated=8 * pixels.itemsize,
        BitsStored=None,
        HighBit=None,
        PixelRepresentation=None,
        PixelData=None,
    )
    elements[f'{name}PixelPaddingValue'] = -1e30
    elements[f'{name}PixelData'] = pixels.tobytes()
    path = write_dicom(tmp_path / 'a.dcm', pixels, **elements)
    np.testing.assert_allclose(read(path), spread(pixels, FRAME), atol=1e-2)
    pixels[20, 20] = np.nan
    elements[f'{name}PixelData'] = pixels.tobytes()
    path = write_dicom(tmp_path / 'a.dcm', pixels, **elements)
    with pytest.raises(RadiographError, match=r'a\.dcm: .*NaN'):
        read(path)


def test_fewer_than_8_bits_are_spread(tmp_path):
    small = (GRAY // 256).astype(np.uint8)
    path = write_dicom(tmp_path / 'a.dcm', small, BitsStored=4, HighBit=3)
    np.testing.assert_allclose(read(path), spread(small, np.zeros_like(FRAME)), atol=1e-3)


@pytest.mark.parametrize('keyword', ['VOILUTSequence', 'ModalityLUTSequence'])
def test_tables_of_12_bits_after_rescaling(tmp_path, keyword):
    """A table begins at its first value, and values beyond either end take those of the ends."""
    scaled = dict(RescaleSlope=0.5, RescaleIntercept=-250) if keyword[0] == 'V' else {}
    values, first = (GRAY * 0.5 - 250, 300) if scaled else (GRAY * 1.0, 700)
    item = table(1000, 1000, 12)
    item.LUTDescriptor = [1000, first, 12]
    path = write_dicom(tmp_path / 'a.dcm', GRAY, **scaled, **{keyword: [item]})
    entries = np.frombuffer(item.LUTData, np.uint16)
    expected = entries[np.clip(values - first, 0, 999).astype(int)] * (255 / 4095)
    image = read(path, window='file' if scaled else (0, 4095))
    np.testing.assert_allclose(image, expected, atol=1e-3)
    assert (expected == 0).any() and (expected == 255).any()


def test_packed_tables_of_8_bits(tmp_path):
    item = table(256, 1, 8)
    item.LUTData = bytes(range(255, -1, -1))
    pixels = (GRAY // 16).astype(np.uint8)
    path = write_dicom(tmp_path / 'a.dcm', pixels, VOILUTSequence=[item])
    np.testing.assert_allclose(read(path), 255.0 - pixels, atol=1e-3)
