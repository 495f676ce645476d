"""Reading of PNG, JPEG and TIFF files and their faults."""

import cv2
import numpy as np
import pytest
from PIL import Image

from handbone.radiographs import RadiographError, read_radiograph

SMOOTH = np.add.outer(np.arange(120), np.arange(160) // 2).astype(np.uint8)
DEEP = (np.arange(120 * 160).reshape(120, 160) + 700).astype(np.uint16)


@pytest.mark.parametrize(('suffix', 'tolerance'), [('png', 0), ('jpg', 4), ('tif', 0)])
def test_8_bits(tmp_path, suffix, tolerance):
    path = tmp_path / f'a.{suffix}'
    cv2.imwrite(str(path), SMOOTH)
    radiograph = read_radiograph(path)
    assert radiograph.image.dtype == np.uint8
    assert np.abs(radiograph.image.astype(int) - SMOOTH).max() <= tolerance
    assert radiograph.path == path
    assert radiograph.spacing is None and radiograph.dicom is None


@pytest.mark.parametrize('suffix', ['png', 'tif'])
def test_16_bits(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    cv2.imwrite(str(path), DEEP)
    image = read_radiograph(path, window=(0, 65535)).image
    assert image.dtype == np.float32
    np.testing.assert_allclose(image, DEEP * (255 / 65535), atol=1e-3)
    assert read_radiograph(path).image.max() == 255


@pytest.mark.parametrize(('mode', 'pixels'), [('L', SMOOTH), ('I;16', DEEP)])
def test_tiff_whose_zero_is_white(tmp_path, mode, pixels):
    """What the file shows, not the numbers it holds, whatever their depth."""
    path = tmp_path / 'a.tif'
    Image.fromarray(pixels).save(path, tiffinfo={262: 0})
    stored = pixels
    shown = pixels if mode == 'L' else 65535 - stored  # Pillow inverts 8 bits as it writes
    expected = shown * (255 / 65535) if mode != 'L' else shown
    image = read_radiograph(path, window=(0, 65535)).image
    np.testing.assert_allclose(image, expected, atol=1e-3)


@pytest.mark.parametrize(
    ('dpi', 'unit', 'expected'),
    [
        ((254, 127), 2, (0.2, 0.1)),
        ((100, 50), 3, (0.2, 0.1)),
        ((300, 300), 2, (25.4 / 300, 25.4 / 300)),
        ((96, 96), 2, None),  # what screens have
        ((72, 72), 2, None),
        ((1, 1), 2, None),
        ((300, 300), 1, None),  # no unit
    ],
)
def test_spacing_of_tiffs(tmp_path, dpi, unit, expected):
    path = tmp_path / 'a.tif'
    Image.fromarray(SMOOTH).save(path, tiffinfo={282: float(dpi[0]), 283: float(dpi[1]), 296: unit})
    spacing = read_radiograph(path).spacing
    assert spacing == (None if expected is None else pytest.approx(expected, rel=1e-5))


def test_tiff_of_several_pages(tmp_path):
    page = Image.fromarray(SMOOTH)
    page.save(tmp_path / 'a.tif', save_all=True, append_images=[page, page])
    with pytest.raises(RadiographError, match=r'a\.tif: the TIFF has 3 pages'):
        read_radiograph(tmp_path / 'a.tif')


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'tif'])
@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_truncated(tmp_path, suffix, share):
    path = tmp_path / f'a.{suffix}'
    cv2.imwrite(str(path), DEEP if suffix != 'jpg' else SMOOTH)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(RadiographError, match=rf'a\.{suffix}: the .*Copy the file again'):
        read_radiograph(path)


def test_missing_file_and_other_content(tmp_path):
    with pytest.raises(RadiographError, match=r'a\.png: the image cannot be read \(No such file'):
        read_radiograph(tmp_path / 'a.png')
    (tmp_path / 'a.png').write_text('no image')
    with pytest.raises(RadiographError, match='cannot be decoded') as caught:
        read_radiograph(tmp_path / 'a.png')
    assert caught.value.path == str(tmp_path / 'a.png')


def test_unknown_window(tmp_path):
    with pytest.raises(ValueError, match='window'):
        read_radiograph(tmp_path / 'a.png', window='best')
