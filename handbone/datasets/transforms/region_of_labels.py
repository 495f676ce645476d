"""Where the labels of an image place a region."""

from typing import Any

import torch

from handbone.errors import HandboneError
from handbone.masks import rasterize
from handbone.regions import Found, Masses, masses_of_labels

from .frame_matrix import file_to_image

#: Longest side, in pixels, at which polygons are drawn to measure where the classes are.
MEASURED = 256


def locate_by_labels(results: dict, region: Any, transform: str) -> Found:
    """Find a region by the polygons, or the packed map, of an image.

    Args:
        results: The dict of one image in a pipeline.
        region: The region, such as :class:`handbone.regions.TemplateRegion`.
        transform: Name of the transform that asks, for messages.

    Returns:
        Where the region lies in the image as it is now, for a batch of one.

    Raises:
        HandboneError: If the classes are not those of the region, or the image has been changed in
            a way that cannot be repeated on its polygons.
    """
    height, width = results['img'].shape[:2]
    return region.locate(_masses(results, region, transform), torch.tensor([height, width]))


def _masses(results: dict, region: Any, transform: str) -> Masses:
    """Centroids and areas of the classes in pixels of the image."""
    polygons = results.get('polygons')
    # images for prediction come without labels and classes
    num_classes = len(results.get('classes', region.used))
    if num_classes != region.num_classes:
        raise HandboneError(
            f'{transform}: the template of the region has {region.num_classes} places and the '
            f'dataset {num_classes} classes'
        )
    if 'gt_seg_map' in results:
        return masses_of_labels(results['gt_seg_map'], num_classes)
    if results.get('masks') is not None:
        raise HandboneError(
            f'{transform} measures polygons or a drawn label map, and the labels of '
            f'{results["img_path"]} are masks: put LoadPolygonAnnotations before it'
        )
    height, width = results['img'].shape[:2]
    scale = min(1.0, MEASURED / max(height, width))
    matrix = file_to_image(results)
    if matrix is None:
        raise HandboneError(
            f'{transform} comes after a flip, a crop or a resize, which it cannot repeat on the '
            f'polygons of {results["img_path"]}; put it directly after the loading'
        )
    # resizes and affine transforms so far are repeated on the polygons
    parts = (
        []
        if polygons is None
        else [
            (index, points @ matrix[:, :2].T + matrix[:, 2]) for index, points in polygons.split()
        ]
    )
    size = max(1, round(height * scale)), max(1, round(width * scale))
    packed = rasterize(parts, *size, num_classes, scale=scale)
    return masses_of_labels(packed, num_classes, scale)
