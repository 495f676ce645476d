"""Packed maps whose classes get other bits."""

from collections.abc import Sequence

import numpy as np

from .packed import CLASSES_PER_PLANE, IGNORE_BIT, check_planes, num_planes, planes_of
from .rle import change_points


def remap_classes(
    packed: np.ndarray, indices: Sequence[int | None], num_classes: int
) -> np.ndarray:
    """Give the classes of a packed map new indices.

    Args:
        packed: Packed map, (H, W) or (H, W, P).
        indices: New index of each class of the map; several may become one, None leaves one out.
        num_classes: Number of classes afterwards.

    Returns:
        Packed map, int32, (H, W) for up to 31 classes, else (H, W, P). Ignored pixels stay ignored.

    Raises:
        HandboneError: If the map does not fit the number of indices.

    >>> remap_classes(np.array([[1, 3, 2]], np.int32), [1, None], 2)
    array([[2, 2, 0]], dtype=int32)
    """
    check_planes(packed, len(indices))
    if list(indices) == list(range(num_classes)):
        return packed
    planes = [plane.ravel() for plane in planes_of(packed)]
    starts = change_points(*planes) if packed.size else np.zeros(0, np.int64)
    codes = [plane[starts] for plane in planes]
    made = [np.zeros(len(starts), np.int32) for _ in range(num_planes(num_classes))]
    for old, new in enumerate(indices):
        if new is None:
            continue
        (plane, bit), (new_plane, new_bit) = (
            divmod(index, CLASSES_PER_PLANE) for index in (old, new)
        )
        made[new_plane] |= (codes[plane] >> bit & 1) << new_bit
    lengths = np.diff(starts, append=planes[0].size)
    shape = packed.shape[:2]
    ignored = codes[0] < 0
    drawn = []
    for each in made:
        each[ignored] |= np.int32(IGNORE_BIT)
        drawn.append(np.repeat(each, lengths).reshape(shape))
    return drawn[0] if len(drawn) == 1 else np.stack(drawn, axis=-1)
