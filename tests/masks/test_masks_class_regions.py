"""Boxes of classes against scipy."""

import numpy as np
import pytest
from scipy import ndimage

from handbone.masks import IGNORE_BIT, class_boxes, pack


@pytest.mark.parametrize('num_classes', [5, 31, 70])
def test_boxes(num_classes):
    generator = np.random.default_rng(num_classes)
    masks = np.zeros((num_classes, 40, 50), bool)
    for mask in masks[::2]:
        top, left = generator.integers(0, 34, 2)
        mask[top : top + 6, left : left + 12] = generator.random((6, 12)) < 0.5
    boxes = class_boxes(pack(masks), num_classes)
    assert list(boxes) == [index for index, mask in enumerate(masks) if mask.any()]
    for index, box in boxes.items():
        assert [box] == ndimage.find_objects(masks[index].astype(int))
    assert class_boxes(np.zeros((4, 6), np.int32), 5) == {}


def test_boxes_with_ignored_pixels():
    packed = np.full((4, 6), IGNORE_BIT, np.int64).astype(np.int32)
    packed[2, 3] |= np.int32(1 << 30)
    assert class_boxes(packed, 31) == {30: (slice(2, 3), slice(3, 4))}
