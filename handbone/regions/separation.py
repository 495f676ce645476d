"""Several regions of one kind in an image, such as both hands on one film."""

from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

#: Share of the longer side by which masks are widened, so that the bones of a hand touch.
REACH = 1 / 64
#: Share of the classes that a part of the image has to show to be a region of its own.
LEAST_SHARE = 1 / 3


class Part(NamedTuple):
    """One of the regions of an image.

    Attributes:
        mask: ``(h, w)`` bool, its masks, a little wider.
        territory: ``(h, w)`` bool, all that is nearer to it than to the other regions.
    """

    mask: np.ndarray
    territory: np.ndarray


def separate_masks(present: np.ndarray) -> list[Part]:
    """Find the regions of an image by the masks in it.

    Masks that touch, once they are a little wider, belong to the same region. A region shows at
    least a third of the classes.

    Args:
        present: ``(C, h, w)`` bool, where each class is.

    Returns:
        The regions from the left to the right; none if there are not at least two.
    """
    reach = max(1, round(REACH * max(present.shape[1:])))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    union = np.asarray(present.any(axis=0), np.uint8)
    count, labels = cv2.connectedComponents(cv2.dilate(union, kernel))
    # number of classes in each component; one pass per class, however many specks there are
    classes = np.zeros(count, int)
    for mask in present:
        classes[np.unique(labels[mask])] += 1
    regions = np.flatnonzero(classes >= LEAST_SHARE * len(present))
    if len(regions) < 2:
        return []
    outside = (~np.isin(labels, regions)).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )
    masks = sorted(
        (labels == region for region in regions), key=lambda mask: mask.nonzero()[1].mean()
    )
    return [Part(mask, nearest == nearest[mask][0]) for mask in masks]


def separate_regions(logits: Tensor) -> list[tuple[Tensor, Tensor | None]]:
    """Split the masks of an image that shows several regions into those of each.

    Args:
        logits: ``(C, h, w)`` of a network that sees the whole image.

    Returns:
        For each region of :func:`separate_masks`, logits of the same shape without the masks of
        the others, and its territory, ``(h, w)`` bool; all of ``logits`` and None if there are not
        at least two regions.
    """
    parts = separate_masks((logits > 0).cpu().numpy())
    if not parts:
        return [(logits, None)]
    nothing = torch.full_like(logits, -20.0)
    return [
        (
            torch.where(torch.from_numpy(part.mask).to(logits.device), logits, nothing),
            torch.from_numpy(part.territory).to(logits.device),
        )
        for part in parts
    ]
