"""Masks in a CSV, for the tests of scores."""

import csv

import numpy as np

from handbone.bones import CLASSES
from handbone.masks import encode, runs_to_string

SIZE = (320, 320)


def shifted(packed, pixels):
    moved = np.zeros_like(packed)
    moved[:, pixels:] = packed[:, : packed.shape[1] - pixels]
    return moved


def write_masks(path, maps, classes=CLASSES, suffix='.png'):
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['image_name', 'class', 'rle'])
        for name, packed in maps.items():
            for index, runs in enumerate(encode(packed, len(classes))):
                writer.writerow([f'{name}{suffix}', classes[index], runs_to_string(runs)])
    return path
