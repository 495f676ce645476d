"""Small tissue sections with a table of runs."""

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS

from handbone.csv_files import csv_bytes
from handbone.masks import encode, runs_to_string

tifffile = pytest.importorskip('tifffile')

CLASSES = ('kidney', 'lung')
HEIGHT, WIDTH = 330, 410
COLUMNS = ('id', 'organ', 'img_height', 'img_width', 'pixel_size', 'rle')


def mask_of(index):
    """An ellipse and its reach over a border of tiles."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (90 + 40 * index, 120), (70, 45), 20, 0, 360, 1, -1)
    return mask


def write_sections(folder, rows=None, names=('7', '8'), **columns):
    """Two sections, the left half of which is stained, and their table."""
    (folder / 'images').mkdir(parents=True)
    random = np.random.default_rng(3)
    given = rows or []
    for index, name in enumerate(names):
        image = np.full((HEIGHT, WIDTH, 3), 243, np.uint8)
        image[:, : WIDTH // 2] = random.integers(90, 200, (HEIGHT, WIDTH // 2, 3), np.uint8)
        image[:, : WIDTH // 2, 1] //= 2
        tifffile.imwrite(
            folder / 'images' / f'{name}.tiff', image, photometric='rgb', tile=(64, 64)
        )
        (runs,) = encode(mask_of(index).astype(np.int32), 1, 'F')
        row = dict(
            id=name,
            organ=CLASSES[index % 2],
            img_height=HEIGHT,
            img_width=WIDTH,
            pixel_size=0.4,
            rle=runs_to_string(runs),
        )
        if rows is None:
            given.append([(row | columns)[column] for column in COLUMNS])
    (folder / 'train.csv').write_bytes(csv_bytes([COLUMNS, *given]))
    return folder


TILE_PIPELINE = [
    dict(type='LoadTile'),
    dict(type='LoadPolygonAnnotations', frame='image'),
]


def build(kind, root, **more):
    settings = dict(
        type=kind,
        metainfo=dict(classes=CLASSES),
        data_root=str(root),
        data_prefix=dict(img_path='images', ann_path='train.csv'),
    )
    if kind == 'SectionTiles':
        settings.update(tile_size=40, overlap=10, reduce=2, pipeline=TILE_PIPELINE)
    return DATASETS.build(dict(settings, **more))
