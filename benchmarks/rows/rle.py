"""29 masks of 2048 x 2048 to RLE strings."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import subject
from benchmarks.harness.row import Row, Way
from benchmarks.usual.competition import encode_mask_to_rle
from handbone.masks import encode, runs_to_string


def planes() -> Callable[[], Any]:
    """Encode plane by plane with NumPy."""
    masks = subject.planes()
    return lambda: [encode_mask_to_rle(mask) for mask in masks]


def pycocotools() -> Callable[[], Any]:
    """Encode with pycocotools: compressed strings, column by column."""
    from pycocotools import mask as coco

    masks = np.asfortranarray(subject.planes().transpose(1, 2, 0))
    return lambda: coco.encode(masks)


def packed(order: str) -> Callable[[], Any]:
    """Encode the packed map."""
    label = subject.packed()
    num_classes = len(subject.CLASSES)
    return lambda: [runs_to_string(runs) for runs in encode(label, num_classes, order)]


def check(usual: list[str], ours: list[str]) -> None:
    """Compare the strings."""
    assert usual == ours


ROW = Row(
    work=f'29 masks {subject.SIZE} x {subject.SIZE} to RLE strings',
    ways=(
        Way('NumPy per class', planes),
        Way('pycocotools encode (column by column)', pycocotools),
        Way('handbone.masks.encode, column by column', lambda: packed('F')),
        Way('handbone.masks.encode', lambda: packed('C')),
    ),
    check=check,
    target='12 x faster',
)
