"""Folders of label PNGs: class lists, sizes, ignored pixels."""

import numpy as np
import pytest
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.label_png import encode_label_png
from handbone.datasets.formats.label_png_folder import LabelPngReader

CLASSES = ('round', 'square', 'long')


@pytest.fixture
def folder(tmp_path):
    codes = np.array([[0, 1, 3], [4, 7, -(2**31)]], np.int32)
    (tmp_path / 'label_png').mkdir()
    for name in 'ab':
        (tmp_path / f'label_png/{name}.png').write_bytes(encode_label_png(codes, CLASSES))
    return tmp_path


def test_ignored_pixels_stay_ignored_in_any_class_list(folder):
    first, _ = LabelPngReader(folder)
    np.testing.assert_array_equal(first.draw(3), [[0, 1, 3], [4, 7, -(2**31)]])
    choice = ClassChoice(['long', 'any'], {'round': 'any', 'square': 'any'})
    first, _ = LabelPngReader(folder, choice=choice)
    np.testing.assert_array_equal(first.draw(2), [[0, 2, 2], [1, 3, -(2**31)]])
    assert first.labels.present() == [0, 1]
    np.testing.assert_allclose(first.labels.class_shares(2, 3, 2), [2 / 6, 3 / 6])


def test_a_class_list_in_another_order(folder):
    codes = np.zeros((2, 3), np.int32)
    other = encode_label_png(codes, ('square', 'round', 'long'))
    (folder / 'label_png/b.png').write_bytes(other)
    with pytest.raises(DatasetError, match=r'b.png: its classes .* different order'):
        list(LabelPngReader(folder))


def test_sizes_that_disagree(folder):
    write_png(folder / 'images/a.png', np.zeros((2, 4), np.uint8))
    write_png(folder / 'images/b.png', np.zeros((2, 3), np.uint8))
    with pytest.raises(DatasetError, match=r'a.png: it has width 3 and height 2, but .* width 4'):
        list(LabelPngReader(folder))


def test_a_png_of_another_kind(folder):
    write_png(folder / 'label_png/b.png', np.zeros((2, 3), np.uint8))
    with pytest.raises(DatasetError, match=r'b.png: it names no classes'):
        list(LabelPngReader(folder))
