"""Centroid and area of each class, from logits or from labels."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from handbone.masks import regions


class Masses(NamedTuple):
    """Where the classes are in the images of a batch, in their pixels.

    Attributes:
        centroids: ``(N, C, 2)`` float32, x and y; anything for a class without area.
        areas: ``(N, C)`` float32, square pixels.
    """

    centroids: Tensor
    areas: Tensor


def masses_of_logits(logits: Tensor, frame: tuple[int, int], content: Tensor) -> Masses:
    """Measure the masks of a network, each pixel weighted with its probability.

    Args:
        logits: ``(N, C, h, w)`` over the padded images.
        frame: Height and width of the padded images.
        content: ``(2,)``, height and width of the images without their padding.

    Returns:
        Centroids and areas, in pixels of the images. Pixels below a probability of 0.5 do not
        count.
    """
    logits = logits.float()
    present = torch.where(logits > 0, logits.sigmoid(), torch.zeros_like(logits))
    sums, places, cells = [], [], []
    for axis, length, side in ((2, logits.shape[2], frame[0]), (3, logits.shape[3], frame[1])):
        cell = side / length
        place = (torch.arange(length, device=logits.device) + 0.5) * cell - 0.5
        inside = place < content[axis - 2]
        present = present * inside.reshape((-1, 1) if axis == 2 else (-1,))
        places.append(place)
        cells.append(cell)
    sums = [present.sum(dim=3), present.sum(dim=2)]
    total = sums[0].sum(dim=2)
    y, x = (
        (each * place).sum(dim=2) / total.clamp_min(1e-6)
        for each, place in zip(sums, places, strict=True)
    )
    return Masses(torch.stack([x, y], dim=2), total * (cells[0] * cells[1]))


def masses_of_labels(packed: np.ndarray, num_classes: int, scale: float = 1.0) -> Masses:
    """Measure the masks of a packed map.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        num_classes: Number of classes.
        scale: Pixels of the map per pixel of the image.

    Returns:
        Centroids and areas in pixels of the image, for a batch of one.
    """
    centroids, areas = np.zeros((num_classes, 2), np.float32), np.zeros(num_classes, np.float32)
    for region in regions(packed, num_classes):
        rows, columns = np.nonzero(region.mask)
        place = columns.mean() + region.left, rows.mean() + region.top
        centroids[region.class_index] = [(each + 0.5) / scale - 0.5 for each in place]
        areas[region.class_index] = len(rows) / scale**2
    return Masses(torch.from_numpy(centroids)[None], torch.from_numpy(areas)[None])
