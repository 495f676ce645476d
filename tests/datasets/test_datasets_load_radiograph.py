"""Decoding of 8-bit, 16-bit, gray and colour files."""

import cv2
import numpy as np
import pytest
from small_dataset import write_png

from handbone.datasets import DatasetError, LoadRadiograph

GRAY = np.arange(48 * 64, dtype=np.uint16).reshape(48, 64)


def load(path, **options):
    return LoadRadiograph(**options)(dict(img_path=str(path)))


def test_8_bit_gray_is_kept_as_it_is(tmp_path):
    write_png(tmp_path / 'a.png', GRAY.astype(np.uint8))
    results = load(tmp_path / 'a.png')
    assert results['img'].dtype == np.uint8
    np.testing.assert_array_equal(results['img'], GRAY.astype(np.uint8))
    assert results['img_shape'] == results['ori_shape'] == (48, 64)


def test_kept_images_are_not_decoded_again(tmp_path):
    """As many as the memory holds; what a transform does to an image stays out of the cache."""
    images = [np.random.default_rng(seed).integers(0, 256, (48, 64), np.uint8) for seed in range(3)]
    paths = [tmp_path / f'{index}.png' for index in range(3)]
    transform = LoadRadiograph(cache_megabytes=2.5 * 48 * 64 / 1e6)
    for path, image in zip(paths, images, strict=True):
        write_png(path, image)
        transform(dict(img_path=str(path)))['img'][:] = 0
        path.unlink()
    for path, image in zip(paths[:2], images[:2], strict=True):
        results = transform(dict(img_path=str(path)))
        np.testing.assert_array_equal(results['img'], image)
        results['img'][:] = 0
        np.testing.assert_array_equal(transform(dict(img_path=str(path)))['img'], image)
        assert results['ori_shape'] == (48, 64)
    with pytest.raises(DatasetError):
        transform(dict(img_path=str(paths[2])))
    with pytest.raises(ValueError, match='at least 0'):
        LoadRadiograph(cache_megabytes=-1)


@pytest.mark.parametrize(
    ('window', 'low', 'high'),
    [('minmax', 500, 500 + 48 * 64 - 1), ((0, 65535), 0, 65535), ((1000, 2000), 1000, 2000)],
)
def test_16_bit_gray_is_windowed(tmp_path, window, low, high):
    image = GRAY + np.uint16(500)
    write_png(tmp_path / 'a.png', image)
    loaded = load(tmp_path / 'a.png', window=window)['img']
    assert loaded.dtype == np.float32
    expected = np.clip((image.astype(float) - low) / (high - low), 0, 1) * 255
    np.testing.assert_allclose(loaded, expected, atol=2e-3)
    assert loaded.min() >= 0 and loaded.max() <= 255


def test_percentile_window_is_not_moved_by_a_marker(tmp_path):
    image = GRAY + np.uint16(500)
    write_png(tmp_path / 'a.png', image)
    image[0, :2] = 65535
    write_png(tmp_path / 'b.png', image)
    plain, marked = (
        load(tmp_path / name, window='percentile')['img'] for name in ('a.png', 'b.png')
    )
    np.testing.assert_allclose(plain[1:], marked[1:], atol=0.3)
    assert load(tmp_path / 'b.png')['img'][1:].max() < 20


def test_flat_16_bit_image(tmp_path):
    write_png(tmp_path / 'a.png', np.full((4, 5), 700, np.uint16))
    np.testing.assert_array_equal(load(tmp_path / 'a.png')['img'], np.zeros((4, 5)))


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_colour_and_gray_become_each_other(tmp_path, dtype):
    color = np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(dtype)
    color[0, 0], color[0, 1] = 0, 255
    write_png(tmp_path / 'color.png', color)
    write_png(tmp_path / 'gray.png', color[..., 0])
    gray = load(tmp_path / 'color.png')['img']
    expected = color @ [0.114, 0.587, 0.299]
    assert gray.shape == (48, 64)
    np.testing.assert_allclose(gray, expected, atol=2)
    np.testing.assert_allclose(load(tmp_path / 'color.png', color_type='color')['img'], color)
    tripled = load(tmp_path / 'gray.png', color_type='color')['img']
    np.testing.assert_allclose(tripled, np.repeat(color[..., :1], 3, axis=2), atol=1e-3)


def test_other_formats_load_too(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.tif'), GRAY)
    assert load(tmp_path / 'a.tif')['img'].dtype == np.float32


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'image cannot be read'),
        (b'', 'file is not an image of a known format'),
        (b'no image', 'file is not an image of a known format'),
    ],
)
def test_unusable_files(tmp_path, content, message):
    if content is not None:
        (tmp_path / 'a.png').write_bytes(content)
    with pytest.raises(DatasetError, match=rf'a\.png: the {message}'):
        load(tmp_path / 'a.png')


@pytest.mark.parametrize(
    'options', [dict(color_type='rgb'), dict(window='best'), dict(window=(5, 5))]
)
def test_unusable_options(options):
    with pytest.raises(ValueError, match='color_type|window'):
        LoadRadiograph(**options)
