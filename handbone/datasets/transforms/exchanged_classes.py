"""Pairs of classes that exchange their places in the labels of an image."""

from collections.abc import Sequence

import numpy as np

from handbone.masks import CLASSES_PER_PLANE

from ..polygons import Polygons

#: Pairs of class indices, each of them in one pair at most.
Pairs = Sequence[tuple[int, int]]


def exchange_in_maps(results: dict, pairs: Pairs) -> None:
    """Exchange classes in the label maps that are drawn.

    Args:
        results: The dict of one image, which is changed.
        pairs: The classes.
    """
    for key in results.get('seg_fields', []):
        results[key] = _exchange_bits(results[key], pairs)


def exchange_in_labels(results: dict, pairs: Pairs) -> None:
    """Exchange classes in label maps, in polygons still to be drawn, and in what is unknown.

    Args:
        results: The dict of one image, which is changed.
        pairs: The classes.
    """
    exchange_in_maps(results, pairs)
    polygons, unknown = results.get('polygons'), results.get('unknown')
    if polygons is not None:
        results['polygons'] = _renumbered(polygons, pairs)
    if unknown is not None:
        other = _partners(pairs)
        classes = tuple(sorted(other.get(index, index) for index in unknown.classes))
        regions = unknown.regions
        if isinstance(regions, Polygons):
            regions = _renumbered(regions, pairs)
        results['unknown'] = unknown._replace(classes=classes, regions=regions)


def _renumbered(polygons: Polygons, pairs: Pairs) -> Polygons:
    other = _partners(pairs)
    classes = [other.get(index, index) for index in polygons.classes.tolist()]
    return polygons._replace(classes=np.array(classes, np.int32))


def _partners(pairs: Pairs) -> dict[int, int]:
    return {index: other for pair in pairs for index, other in (pair, pair[::-1])}


def _exchange_bits(packed: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Exchange pairs of class bits of a packed map (H, W) or (H, W, P), in place."""
    planes = packed if packed.ndim == 3 else packed[..., None]
    for first, second in pairs:
        plane, bit = divmod(first, CLASSES_PER_PLANE)
        other_plane, other_bit = divmod(second, CLASSES_PER_PLANE)
        # Where two bits differ, inverting both exchanges them.
        differ = ((planes[..., plane] >> bit) ^ (planes[..., other_plane] >> other_bit)) & 1
        planes[..., plane] ^= differ << bit
        planes[..., other_plane] ^= differ << other_bit
    return packed
