"""Where the labels of an image place a region."""

from typing import Any

import numpy as np
import torch

from handbone.errors import HandboneError, counted, listed
from handbone.listing import normal_forms
from handbone.masks import compose, inverse, rasterize, warp
from handbone.regions import Found, Masses, masses_of_labels

from .frame_matrix import file_to_image

#: Longest side, in pixels, at which polygons are drawn to measure where the classes are.
MEASURED = 256


def locate_by_labels(results: dict, region: Any, transform: str, within: Any = None) -> Found:
    """Find a region by the polygons, or the packed map, of an image.

    Args:
        results: The dict of one image in a pipeline.
        region: The region, such as :class:`handbone.regions.TemplateRegion`.
        transform: Name of the transform that asks, for messages.
        within: A region in whose view, upright, the other one is looked for; None for the image.

    Returns:
        Where the region lies in the image as it is now, for a batch of one.

    Raises:
        HandboneError: If the classes are not those of the region, or the image has been changed in
            a way that cannot be repeated on its polygons.
    """
    height, width = results['img'].shape[:2]
    if within is None:
        masses = _masses(results, region, transform, np.eye(2, 3), (height, width))
        return region.locate(masses, torch.tensor([height, width]))
    outer = locate_by_labels(results, within, transform)
    back = outer.matrices[0].double().numpy()
    size = within.size[::-1]
    masses = _masses(results, region, transform, inverse(back), size)
    inner = region.locate(masses, torch.tensor(size))
    matrix = compose(back, inner.matrices[0].double().numpy())
    return inner._replace(matrices=torch.from_numpy(matrix)[None])


def _masses(
    results: dict, region: Any, transform: str, frame: np.ndarray, shape: tuple[int, int]
) -> Masses:
    """Where the classes are in pixels of a frame, into which a matrix puts the image."""
    polygons = results.get('polygons')
    # images for prediction come without labels and classes
    classes = results.get('classes', region.used)
    num_classes = len(classes)
    if num_classes != region.num_classes:
        raise HandboneError(
            f'{transform}: region {region.name!r} is of {counted(region.num_classes, "class")} '
            f'and the dataset has {counted(num_classes, "class")}'
        )
    if 'classes' in results and hasattr(region, 'class_list'):
        pairs = zip(normal_forms(classes), region.class_list, strict=True)
        other = [f'{own} for {name}' for own, name in pairs if own != name]
        if other:
            raise HandboneError(
                f'{transform}: class_list of region {region.name!r} is not the class list of the '
                f'dataset, which has {listed(other)}'
            )
    if 'gt_seg_map' in results:
        labels = results['gt_seg_map']
        if not np.array_equal(frame, np.eye(2, 3)):
            labels = warp(labels, frame, shape)
        return masses_of_labels(labels, num_classes)
    if results.get('masks') is not None:
        raise HandboneError(
            f'{transform} measures polygons or a drawn label map, and the labels of '
            f'{results["img_path"]} are masks: put LoadPolygonAnnotations before it'
        )
    height, width = shape
    scale = min(1.0, MEASURED / max(height, width))
    matrix = file_to_image(results)
    if matrix is None:
        raise HandboneError(
            f'{transform} comes after a flip, a crop or a resize, which it cannot repeat on the '
            f'polygons of {results["img_path"]}; put it directly after the loading'
        )
    # resizes and affine transforms so far are repeated on the polygons
    matrix = compose(frame, matrix)
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
