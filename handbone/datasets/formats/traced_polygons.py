"""Polygons of an image for formats that hold nothing else."""

from collections.abc import Iterator

import numpy as np

from handbone.masks import regions, trace_outlines

from ..polygons import Polygons
from .annotated_image import AnnotatedImage
from .losses import Losses, drop_ignored

#: Readers of polygons expect at least this many points.
FEWEST_POINTS = 3


def traced_polygons(
    packed: np.ndarray, num_classes: int, tolerance: float = 0.0
) -> Iterator[tuple[int, np.ndarray]]:
    """Trace the masks of a packed map.

    Each part of a mask is one polygon, with its holes joined to the outline by cuts. Drawn by
    :func:`handbone.masks.rasterize`, the polygons give the same map, unless they are simplified.

    Args:
        packed: Packed map, (H, W) or (H, W, P). Ignored pixels belong to no class.
        num_classes: Number of classes.
        tolerance: Largest distance in pixels between simplified outlines and the traced ones; with
            0, outlines are not simplified.

    Yields:
        Class index and points (n, 2) of each polygon, int32, at least three.
    """
    for class_index, left, top, mask in regions(packed, num_classes):
        for outline in trace_outlines(mask, tolerance):
            points = outline + np.array((left, top), np.int32)
            if len(points) < FEWEST_POINTS:
                # a part of one pixel, or a line: its last point is repeated
                points = np.pad(points, ((0, FEWEST_POINTS - len(points)), (0, 0)), 'edge')
            yield class_index, points


def polygons_of(
    image: AnnotatedImage, num_classes: int, losses: Losses, trace: bool = False
) -> list[tuple[int, np.ndarray]]:
    """List the polygons of an image: as its annotators drew them, else traced from its masks.

    Args:
        image: The image.
        num_classes: Number of classes.
        losses: Counts images whose masks may change, and ignored pixels.
        trace: Trace even where annotators drew polygons.

    Returns:
        Class index and points (n, 2) of each polygon.
    """
    if isinstance(image.labels, Polygons) and not trace:
        return image.labels.split()
    if image.outlines is not None and not trace:
        losses.add('images whose polygons are drawn by a different rule there, up to a pixel wider')
        return image.outlines.split()
    packed = image.draw(num_classes)
    drop_ignored(packed, losses)
    return list(traced_polygons(packed, num_classes))
