"""An archive, read with nothing of handbone's."""

import csv
from pathlib import Path

import cv2
import duckdb
import numpy as np

from handbone.masks import decode


def rows(root):
    """Read all rows of runs."""
    files = f'{root}/runs/**/*.parquet'
    return duckdb.sql(f"SELECT * FROM '{files}'").fetchdf() if any(parquets(root)) else []


def parquets(root):
    return {path: path.stat().st_mtime_ns for path in Path(root, 'runs').rglob('*.parquet')}


def check_once_each(root, images):
    """Every image, each class once, with the labels that the stub predicts."""
    content = rows(root)
    assert not content.duplicated(['image_hash', 'model_hash', 'class']).any()
    assert set(content['image']) == set(images)
    assert len(content) == 3 * len(images)
    for image, of_image in content.groupby('image'):
        of_class = of_image.set_index('class')
        height, width = (int(of_class[name].iloc[0]) for name in ('height', 'width'))
        runs = [
            np.stack([of_class.starts[name] - 1, of_class.lengths[name]], axis=1)
            for name in ('bright', 'left', 'nothing')
        ]
        grey = cv2.imread(image, cv2.IMREAD_GRAYSCALE)
        assert grey.shape == (height, width)
        labels = decode(runs, height, width)
        np.testing.assert_array_equal(labels & 1, grey > 127)
        np.testing.assert_array_equal(
            (labels & 2) > 0, np.arange(width)[None] < width // 2 + 0 * grey
        )
        assert not (labels & 4).any()


def csv_rows(path):
    with path.open(newline='') as file:
        return list(csv.reader(file))
