"""The member ``segmentation`` of a COCO annotation, in its three forms."""

from typing import Any, NamedTuple

import numpy as np

from handbone.errors import HandboneError, counted, shown
from handbone.masks.coco_rle import read_coco_counts
from handbone.structure import Fields, check_structure, one_line

from ..annotation_file import LARGEST_COORDINATE

RLE = Fields(dict(size=[int], counts=(str, list)))
LARGEST_SIDE = 2**20


class SizedRuns(NamedTuple):
    """The mask of one annotation.

    Attributes:
        size: Height and width.
        runs: Int32 (n, 2) of [start, length], starts from 0, column by column.
    """

    size: tuple[int, int]
    runs: np.ndarray


def read_segmentation(
    segmentation: Any, size: tuple[int, int] | None
) -> list[np.ndarray] | SizedRuns:
    """Read a segmentation: polygons, or compressed or uncompressed RLE.

    Args:
        segmentation: The value, as JSON gives it.
        size: Height and width of the image, or None if they are not known.

    Returns:
        Points (n, 2) of each polygon, float64, or the mask.

    Raises:
        HandboneError: It is none of them, or does not fit the image. The text is a clause without
            the file, which the caller knows.
    """
    if isinstance(segmentation, dict):
        return _read_rle(segmentation, size)
    if isinstance(segmentation, list) and segmentation:
        return [_polygon(numbers, index, size) for index, numbers in enumerate(segmentation)]
    raise HandboneError(
        f'the segmentation is {one_line(shown(segmentation))}, neither polygons nor an RLE'
    )


def _read_rle(segmentation: dict[str, Any], size: tuple[int, int] | None) -> SizedRuns:
    check_structure(segmentation, RLE, 'the segmentation')
    if len(segmentation['size']) != 2 or not all(
        0 < side <= LARGEST_SIDE for side in segmentation['size']
    ):
        raise HandboneError(f'the RLE has the size {shown(segmentation["size"])}')
    height, width = segmentation['size']
    if size is not None and (height, width) != size:
        raise HandboneError(
            f'the RLE has width {width} and height {height}, '
            f'but the image has width {size[1]} and height {size[0]}'
        )
    runs = read_coco_counts(segmentation['counts'], height * width)
    return SizedRuns((height, width), runs.astype(np.int32))


def _polygon(numbers: Any, index: int, size: tuple[int, int] | None) -> np.ndarray:
    if not isinstance(numbers, list) or len(numbers) < 6 or len(numbers) % 2:
        count = counted(len(numbers), 'number') if isinstance(numbers, list) else shown(numbers)
        raise HandboneError(
            f'polygon {index} has {one_line(count)}, but needs x and y of at least 3 points'
        )
    if not all(type(each) in (int, float) and abs(each) <= LARGEST_COORDINATE for each in numbers):
        raise HandboneError(
            f'polygon {index} has a coordinate that is not a number within '
            f'{LARGEST_COORDINATE} pixels'
        )
    points = np.array(numbers, np.float64).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    if (high < 0).any() or (size is not None and (low >= size[::-1]).any()):
        raise HandboneError(f'polygon {index} is completely outside the image')
    return points
