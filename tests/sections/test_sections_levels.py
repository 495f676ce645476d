"""What files hold beside their pixels, and what of them stays in memory."""

import tracemalloc

import cv2
import numpy as np
import pytest

from handbone.sections import open_section

tifffile = pytest.importorskip('tifffile')


@pytest.fixture(scope='module')
def image():
    return np.random.default_rng(0).integers(0, 256, (192, 256, 3), np.uint8)


def test_few_decoded_pictures_stay_in_memory(image, tmp_path):
    """All that were open stayed, 64 of up to 500 MB in each process."""
    paths = [tmp_path / f'{number}.png' for number in range(8)]
    for path in paths:
        cv2.imwrite(str(path), image[..., ::-1])
    tracemalloc.start()
    sections = [open_section(path) for path in paths]
    for section in sections:
        np.testing.assert_array_equal(section.read(3, 4, 50, 60), image[3:53, 4:64])
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 3 * image.nbytes


@pytest.mark.parametrize('compression', [None, 'zlib'])
def test_tiles_that_a_sparse_file_leaves_out_are_black(image, tmp_path, compression):
    tiles = [
        image[top : top + 64, left : left + 64]
        for top in range(0, image.shape[0], 64)
        for left in range(0, image.shape[1], 64)
    ]
    tiles[5] = None
    options = dict(shape=image.shape, dtype=image.dtype, tile=(64, 64), photometric='rgb')
    path = tmp_path / 'section.tif'
    with tifffile.TiffWriter(path) as file:
        file.write(iter(tiles), compression=compression, **options)
    expected = image.copy()
    expected[64:128, 64:128] = 0
    section = open_section(path)
    np.testing.assert_array_equal(section.read(0, 0, *section.size), expected)
