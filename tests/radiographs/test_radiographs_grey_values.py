"""Images in memory: taken rightly, or refused by one line that says what images must be."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from handbone.errors import HandboneError
from handbone.radiographs import check_colors, check_grey_values, read_photograph

GREY = np.arange(60 * 80, dtype=np.uint8).reshape(60, 80)


def test_grey_values_stay():
    floats = GREY.astype(np.float32)
    for image in (GREY, floats, np.zeros_like(floats), np.zeros((1, 100), np.uint8)):
        assert check_grey_values(image) is image


@pytest.mark.parametrize(
    'image', [Image.fromarray(GREY), torch.from_numpy(GREY), GREY.astype(np.float64), GREY * 1.0]
)
def test_the_same_values_in_other_containers(image):
    checked = check_grey_values(image)
    assert checked.dtype in (np.uint8, np.float32)
    np.testing.assert_array_equal(checked, GREY)


def test_rounding_errors_are_clipped():
    image = np.array([[-1e-4, 255.001], [3, 4]], np.float64)
    np.testing.assert_array_equal(check_grey_values(image), np.float32([[0, 255], [3, 4]]))


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((60, 80, 3), np.uint8), r'shape \(60, 80, 3\)'),
        (np.zeros(80, np.uint8), r'shape \(80,\)'),
        (np.zeros((0, 0), np.uint8), r'empty \(0 x 0 pixels\)'),
        (np.zeros((1, 700), np.uint8), 'a strip of 1 x 700 pixels'),
        (GREY.astype(np.uint16), 'type uint16'),
        (GREY.astype(np.int64), 'type int64'),
        (GREY > 9, 'type bool'),
        (np.array([['a']]), 'type <U1'),
        (object(), r'shape \(\)'),
        (GREY / np.float32(255), r'between 0 and 1, .*Multiply by 255'),
        (GREY * np.float32(257), 'between 0 and 65535'),
        (GREY - np.float32(5), 'between -5 and 250'),
        (np.full((9, 9), np.nan, np.float32), 'NaN'),
        (np.where(GREY == 7, np.inf, GREY), 'infinite'),
        (torch.zeros(2, 2, requires_grad=True), 'Tensor is not an array'),
    ],
)
def test_others_are_refused_with_what_images_must_be(image, message):
    with pytest.raises(HandboneError, match=rf'^scan: .*{message}') as caught:
        check_grey_values(image, 'scan')
    assert 'grey values (H, W), uint8, or float from 0 to 255' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('shape', [(60, 80), (60, 80, 3)])
def test_colours_of_files_with_more_than_8_bits(shape, tmp_path):
    values = np.random.default_rng(0).integers(0, 1 << 16, shape, np.uint16)
    cv2.imwrite(str(tmp_path / 'deep.png'), values)
    colors = check_colors(read_photograph(tmp_path / 'deep.png').content)
    assert (colors.shape, colors.dtype) == ((60, 80, 3), np.float32)
    expected = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
    correlation = np.corrcoef(colors.ravel(), expected.ravel())[0, 1]
    assert correlation > 0.999 and 250 < colors.max() <= 255


@pytest.mark.parametrize(
    ('image', 'message'),
    [
        (np.zeros((60, 80, 4), np.uint8), r'shape \(60, 80, 4\)'),
        (np.zeros((60, 80, 3), np.uint16), 'type uint16'),
        (np.full((60, 80, 3), np.nan), 'NaN'),
        (np.full((60, 80, 3), 300.0), 'between 300 and 300'),
        (np.full((60, 80, 3), 0.5), 'Multiply by 255'),
    ],
)
def test_other_colours_are_refused(image, message):
    with pytest.raises(HandboneError, match=rf'^scan: .*{message}') as caught:
        check_colors(image, 'scan')
    assert 'blue, green and red (H, W, 3), uint8, or float from 0 to 255' in str(caught.value)
