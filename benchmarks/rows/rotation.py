"""Rotate the labels of 29 bones at 1536 x 1536."""

from collections.abc import Callable
from typing import Any

import cv2
import mmcv
import numpy as np

from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from handbone.masks import pack, warp

SIZE = 1536
ANGLE = 15.0


def rotation_matrix() -> np.ndarray:
    """Make the matrix that mmcv.imrotate uses: about the centre, clockwise."""
    return cv2.getRotationMatrix2D(((SIZE - 1) / 2, (SIZE - 1) / 2), -ANGLE, 1.0)


def planes() -> Callable[[], Any]:
    """Warp plane by plane."""
    masks = subject.planes(SIZE)
    matrix = rotation_matrix()

    def rotate() -> np.ndarray:
        return np.stack(
            [cv2.warpAffine(mask, matrix, (SIZE, SIZE), flags=cv2.INTER_NEAREST) for mask in masks]
        )

    return rotate


def albumentations() -> Callable[[], Any]:
    """Rotate through Albumentations, which takes an image together with the mask."""
    import albumentations

    transform = albumentations.Compose([albumentations.Rotate(limit=(-ANGLE, -ANGLE), p=1.0)])
    mask = np.ascontiguousarray(subject.planes(SIZE).transpose(1, 2, 0))
    image = np.zeros((SIZE, SIZE, 1), np.uint8)
    return lambda: transform(image=image, mask=mask)['mask']


def through_mmseg() -> Callable[[], Any]:
    """Rotate the packed map with the call that mmseg's RandomRotate makes."""
    label = subject.packed(SIZE)
    return lambda: mmcv.imrotate(label, ANGLE, border_value=0, interpolation='nearest')


def packed() -> Callable[[], Any]:
    """Rotate the packed map."""
    label = subject.packed(SIZE)
    matrix = rotation_matrix()
    return lambda: warp(label, matrix, (SIZE, SIZE))


def check(usual: np.ndarray, ours: np.ndarray) -> None:
    """Compare the masks."""
    np.testing.assert_array_equal(pack(usual), ours)


ROW = Row(
    work=f'rotate the labels, {SIZE} x {SIZE}',
    ways=(
        Way('cv2.warpAffine per class', planes),
        Way('Albumentations Rotate, (H, W, C)', albumentations),
        Way('packed map, mmcv.imrotate as in mmseg', through_mmseg),
        Way('handbone.masks.warp', packed),
    ),
    check=check,
    target='40 x faster',
)
