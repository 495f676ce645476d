"""Size, position and direction of the classes of a packed map."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from handbone.masks import CLASSES_PER_PLANE, class_boxes

from .components import components

#: Parts of a mask belong to one place where the gap between them is at most this share of the
#: square root of the area of the largest part: an epiphysis lies at the end of its shaft.
PLACE_GAP = 0.5


@dataclass(frozen=True)
class BoneShape:
    """Measurements of the mask of one class.

    Attributes:
        area: Pixels.
        pieces: Pixels of each connected part, int64 (n,).
        places: Pixels in each place where parts lie, int64 (m,). Parts with a gap of at most
            :data:`PLACE_GAP` are in one place.
        place_centres: x and y of the centre of mass of each place, float64 (m, 2).
        centre: x and y of the centre of mass, float64 (2,).
        ends: x and y of both ends of the rectangle with the same moments along its longer axis,
            float64 (2, 2).
        touches_border: Whether the mask touches the border of the image.
    """

    area: int
    pieces: np.ndarray
    places: np.ndarray
    place_centres: np.ndarray
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
    parts, pieces = components(mask)
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    area = moments['m00']
    centre = np.array([moments['m10'], moments['m01']]) / area + corner
    mixed = moments['mu11'] / area
    covariance = [[moments['mu20'] / area, mixed], [mixed, moments['mu02'] / area]]
    variances, axes = np.linalg.eigh(covariance)
    # a rectangle of half length a has the variance a^2 / 3
    half = axes[:, 1] * np.sqrt(3 * max(variances[1], 0))
    places, place_centres = np.array([round(area)]), centre[None]
    if len(pieces) > 1:
        places, place_centres = _places(parts, PLACE_GAP * float(np.sqrt(pieces.max())))
        place_centres += corner
    ends = np.stack([centre - half, centre + half])
    return BoneShape(round(area), pieces, places, place_centres, centre, ends, border)


def gap_between(first: BoneShape, second: BoneShape) -> float:
    """Measure the distance between the nearest ends of two bones.

    Args:
        first: A bone.
        second: Another one.

    Returns:
        The distance as a share of the square root of the area of the first bone.
    """
    between = first.ends[:, None] - second.ends[None]
    return float(np.linalg.norm(between, axis=-1).min() / np.sqrt(first.area))


def _places(parts: np.ndarray, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """Join the parts between which there is no wider gap.

    Args:
        parts: Number of the part of each pixel, 0 for the background, (h, w).
        gap: Distance in pixels.

    Returns:
        The pixels in each place, int64 (m,), and the centres of mass, float64 (m, 2).
    """
    beyond = cv2.distanceTransform(
        (parts == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    grown, _ = components(beyond <= gap / 2)
    rows, columns = np.nonzero(parts)
    numbers = grown[rows, columns] - 1
    pixels = np.bincount(numbers)
    sums = [np.bincount(numbers, weights=along) for along in (columns, rows)]
    return pixels, np.stack(sums, axis=1) / pixels[:, None]
