"""Labels of the hands of phantoms, and faults that are put into them."""

import numpy as np

from handbone.bones import CLASSES
from handbone.masks import class_mask, rasterize
from handbone.phantom.generator import compose
from handbone.phantom.presets import Settings

SIZE = 512
BIT = {name: index for index, name in enumerate(CLASSES)}


def labels_of(settings: Settings, seed: int, index: int) -> np.ndarray:
    """Draw the labels of a phantom, but not its image."""
    scene = compose(seed, index, settings, SIZE)
    polygons = [(BIT[name], points) for name, points in scene.polygons]
    return rasterize(polygons, SIZE, SIZE, len(CLASSES))


def clear(labels: np.ndarray, *names: str) -> np.ndarray:
    """Remove bones."""
    return labels & ~np.int32(sum(1 << BIT[name] for name in names))


def swap(labels: np.ndarray, first: str, second: str) -> np.ndarray:
    """Exchange the names of two bones."""
    swapped = clear(labels, first, second)
    for name, other in ((first, second), (second, first)):
        swapped |= class_mask(labels, BIT[name]).astype(np.int32) << BIT[other]
    return swapped


def moved(labels: np.ndarray, name: str, shift: tuple[int, int]) -> np.ndarray:
    """Move a bone by rows and columns, around the borders of the image; nothing else is drawn."""
    mask = np.roll(class_mask(labels, BIT[name]), shift, axis=(0, 1))
    return mask.astype(np.int32) << BIT[name]
