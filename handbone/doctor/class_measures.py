"""Place, size, edges and grey values of every class in a packed map."""

import cv2
import numpy as np

from handbone.masks import pair_pixels, regions
from handbone.masks.class_regions import Region
from handbone.postprocessing.bone_shapes import BoneShape, measure_shape

from .finding import Box
from .image_record import ClassMeasures

#: The band around a class whose grey values are compared with it: width, as a share of the square
#: root of its area.
BAND = 0.12
#: An outline is straight where it stays this close to a line, in pixels and as a share of the
#: square root of the area.
STRAIGHT_PIXELS, STRAIGHT_SHARE = 1.0, 0.01
#: A value counts as saturated from here, of 255.
SATURATED = 250
#: Parts of a class that are kept beside the largest one: the largest of them.
MOST_PIECES = 20


def measure_classes(
    packed: np.ndarray, num_classes: int, grey: np.ndarray | None
) -> tuple[ClassMeasures, dict[int, BoneShape]]:
    """Measure the classes of an image.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        num_classes: Number of classes C.
        grey: Grey values (H, W) from 0 to 255; None if they are not known.

    Returns:
        The measurements, and the shape of each class that is there.
    """
    height, width = packed.shape[:2]
    areas, centres = np.zeros(num_classes, np.float32), np.full((num_classes, 2), np.nan, 'f4')
    boxes, border = np.zeros((num_classes, 4), np.int32), np.zeros(num_classes, bool)
    straight, inside, outside, white = np.full((4, num_classes), np.nan, np.float32)
    pieces: list[tuple[int, Box, float]] = []
    shapes: dict[int, BoneShape] = {}
    for region in regions(packed, num_classes):
        index = region.class_index
        box = _box(region)
        touches = box[0] == 0 or box[1] == 0 or box[2] == width or box[3] == height
        shape = measure_shape(region.mask, box[:2], touches)
        shapes[index] = shape
        areas[index], centres[index] = shape.area, shape.centre
        boxes[index], border[index] = box, touches
        if len(shape.pieces) > 1:
            pieces += [(index, *piece) for piece in _other_pieces(region)]
        straight[index] = _longest_straight(region, (height, width)) / np.sqrt(shape.area)
        if grey is not None:
            inside[index], outside[index], white[index] = _grey_values(region, grey)
    measures = ClassMeasures(
        areas,
        centres,
        boxes,
        border,
        straight,
        inside,
        outside,
        white,
        np.zeros(num_classes, np.int32),
        tuple(pieces),
        _overlaps(packed, areas),
    )
    return measures, shapes


def _box(region: Region) -> Box:
    height, width = region.mask.shape
    return region.left, region.top, region.left + width, region.top + height


def _other_pieces(region: Region) -> list[tuple[Box, float]]:
    """Boxes of the parts after the largest one, and their area as a share of it."""
    _, _, statistics, _ = cv2.connectedComponentsWithStats(region.mask.view(np.uint8))
    parts = statistics[1:]
    largest, *others = (-parts[:, cv2.CC_STAT_AREA]).argsort(kind='stable')[: MOST_PIECES + 1]
    found = []
    for left, top, width, height, area in parts[sorted(others)].tolist():
        left, top = left + region.left, top + region.top
        share = area / int(parts[largest, cv2.CC_STAT_AREA])
        found.append(((left, top, left + width, top + height), share))
    return found


def _longest_straight(region: Region, shape: tuple[int, int]) -> float:
    """Length of the longest straight edge that does not lie along the border of the image."""
    contours, _ = cv2.findContours(
        region.mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    contour = max(contours, key=len)
    tolerance = max(STRAIGHT_PIXELS, STRAIGHT_SHARE * float(np.sqrt(region.mask.sum())))
    corners = cv2.approxPolyDP(contour, tolerance, True)[:, 0] + (region.left, region.top)
    following = np.roll(corners, -1, axis=0)
    lengths = np.linalg.norm(following - corners, axis=1)
    last = np.array(shape[::-1]) - 2
    at_border = ((corners <= 1) & (following <= 1)) | ((corners >= last) & (following >= last))
    return float(lengths[~at_border.any(axis=1)].max(initial=0.0))


def _grey_values(region: Region, grey: np.ndarray) -> tuple[float, float, float]:
    """Mean inside and in a band just outside, and the share of saturated pixels."""
    area = int(region.mask.sum())
    band = max(2, round(BAND * area**0.5))
    height, width = grey.shape
    left, top, right, bottom = _box(region)
    rows = slice(max(top - band, 0), min(bottom + band, height))
    columns = slice(max(left - band, 0), min(right + band, width))
    values = grey[rows, columns]
    mask = np.zeros(values.shape, np.uint8)
    inner = mask[top - rows.start : bottom - rows.start, left - columns.start :][
        :, : region.mask.shape[1]
    ]
    inner |= region.mask
    kernel = np.ones((2 * band + 1, 2 * band + 1), np.uint8)
    around = cv2.dilate(mask, kernel) - mask
    own = values[mask.view(bool)]
    outside = values[around.view(bool)]
    mean_outside = float(outside.mean()) if outside.size else float('nan')
    return float(own.mean()), mean_outside, float((own >= SATURATED).mean())


def _overlaps(packed: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Pairs of classes with common pixels, and their share of the smaller class, (k, 3)."""
    pairs, pixels = pair_pixels(packed, len(areas))
    shares = pixels / areas[pairs].min(axis=1, initial=np.inf)
    return np.column_stack([pairs, shares]).astype(np.float32)
