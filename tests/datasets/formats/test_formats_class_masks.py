"""A picture per class and image, as JSRT/SCR and other programs write them."""

import shutil

import numpy as np
import pytest
from made_images import masks_of, save_picture
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.bad_files import BadFiles
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.class_masks import ClassMasksReader, ClassMasksWriter
from handbone.errors import HandboneError


@pytest.fixture
def scr(tmp_path):
    """JSRT/SCR: a folder per class, GIF with a palette; one image lacks a class."""
    heart, lung = np.zeros((5, 6), np.uint8), np.zeros((5, 6), np.uint8)
    heart[1:4, 2:5], lung[2:, :3] = 1, 1
    for name in ('JPCLN001', 'JPCLN002'):
        write_png(tmp_path / f'images/{name}.png', np.zeros((5, 6), np.uint8))
        save_picture(tmp_path / f'masks/left lung/{name}.gif', lung, (0, 0, 0, 255, 255, 255))
    save_picture(tmp_path / 'masks/heart/JPCLN001.gif', heart, (0, 0, 0, 255, 255, 255))
    return tmp_path, heart != 0, lung != 0


def test_scr(scr):
    root, heart, lung = scr
    reader = ClassMasksReader(root)
    assert reader.classes == ('heart', 'left lung') and len(reader) == 2
    found = masks_of(reader)
    np.testing.assert_array_equal(found['JPCLN001.png'], [heart, lung])
    np.testing.assert_array_equal(found['JPCLN002.png'], [heart & False, lung])
    chosen = ClassMasksReader(root, choice=ClassChoice(['lung'], {'left lung': 'lung'}, ['heart']))
    np.testing.assert_array_equal(masks_of(chosen)['JPCLN001.png'], [lung])


def test_blurred_edges(scr):
    blurred = np.zeros((5, 6), np.uint8)
    blurred[1:3], blurred[3] = 255, 90
    save_picture(scr[0] / 'masks/heart/JPCLN002.png', blurred)
    with pytest.raises(DatasetError, match='heart/JPCLN002.png: .*more than two values'):
        masks_of(ClassMasksReader(scr[0]))
    found = masks_of(ClassMasksReader(scr[0], threshold=127))['JPCLN002.png'][0]
    np.testing.assert_array_equal(found, blurred > 127)


def test_sizes_that_disagree(scr):
    save_picture(scr[0] / 'masks/heart/JPCLN002.png', np.zeros((5, 7), np.uint8))
    with pytest.raises(DatasetError, match='heart/JPCLN002.png: it has width 7 and height 5'):
        list(ClassMasksReader(scr[0]))


def test_damaged_and_missing(scr):
    path = scr[0] / 'masks/heart/JPCLN001.gif'
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DatasetError, match='heart/JPCLN001.gif: '):
        masks_of(ClassMasksReader(scr[0]))
    with pytest.raises(DatasetError, match='no folder of a class'):
        ClassMasksReader(scr[0] / 'images')


def test_two_pictures_of_a_class_and_an_image(scr):
    root, heart, lung = scr
    save_picture(root / 'masks/heart/JPCLN001.png', np.full((5, 6), 255, np.uint8))
    bad_files = BadFiles('report')
    (image,) = ClassMasksReader(root, bad_files=bad_files)
    assert image.name == 'JPCLN002.png'
    (problem,) = bad_files.problems
    assert 'heart/JPCLN001.gif: JPCLN001.png is of the same class and image' in str(problem)
    chosen = ClassMasksReader(root, choice=ClassChoice(skip=['heart']))
    np.testing.assert_array_equal(masks_of(chosen)['JPCLN001.png'], [lung])


def test_an_image_whose_classes_are_all_left_out(scr):
    root, heart, _ = scr
    shutil.rmtree(root / 'images')
    found = masks_of(ClassMasksReader(root, choice=ClassChoice(skip=['left lung'])))
    np.testing.assert_array_equal(found['JPCLN001.png'], [heart])
    np.testing.assert_array_equal(found['JPCLN002.png'], [heart & False])


def test_names_that_are_no_folders(tmp_path):
    with pytest.raises(HandboneError, match="'a/b' cannot be the name of a folder"):
        ClassMasksWriter(tmp_path, ['a/b', 'c'])
