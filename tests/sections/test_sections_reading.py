"""Parts of TIFFs of every layout against the whole image, and files that cannot be used."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.errors import HandboneError
from handbone.radiographs import RadiographError
from handbone.sections import Section, open_section, tiff_level
from handbone.sections.area_average import area_average

tifffile = pytest.importorskip('tifffile')

HEIGHT, WIDTH = 203, 301
LAYOUTS = {
    'tiled': dict(tile=(64, 48), compression='zlib', predictor=True),
    'tiled and raw': dict(tile=(64, 64)),
    'striped': dict(rowsperstrip=16, compression='zlib'),
    'one raw strip': dict(),
    'BigTIFF': dict(tile=(64, 64), bigtiff=True),
    'big-endian': dict(rowsperstrip=9, compression='lzw', byteorder='>'),
    'planes': dict(planarconfig='separate', tile=(64, 64)),
    'planes in strips': dict(planarconfig='separate', rowsperstrip=50, compression='zlib'),
}


@pytest.fixture(scope='module')
def image():
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def write(path, image, planarconfig='contig', bigtiff=False, byteorder=None, **options):
    stored = image.transpose(2, 0, 1) if planarconfig == 'separate' else image
    with tifffile.TiffWriter(path, bigtiff=bigtiff, byteorder=byteorder) as file:
        file.write(stored, photometric='rgb', planarconfig=planarconfig, **options)


@pytest.fixture(scope='module', params=LAYOUTS)
def layout(request, image, tmp_path_factory):
    path = tmp_path_factory.mktemp('layouts') / 'section.tif'
    write(path, image, **LAYOUTS[request.param])
    return path


def block_means(image, reduce):
    """Means of blocks by definition, in float."""
    height, width = image.shape[:2]
    return np.array(
        [
            [
                image[row : row + reduce, column : column + reduce].mean(axis=(0, 1))
                for column in range(0, width, reduce)
            ]
            for row in range(0, height, reduce)
        ]
    )


def test_the_whole_section(layout, image):
    section = Section(layout)
    assert section.size == (HEIGHT, WIDTH)
    np.testing.assert_array_equal(section.read(0, 0, HEIGHT, WIDTH), image)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_a_part_equals_that_part_of_the_whole(layout, image, data):
    section = Section(layout)
    reduce = data.draw(st.integers(1, 9))
    height, width = section.reduced_size(reduce)
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    rows, columns = data.draw(st.integers(1, height - top)), data.draw(st.integers(1, width - left))
    part = section.read(top, left, rows, columns, reduce)
    whole = area_average(image, reduce)
    np.testing.assert_array_equal(part, whole[top : top + rows, left : left + columns])


@pytest.mark.parametrize('reduce', [1, 2, 3, 4, 7, 400])
def test_averages_are_the_means_of_blocks(image, reduce):
    averaged = area_average(image, reduce)
    means = block_means(image, reduce)
    assert averaged.shape == means.shape
    assert np.abs(averaged - means).max() <= 0.5 + 1e-6


def test_parts_are_read_band_by_band(image, tmp_path, monkeypatch):
    write(tmp_path / 'section.tif', image, tile=(64, 64))
    monkeypatch.setattr('handbone.sections.section.PIXELS_AT_ONCE', 1000)
    part = Section(tmp_path / 'section.tif').read(1, 2, 60, 70, 3)
    np.testing.assert_array_equal(part, area_average(image, 3)[1:61, 2:72])


def test_only_the_tiles_that_are_needed_are_decoded(image, tmp_path, monkeypatch):
    write(tmp_path / 'section.tif', image, tile=(64, 64), compression='zlib')
    section = Section(tmp_path / 'section.tif')
    decoded = []
    decode = section._levels[0]._decode
    section._levels[0]._decode = lambda data, index, **more: (
        decoded.append(index) or decode(data, index, **more)
    )
    section.read(64, 64, 64, 65)
    assert decoded == [6, 7]  # the second row of five tiles
    section.read(64, 64, 64, 65)
    assert decoded == [6, 7]
    monkeypatch.setattr(tiff_level, '_cache', tiff_level._Cache(0))
    section.read(64, 64, 64, 64)
    assert decoded == [6, 7, 6]


def pyramid(path, image, subifds):
    """A pyramid whose levels are told apart by their values, not by averages."""
    levels = [
        np.full((-(-HEIGHT // step), -(-WIDTH // step), 3), step, np.uint8) for step in (2, 4)
    ]
    with tifffile.TiffWriter(path) as file:
        more = dict(subifds=2) if subifds else {}
        file.write(image, photometric='rgb', tile=(64, 64), **more)
        for level in levels:
            file.write(level, photometric='rgb', tile=(64, 64), subfiletype=1)


@pytest.mark.parametrize('subifds', [True, False])
def test_the_smallest_level_that_serves_a_scale(image, tmp_path, subifds):
    pyramid(tmp_path / 'section.tif', image, subifds)
    section = Section(tmp_path / 'section.tif')
    np.testing.assert_array_equal(section.read(0, 0, HEIGHT, WIDTH), image)
    np.testing.assert_array_equal(
        section.read(0, 0, 60, 70, 3), area_average(image, 3)[:60, :70]
    )  # no level divides it
    for reduce, level in ((2, 2), (4, 4), (6, 2), (8, 4)):
        height, width = section.reduced_size(reduce)
        assert (section.read(0, 0, height, width, reduce) == level).all(), reduce


def test_levels_of_another_size_are_not_taken(image, tmp_path):
    with tifffile.TiffWriter(tmp_path / 'section.tif') as file:
        file.write(image, photometric='rgb', tile=(64, 64))
        file.write(image[: HEIGHT // 2, : WIDTH // 2], photometric='rgb', subfiletype=1)
    section = Section(tmp_path / 'section.tif')  # 203 x 301 to 101 x 150, so a column is missing
    np.testing.assert_array_equal(
        section.read(0, 0, *section.reduced_size(2), 2), area_average(image, 2)
    )


def test_jpeg_tiles(image, tmp_path):
    pytest.importorskip('imagecodecs')
    smooth = cv2.GaussianBlur(image, (0, 0), 12)
    write(tmp_path / 'section.tif', smooth, tile=(64, 64), compression='jpeg')
    part = Section(tmp_path / 'section.tif').read(10, 20, 100, 110)
    assert np.abs(part.astype(int) - smooth[10:110, 20:130]).max() < 8


def test_a_fourth_channel_is_left_out(image, tmp_path):
    with_alpha = np.dstack([image, image[..., 0]])
    tifffile.imwrite(
        tmp_path / 'a.tif',
        with_alpha,
        photometric='rgb',
        extrasamples=['unassalpha'],
        tile=(64, 64),
    )
    np.testing.assert_array_equal(Section(tmp_path / 'a.tif').read(0, 0, HEIGHT, WIDTH), image)


def test_other_formats_are_decoded_as_a_whole(image, tmp_path):
    cv2.imwrite(str(tmp_path / 'section.png'), image[..., ::-1])
    part = Section(tmp_path / 'section.png').read(3, 4, 50, 60, 2)
    np.testing.assert_array_equal(part, area_average(image, 2)[3:53, 4:64])


def test_an_overview(image, tmp_path):
    write(tmp_path / 'section.tif', image, tile=(64, 64))
    overview, reduce = Section(tmp_path / 'section.tif').overview(100)
    assert reduce == 4
    np.testing.assert_array_equal(overview, area_average(image, 4))


def test_a_file_that_changed_is_read_anew(image, tmp_path):
    path = tmp_path / 'section.tif'
    write(path, image, tile=(64, 64))
    before = open_section(path)
    assert open_section(path) is before
    np.testing.assert_array_equal(before.read(0, 0, 9, 9), image[:9, :9])
    write(path, image[::-1], tile=(64, 64))
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(open_section(path).read(0, 0, 9, 9), image[::-1][:9, :9])


def grey(path, image):
    tifffile.imwrite(path, image[..., 0])


def sixteen_bits(path, image):
    tifffile.imwrite(path, image.astype(np.uint16), photometric='rgb')


def stack(path, image):
    tifffile.imwrite(path, np.stack([image, image]), photometric='rgb')


def turned(path, image):
    tifffile.imwrite(path, image, photometric='rgb', extratags=[(274, 3, 1, 6, True)])


def luma_and_chroma(path, image):
    tifffile.imwrite(path, image, photometric='ycbcr', compression='zlib')


def plain_luma_and_chroma(path, image):
    tifffile.imwrite(path, image, photometric='ycbcr')


def aperio_luma_and_chroma(path, image):
    tifffile.imwrite(path, image, photometric='rgb', compression=33003, tile=(64, 64))


def grey_png(path, image):
    cv2.imwrite(f'{path}.png', image[..., 0])
    Path(f'{path}.png').replace(path)


def cut_off(path, image):
    write(path, image, tile=(64, 64))
    path.write_bytes(path.read_bytes()[:-2000])


def no_image(path, image):
    path.write_bytes(b'II*\0 and nothing that fits')


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (grey, 'is grey, but a tissue section has colours. Save it as RGB'),
        (grey_png, 'is grey, but a tissue section has colours. Save it as RGB'),
        (sixteen_bits, 'do not have 8 bits. Save it as RGB of 8 bits'),
        (stack, 'a stack of 2 pages. Save it as one page'),
        (luma_and_chroma, 'are YCbCr outside of JPEG, which are not converted .* Save it as RGB'),
        (
            plain_luma_and_chroma,
            'are YCbCr outside of JPEG, which are not converted .* Save it as RGB',
        ),
        (
            aperio_luma_and_chroma,
            'are YCbCr outside of JPEG, which are not converted .* Save it as RGB',
        ),
        (turned, r'to be turned for display \(orientation 6\). Save it upright'),
        (cut_off, 'the TIFF is cut off: 1 of its 20 tiles lie beyond the end of the file of'),
        (no_image, 'the header of the TIFF is damaged'),
    ],
)
def test_files_that_cannot_be_used(image, tmp_path, make, message):
    path = tmp_path / 'section.tif'
    make(path, image)
    with pytest.raises(RadiographError, match=f'^{path}: .*{message}') as caught:
        open_section(path)
    assert '\n' not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(RadiographError, match=r'missing.tif: the image cannot be read'):
        open_section(tmp_path / 'missing.tif')


def test_damage_within_a_tile(image, tmp_path):
    path = tmp_path / 'section.tif'
    write(path, image, tile=(64, 64), compression='zlib')
    with tifffile.TiffFile(path) as file:
        place = file.pages[0].dataoffsets[7]
    data = bytearray(path.read_bytes())
    data[place : place + 40] = b'?' * 40
    path.write_bytes(data)
    section = open_section(path)
    section.read(0, 0, 64, 64)
    with pytest.raises(RadiographError, match=f'{path}: tile 7 of the TIFF cannot be decoded'):
        section.read(64, 64, 80, 80)


@pytest.mark.parametrize('reduce', [0, -1, 1.5, '2'])
def test_a_scale_that_is_none(image, tmp_path, reduce):
    write(tmp_path / 'section.tif', image)
    with pytest.raises(HandboneError, match='reduce is a whole number from 1'):
        Section(tmp_path / 'section.tif').reduced_size(reduce)


@pytest.mark.parametrize('box', [(-1, 0, 5, 5), (0, 0, 204, 5), (200, 0, 4, 5), (0, 300, 5, 2)])
def test_a_rectangle_outside(image, tmp_path, box):
    write(tmp_path / 'section.tif', image)
    with pytest.raises(HandboneError, match='does not lie within the section of 203 x 301'):
        Section(tmp_path / 'section.tif').read(*box)
