"""Shapes of annotation tools: polygons and masks in a box, put together into labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import encode, rasterize
from handbone.masks.lengths_in_turn import lengths_to_runs
from handbone.masks.run_union import unite_runs

from ..annotation_file import AnnotationError, checked_points
from ..mask_runs import MaskRuns, pack_runs
from ..polygons import Polygons, pack_polygons
from .format_reader import Size


class BoxedMask(NamedTuple):
    """A mask in a box of an image.

    Attributes:
        class_index: The class.
        left: First column of the box.
        top: First row of the box.
        runs: (n, 2) of [start, length] row by row in the box, starts from 0.
        width: Columns of the box.
    """

    class_index: int
    left: int
    top: int
    runs: np.ndarray
    width: int


def labels_of_shapes(
    polygons: Sequence[tuple[int, np.ndarray]],
    masks: Sequence[BoxedMask],
    size: Size,
    num_classes: int,
) -> Polygons | MaskRuns:
    """Put the shapes of an image together.

    Args:
        polygons: Class index and points (n, 2) of each polygon.
        masks: The masks; without any, the polygons are kept as they are.
        size: Height and width of the image.
        num_classes: Number of classes.

    Returns:
        The labels.
    """
    if not masks:
        classes, points = zip(*polygons, strict=True) if polygons else ((), ())
        return pack_polygons(classes, points)
    parts = [[runs] for runs in encode(rasterize(polygons, *size, num_classes), num_classes)]
    for mask in masks:
        parts[mask.class_index].append(_in_image(mask, size[1]))
    return pack_runs({index: unite_runs(each) for index, each in enumerate(parts)}, 'C')


def boxed_mask(
    class_index: int, left: int, top: int, shape: Size, lengths: np.ndarray, size: Size
) -> BoxedMask:
    """Make a mask of the lengths of background and mask in turn, background first.

    Args:
        class_index: The class.
        left: First column of the box.
        top: First row of the box.
        shape: Height and width of the box.
        lengths: Int64, row by row.
        size: Height and width of the image.

    Returns:
        The mask.

    Raises:
        HandboneError: The lengths do not fill the box, or the box is not in the image. The text is
            a clause without the file, which the caller knows.
    """
    height, width = shape
    if min(left, top, width, height) < 0 or left + width > size[1] or top + height > size[0]:
        raise HandboneError(
            f'the mask (x {left} to {left + width - 1}, y {top} to {top + height - 1}) is not in '
            f'the image of width {size[1]} and height {size[0]}'
        )
    return BoxedMask(class_index, left, top, lengths_to_runs(lengths, height * width), width)


def points_or_error(raw: object, size: Size | None) -> np.ndarray:
    """Check the points of a polygon.

    Args:
        raw: A list of lists [x, y] in pixels.
        size: Height and width of the image.

    Returns:
        (n, 2) float64.

    Raises:
        HandboneError: It is something else, or lies outside the image. The text is a clause and a
            remedy without the file, which the caller knows.
    """
    try:
        return checked_points(raw, size)
    except AnnotationError as error:
        problem, remedy = error.args
        raise HandboneError(f'{problem}. {remedy}') from error


def _in_image(mask: BoxedMask, width: int) -> np.ndarray:
    """Move the runs of a box into its image; a run that goes over an edge of the box is cut."""
    starts, stops = mask.runs[:, 0], mask.runs.sum(axis=1)
    first, last = starts // mask.width, (stops - 1) // mask.width
    rows = last - first + 1
    which = np.repeat(np.arange(len(starts)), rows)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(rows) - rows, rows)
    row = first[which] + offset
    begin = np.maximum(starts[which], row * mask.width) - row * mask.width
    end = np.minimum(stops[which], (row + 1) * mask.width) - row * mask.width
    moved = (mask.top + row) * width + mask.left + begin
    return np.stack([moved, end - begin], axis=1)
