"""Measures of drawn shapes."""

import numpy as np
import pytest

from handbone.datasets.mask_runs import pack_runs
from handbone.masks import encode, pack
from handbone.planning.image_measures import measure_image


def labels_of(masks):
    return pack_runs(dict(enumerate(encode(pack(masks), len(masks)))), 'C')


def test_measures_of_an_image():
    masks = np.zeros((3, 100, 200), bool)
    masks[0, 20:40, 10:190] = True  # a strip, 20 wide
    rows, columns = np.mgrid[:100, :200]
    masks[1] = (rows - 50) ** 2 + (columns - 150) ** 2 <= 30**2
    image = np.full((100, 200), 7, np.uint8)
    measures = measure_image(image, labels_of(masks), 3)
    assert measures.histogram.argmax() == 7 and np.count_nonzero(measures.histogram) == 1
    assert set(measures.classes) == {0, 1}
    strip, disc = measures.classes[0], measures.classes[1]
    assert strip.area == pytest.approx(20 * 180 / 20000)
    assert strip.thickness == pytest.approx(20, rel=0.1)
    assert disc.thickness == pytest.approx(2 / 3 * 60, rel=0.1)
    assert strip.offset == pytest.approx(0, abs=1e-9)
    assert disc.offset == pytest.approx(0.2525, abs=1e-4)
    assert measures.labelled == masks.any(axis=0).sum()
    assert measures.shared == (masks.sum(axis=0) > 1).sum() > 0
    assert measures.pairs == ((0, 1),)
    assert measures.box == (0.05, 0.2, 0.95, 0.81)


def test_an_image_without_labels():
    measures = measure_image(np.zeros((8, 8), np.float32), None, 40)
    assert measures.box is None and measures.labelled == 0 and measures.classes == {}


def test_more_classes_than_a_plane_holds():
    masks = np.zeros((40, 12, 12), bool)
    masks[[0, 39], 2:6, 2:6] = True
    measures = measure_image(np.zeros((12, 12), np.uint8), labels_of(masks), 40)
    assert measures.shared == 16 and measures.pairs == ((0, 39),)
