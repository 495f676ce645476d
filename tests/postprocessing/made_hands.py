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


def beside(labels: np.ndarray, name: str) -> np.ndarray:
    """Draw a bone a second time, three pixels from its side; nothing else is drawn."""
    _, across = axes(labels, name)
    rows, columns = np.nonzero(class_mask(labels, BIT[name]))
    width = np.ptp(columns * across[0] + rows * across[1])
    x, y = np.rint(across * (width + 4)).astype(int).tolist()
    return moved(labels, name, (y, x))


def parted(labels: np.ndarray, name: str) -> np.ndarray:
    """Take a band of four pixels out of the middle of a bone, as a ring hides it."""
    along, _ = axes(labels, name)
    rows, columns = np.nonzero(class_mask(labels, BIT[name]))
    place = columns * along[0] + rows * along[1]
    band = np.abs(place - np.median(place)) <= 2
    without = labels.copy()
    without[rows[band], columns[band]] &= ~np.int32(1 << BIT[name])
    return without


def axes(labels: np.ndarray, name: str) -> np.ndarray:
    """Find the longer and the shorter axis of a bone, as unit vectors x and y, (2, 2)."""
    rows, columns = np.nonzero(class_mask(labels, BIT[name]))
    return np.linalg.eigh(np.cov(columns, rows))[1].T[::-1]
