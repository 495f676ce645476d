"""Centroid, area and box of each class, from logits or from labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from handbone.masks import regions
from handbone.masks.extents import extents

from .block_means import block_means

#: Share of a class's area that its box leaves out on each side: specks do not widen a box.
TRIMMED = 0.01


class Masses(NamedTuple):
    """Where the classes are in the images of a batch, in their pixels.

    Attributes:
        centroids: ``(N, C, 2)`` float32, x and y; anything for a class without area.
        areas: ``(N, C)`` float32, square pixels.
        boxes: ``(N, C, 4)`` float32: left, top, right and bottom border, without the outermost
            :data:`TRIMMED` of the area on each side; anything for a class without area.
    """

    centroids: Tensor
    areas: Tensor
    boxes: Tensor


def masses_of_logits(
    logits: Tensor,
    frame: tuple[int, int],
    content: Tensor,
    block: int = 1,
    classes: Sequence[int] | None = None,
) -> Masses:
    """Measure the masks of a network, each pixel weighted with its probability.

    Args:
        logits: ``(N, C, h, w)`` over the padded images.
        frame: Height and width of the padded images.
        content: ``(2,)``, height and width of the images without their padding.
        block: Side of the blocks of logits that count as one, with their mean.
        classes: The classes whose masses are needed, by default all; others may have no area.

    Returns:
        Centroids, areas and boxes, in pixels of the images. Pixels below a probability of 0.5 do
        not count.
    """
    logits = logits.float()
    places, insides, cells = [], [], []
    for axis, side in enumerate(frame):
        length = -(-logits.shape[axis + 2] // block)
        cell = side / length
        place = (torch.arange(length, device=logits.device) + 0.5) * cell - 0.5
        places.append(place)
        insides.append((place < content[axis]).float())
        cells.append(cell)
    # a graph has no boxes, and other devices are fast
    if torch.compiler.is_compiling() or logits.device.type != 'cpu':
        coarse = block_means(logits, block)
        present = torch.where(coarse > 0, coarse.sigmoid(), torch.zeros_like(coarse))
        present = present * (insides[0][:, None] * insides[1])
        sums = present.sum(dim=3), present.sum(dim=2)
    else:
        chosen = range(logits.shape[1]) if classes is None else classes
        sums = _sums_in_boxes(logits, insides, block, chosen)
    total = sums[0].sum(dim=2)
    y, x = (
        (each * place).sum(dim=2) / total.clamp_min(1e-6)
        for each, place in zip(sums, places, strict=True)
    )
    ends = [_ends(*each) for each in zip(sums, places, cells, strict=True)]
    boxes = torch.stack([ends[1][0], ends[0][0], ends[1][1], ends[0][1]], dim=2)
    return Masses(torch.stack([x, y], dim=2), total * (cells[0] * cells[1]), boxes)


def _sums_in_boxes(
    logits: Tensor, insides: Sequence[Tensor], block: int, classes: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Sum probabilities of at least 0.5 where each class can be: there a logit is above 0.

    Args:
        logits: ``(N, C, h, w)``, on the CPU.
        insides: 1 for rows and for columns of blocks in the image, 0 for those in the padding.
        block: Side of the blocks.
        classes: The classes; the sums of others are 0.

    Returns:
        ``(N, C, rows)`` and ``(N, C, columns)``.
    """
    number = logits.shape[1]
    of_rows, of_columns = (logits.new_zeros(len(logits), number, len(each)) for each in insides)
    padded = not all(bool(each.all()) for each in insides)
    for image, maps in enumerate(logits.detach()):
        for index, *places in extents(maps, [0.0] * number, classes):
            rows, columns = (
                slice(int(each[0]) // block, int(each[-1]) // block + 1) for each in places
            )
            height, width = (
                slice(each.start * block, each.stop * block) for each in (rows, columns)
            )
            coarse = block_means(maps[None, index : index + 1, height, width], block)[0, 0]
            present = coarse.sigmoid().mul_(coarse > 0)
            if padded:
                present *= insides[0][rows, None] * insides[1][columns]
            of_rows[image, index, rows] = present.sum(dim=1)
            of_columns[image, index, columns] = present.sum(dim=0)
    return of_rows, of_columns


def masses_of_labels(packed: np.ndarray, num_classes: int, scale: float = 1.0) -> Masses:
    """Measure the masks of a packed map.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        num_classes: Number of classes.
        scale: Pixels of the map per pixel of the image.

    Returns:
        Centroids, areas and boxes in pixels of the image, for a batch of one.
    """
    sides = packed.shape[:2]
    # pixels of each class in each row, and in each column
    sums = [np.zeros((num_classes, side), np.float32) for side in sides]
    for region in regions(packed, num_classes):
        for axis, first in enumerate((region.top, region.left)):
            along = region.mask.sum(axis=1 - axis, dtype=np.float32)
            sums[axis][region.class_index, first : first + len(along)] = along
    total = sums[0].sum(axis=1)
    places = [(torch.arange(side) + 0.5) / scale - 0.5 for side in sides]
    y, x = (
        each @ place.double().numpy() / total.clip(1)
        for each, place in zip(sums, places, strict=True)
    )
    ends = [
        _ends(torch.from_numpy(each)[None], place, 1 / scale)
        for each, place in zip(sums, places, strict=True)
    ]
    boxes = torch.stack([ends[1][0], ends[0][0], ends[1][1], ends[0][1]], dim=2)
    centroids = torch.from_numpy(np.stack([x, y], axis=1).astype(np.float32))
    return Masses(centroids[None], torch.from_numpy(total / np.float32(scale**2))[None], boxes)


def _ends(sums: Tensor, place: Tensor, cell: float) -> tuple[Tensor, Tensor]:
    """Find the borders of masks along an axis.

    Args:
        sums: ``(N, C, length)``, the mass of each row or column.
        place: ``(length,)``, their centres.
        cell: Their distance.

    Returns:
        First and last border, ``(N, C)`` each.
    """
    heaped = sums.cumsum(dim=2)
    total = heaped[:, :, -1:]
    first = (heaped <= TRIMMED * total).sum(dim=2).clamp_max(len(place) - 1)
    last = (heaped < (1 - TRIMMED) * total).sum(dim=2).clamp_max(len(place) - 1)
    return place[first] - cell / 2, place[last] + cell / 2
