"""Reading of PNG, JPEG and TIFF files and their faults."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from handbone.radiographs import RadiographError, read_radiograph
from handbone.radiographs.image_reading import read_image
from handbone.radiographs.reading import read_image_size

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
    with pytest.raises(RadiographError, match='not an image of a known format') as caught:
        read_radiograph(tmp_path / 'a.png')
    assert caught.value.path == str(tmp_path / 'a.png')


def test_unknown_window(tmp_path):
    with pytest.raises(ValueError, match='window'):
        read_radiograph(tmp_path / 'a.png', window='best')


#: What the eight orientations of EXIF do to stored pixels, by its definition.
TURNS = {
    1: lambda image: image,
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(image, 2).T,
    8: np.rot90,
}


def save_turned(path, image, orientation):
    if path.suffix == '.tif':
        Image.fromarray(image).save(path, tiffinfo={274: orientation, 282: 254.0, 283: 127.0})
        return
    exif = Image.Exif()
    exif[274] = orientation
    options = dict(lossless=True) if path.suffix == '.webp' else dict(quality=95)
    Image.fromarray(image).save(path, exif=exif.tobytes(), **options)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.tif', '.webp'])
def test_pictures_are_turned_as_displayed(tmp_path, suffix, orientation):
    """Pixels, sizes of the header check, pictures for drawing, and the spacing of TIFFs."""
    for stored in (SMOOTH, DEEP)[: 2 if suffix in ('.png', '.tif') else 1]:
        path = tmp_path / f'a{suffix}'
        save_turned(path, stored, orientation)
        expected = TURNS[orientation](stored)
        radiograph = read_radiograph(path, window=(0, 65535))
        scale = 255 / 65535 if stored is DEEP else 1
        np.testing.assert_allclose(radiograph.image, expected * scale, atol=4)
        assert read_image_size(path) == expected.shape
        drawn = read_image(path)
        np.testing.assert_allclose(drawn[..., 0] if drawn.ndim == 3 else drawn, expected, atol=4)
        if suffix == '.tif':
            spacing = (0.1, 0.2) if orientation > 4 else (0.2, 0.1)
            assert radiograph.spacing == pytest.approx(spacing)


def test_orientations_that_do_not_exist_say_nothing(tmp_path):
    for orientation in (0, 9, 65535):
        save_turned(tmp_path / 'a.png', SMOOTH, orientation)
        np.testing.assert_array_equal(read_radiograph(tmp_path / 'a.png').image, SMOOTH)


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
@pytest.mark.parametrize('size', [1, 4, 5000])
def test_bytes_after_the_end_do_not_matter(tmp_path, suffix, size):
    path = tmp_path / f'a{suffix}'
    cv2.imwrite(str(path), SMOOTH)
    before = read_radiograph(path).image
    path.write_bytes(path.read_bytes() + bytes(size))
    np.testing.assert_array_equal(read_radiograph(path).image, before)
    assert read_image_size(path) == SMOOTH.shape


def test_a_thumbnail_does_not_complete_a_truncated_jpeg(tmp_path):
    path = tmp_path / 'a.jpg'
    thumbnail = b'Exif\0\0' + cv2.imencode('.jpg', SMOOTH[::4, ::4])[1].tobytes()
    Image.fromarray(SMOOTH).save(path, exif=thumbnail)
    assert path.read_bytes().count(b'\xff\xd9') == 2
    read_radiograph(path)
    path.write_bytes(path.read_bytes()[:-2])
    for read in (read_radiograph, read_image_size):
        with pytest.raises(RadiographError, match='the JPEG is truncated'):
            read(path)


@pytest.mark.parametrize('suffix', ['bmp', 'gif', 'webp', 'jp2', 'pgm'])
def test_what_opencv_reads(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    colors = np.dstack([SMOOTH] * 3)
    Image.fromarray(SMOOTH).save(path, **(dict(lossless=True) if suffix == 'webp' else {}))
    np.testing.assert_array_equal(read_radiograph(path).image, SMOOTH)
    np.testing.assert_array_equal(read_radiograph(path, color_type='color').image, colors)
    assert read_image_size(path) == SMOOTH.shape


@pytest.mark.parametrize('suffix', ['gif', 'webp', 'png'])
def test_animations(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    frames = [Image.fromarray(np.roll(SMOOTH, 9 * step, axis=0)) for step in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    for read in (read_radiograph, read_image_size):
        with pytest.raises(RadiographError, match='has 3 frames'):
            read(path)


def test_pixels_that_are_not_numbers(tmp_path):
    path = tmp_path / 'a.tif'
    for value in (np.nan, np.inf, -np.inf):
        image = SMOOTH.astype(np.float32) / 255
        Image.fromarray(image).save(path)
        np.testing.assert_allclose(read_radiograph(path, window=(0, 1)).image, SMOOTH, atol=1e-3)
        image[5, 6] = value
        Image.fromarray(image).save(path)
        with pytest.raises(RadiographError, match=r'a\.tif: .*NaN or infinite'):
            read_radiograph(path)


def png_chunk(kind, content):
    checksum = zlib.crc32(kind + content).to_bytes(4)
    return len(content).to_bytes(4) + kind + content + checksum


@pytest.mark.parametrize('size', [(60000, 60000), (1, 700), (700, 1), (0, 0), (2**31, 5)])
def test_sizes_are_checked_before_decoding(tmp_path, size):
    path = tmp_path / 'a.png'
    header = struct.pack('>IIBBBBB', *size[::-1], 8, 0, 0, 0, 0)
    chunks = (b'IHDR', header), (b'IDAT', zlib.compress(b'')), (b'IEND', b'')
    content = b''.join(png_chunk(*chunk) for chunk in chunks)
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + content)
    for read in (read_radiograph, read_image_size):
        with pytest.raises(RadiographError, match=r'a\.png: .*Leave it out'):
            read(path)


def test_text_that_unpacks_to_very_much_does_not_matter(tmp_path):
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), SMOOTH)
    data = path.read_bytes()
    text = png_chunk(b'zTXt', b'a\0\0' + zlib.compress(bytes(2**27), 1))
    path.write_bytes(data[:33] + text + data[33:])
    np.testing.assert_array_equal(read_radiograph(path).image, SMOOTH)
    assert read_image_size(path) == SMOOTH.shape
