"""Size, position and direction of the classes of a packed map."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from handbone.masks import CLASSES_PER_PLANE, class_boxes

from .components import components


@dataclass(frozen=True)
class BoneShape:
    """Measurements of the mask of one class.

    Attributes:
        area: Pixels.
        pieces: Pixels of each connected part, int64 (n,).
        centre: x and y of the centre of mass, float64 (2,).
        ends: x and y of both ends of the rectangle with the same moments along its longer axis,
            float64 (2, 2).
        touches_border: Whether the mask touches the border of the image.
    """

    area: int
    pieces: np.ndarray
    centre: np.ndarray
    ends: np.ndarray
    touches_border: bool


def bone_shapes(packed: np.ndarray, classes: Sequence[str]) -> Iterator[tuple[str, BoneShape]]:
    """Measure the classes that are present.

    Args:
        packed: Packed map, int32, (H, W) or (H, W, P).
        classes: Names in class order.

    Yields:
        The name and the shape of each class, in class order.
    """
    planes = packed[..., None] if packed.ndim == 2 else packed
    for index, (rows, columns) in class_boxes(packed, len(classes)).items():
        plane, bit = divmod(index, CLASSES_PER_PLANE)
        mask = planes[rows, columns, plane] >> bit & 1
        border = any(
            side.start == 0 or side.stop == length
            for side, length in zip((rows, columns), packed.shape[:2], strict=True)
        )
        yield classes[index], measure_shape(mask, (columns.start, rows.start), border)


def measure_shape(mask: np.ndarray, corner: tuple[int, int], border: bool) -> BoneShape:
    """Measure one mask.

    Args:
        mask: (h, w), bool or 0 and 1, not empty.
        corner: x and y of its first pixel in the image.
        border: Whether it touches the border of the image.

    Returns:
        The measurements, in pixels of the image.
    """
    _, pieces = components(mask)
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    area = moments['m00']
    centre = np.array([moments['m10'], moments['m01']]) / area + corner
    mixed = moments['mu11'] / area
    covariance = [[moments['mu20'] / area, mixed], [mixed, moments['mu02'] / area]]
    variances, axes = np.linalg.eigh(covariance)
    # a rectangle of half length a has the variance a^2 / 3
    half = axes[:, 1] * np.sqrt(3 * max(variances[1], 0))
    return BoneShape(round(area), pieces, centre, np.stack([centre - half, centre + half]), border)
