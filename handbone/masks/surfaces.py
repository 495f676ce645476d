"""Surface pixels of every class, found for all classes in one pass."""

import numpy as np

from .packed import CLASSES_PER_PLANE, check_planes, planes_of

#: Rows processed at a time, so that the copies of a block stay in the processor's cache.
ROWS_PER_BLOCK = 64


def surface_pixels(packed: np.ndarray, num_classes: int) -> list[np.ndarray]:
    """Find the pixels of each class that have a neighbour outside the class.

    Neighbours are the four adjacent pixels, and everything beyond the border of the image counts as
    outside: the surface is the mask minus its erosion, as in MONAI's ``get_mask_edges``.

    Args:
        packed: Packed map, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes.

    Returns:
        Rows and columns of the surface pixels of each class, int64 (n, 2), row by row.

    Raises:
        HandboneError: If the map does not fit the number of classes.
    """
    check_planes(packed, num_classes)
    pixels: list[np.ndarray] = []
    for plane in planes_of(packed):
        places, codes = _surface_codes(plane)
        for bit in range(min(CLASSES_PER_PLANE, num_classes - len(pixels))):
            of_class = places[codes & np.int32(1 << bit) != 0]
            pixels.append(np.stack(np.divmod(of_class, plane.shape[1]), axis=1))
    return pixels


def _surface_codes(plane: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the surface pixels of up to 31 classes.

    Args:
        plane: Plane of a packed map, (H, W).

    Returns:
        Rising flat positions, int64 (n,), and the code of the classes with a surface there, int32
        (n,).
    """
    height, width = plane.shape
    places: list[np.ndarray] = [np.zeros(0, np.int64)]
    codes: list[np.ndarray] = [np.zeros(0, np.int32)]
    for start in range(0, height, ROWS_PER_BLOCK):
        stop = min(start + ROWS_PER_BLOCK, height)
        if not plane[start:stop].any():
            continue
        rows = np.zeros((stop - start + 2, width), np.int32)  # with the rows above and below
        first, last = max(start - 1, 0), min(stop + 1, height)
        rows[first - start + 1 : last - start + 1] = plane[first:last]
        rows[rows < 0] = 0
        here = rows[1:-1]
        inside = here & rows[:-2]
        inside &= rows[2:]
        inside[:, 1:] &= here[:, :-1]
        inside[:, :-1] &= here[:, 1:]
        inside[:, [0, -1]] = 0
        surface = (here ^ inside).ravel()
        found = np.flatnonzero(surface)
        places.append(found + start * width)
        codes.append(surface[found])
    return np.concatenate(places), np.concatenate(codes)
