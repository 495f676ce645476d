"""Faults of whole images, and copies; functions as in :mod:`handbone.phantom.label_faults`."""

import cv2
import numpy as np

from handbone.phantom.label_faults import Faulty, Polygons, mirror_labels


def invert(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Store the image with bones darker than air."""
    return 255 - image, polygons, ()


def blacken(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Store the image with next to no contrast."""
    return (image // 64).astype(np.uint8), polygons, ()


def overexpose(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Store the image with a window so bright that bones are white."""
    low, high = np.percentile(image, (5, 60))
    spread = (image.astype(np.float32) - low) * (255 / max(high - low, 1))
    return np.clip(spread, 0, 255).astype(np.uint8), polygons, ()


def keep(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Take the image as it is."""
    return image, polygons, ()


def copy_developed(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Take the image with other brightness and contrast, and noise."""
    noise = rng.normal(0, 3, image.shape)
    changed = image * rng.uniform(0.8, 1.0) + rng.uniform(0, 30) + noise
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8), polygons, ()


def copy_rescaled(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Take the image at another size."""
    side = round(image.shape[0] * rng.uniform(0.6, 1.4))
    scale = side / image.shape[0]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = [(name, (outline + 0.5) * scale - 0.5) for name, outline in polygons]
    return cv2.resize(image, (side, side), interpolation=method), scaled, ()


def mirror(image: np.ndarray, polygons: Polygons, rng: np.random.Generator) -> Faulty:
    """Take the image and its labels mirrored."""
    return np.ascontiguousarray(image[:, ::-1]), mirror_labels(image, polygons, rng)[1], ()
