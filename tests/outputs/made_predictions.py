"""Predictions for the writers' tests."""

from pathlib import Path

import numpy as np

from handbone.masks import IGNORE_BIT, pack
from handbone.outputs import Prediction
from handbone.radiographs import Radiograph

CLASSES = ('disc', 'ring, outer', 'bar', 'dots')
PALETTE = ((255, 80, 80), (80, 220, 80), (90, 140, 255), (250, 250, 0))


def draw_labels(seed: int, height: int = 61, width: int = 83) -> np.ndarray:
    """Draw a disc, a ring over it, a bar that every third seed lacks, dots, and ignored pixels."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    center = generator.uniform(20, 40, 2)
    distance = np.hypot(y - center[0], x - center[1])
    bar = (np.abs(y - center[0] - 4) < 3) & (seed % 3 != 2)
    dots = generator.random((height, width)) < 0.02
    labels = pack(np.stack([distance < 14, (distance > 10) & (distance < 18), bar, dots]))
    labels[-4:, :7] |= np.int32(IGNORE_BIT)
    return labels


def make_prediction(name, labels, spacing=None, dicom=None, path='') -> Prediction:
    """Put labels beside a black image."""
    image = np.zeros(labels.shape[:2], np.uint8)
    path = Path('/radiographs') / f'{name}.png' if path == '' else path
    return Prediction(
        name, labels, Radiograph(image, path, spacing, dicom), image_name=f'{name}.png'
    )
