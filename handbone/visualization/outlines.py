"""Outlines of the masks of a packed label map, at the scale of a picture."""

from collections.abc import Iterator
from itertools import accumulate, pairwise

import cv2
import numpy as np

from handbone.masks import class_boxes, class_mask, ignore_mask

#: Fractional bits of OpenCV's drawing coordinates: outlines are accurate to 1/16 of a pixel.
FRACTION_BITS = 4


def trace_classes(
    packed: np.ndarray, num_classes: int, height: int, width: int
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """Trace the masks class by class, including holes.

    Args:
        packed: Packed map of any size, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes.
        height: Rows of the picture that the outlines are for.
        width: Columns of the picture.

    Yields:
        Class index and its closed outlines: int32 (n, 1, 2) of x, y in picture pixels, with
        :data:`FRACTION_BITS` fractional bits. They include the outlines of holes, so they are
        filled by the even-odd rule, as OpenCV does.
    """
    scale = np.array([width / packed.shape[1], height / packed.shape[0]])
    for index, box in class_boxes(packed, num_classes).items():
        part = packed[box]
        mask = class_mask(part, index) & ~ignore_mask(part)
        contours = trace_mask(mask)
        offset = (box[1].start, box[0].start)
        if contours:
            yield index, _to_picture(contours, np.array(offset), scale)


def trace_mask(mask: np.ndarray) -> list[np.ndarray]:
    """Trace one mask.

    Args:
        mask: Bool (H, W).

    Returns:
        Outlines, int32 (n, 1, 2) of x, y.
    """
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return list(contours)


def fill_mask(
    contours: list[np.ndarray], height: int, width: int
) -> tuple[tuple[slice, slice], np.ndarray]:
    """Fill outlines within the box around them.

    Args:
        contours: Outlines as :func:`trace_classes` gives them.
        height: Rows of the picture.
        width: Columns of the picture.

    Returns:
        The box in the picture, and the mask in it, uint8, 0 or 1.
    """
    points = np.concatenate(contours)[:, 0]
    left, top = np.maximum(points.min(axis=0) >> FRACTION_BITS, 0).tolist()
    right, bottom = ((points.max(axis=0) >> FRACTION_BITS) + 2).tolist()
    box = (slice(top, min(bottom, height)), slice(left, min(right, width)))
    mask = np.zeros((box[0].stop - top, box[1].stop - left), np.uint8)
    corner = (-left << FRACTION_BITS, -top << FRACTION_BITS)
    cv2.fillPoly(mask, contours, 1, shift=FRACTION_BITS, offset=corner)
    return box, mask


def _to_picture(
    contours: list[np.ndarray], offset: np.ndarray, scale: np.ndarray
) -> list[np.ndarray]:
    """Map pixel centres of the label map to the picture, in OpenCV's fixed-point numbers."""
    # all points at once: masks of an untrained network have a hundred thousand outlines
    centers = (np.concatenate(contours) + offset + 0.5) * scale - 0.5
    points = np.rint(centers * (1 << FRACTION_BITS)).astype(np.int32)
    ends = accumulate(map(len, contours), initial=0)
    return [points[start:stop] for start, stop in pairwise(ends)]
