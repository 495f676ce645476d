"""Signs by which formats are told apart, beyond round trips, and labels without such signs."""

import numpy as np
import pytest
from small_dataset import write_png

from handbone.datasets.formats.catalogue import recognise
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source
from handbone.datasets.formats.unlabelled import UnlabelledReader


def test_a_file_that_changed_is_looked_at_again(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('{"images": [], "categories": []}')
    assert recognise(path)[0] == 'coco'
    path.write_text('{"shapes": []}')
    assert recognise(path)[0] == 'labelme'


def pictures(folder, *places):
    for place in places:
        write_png(folder / place, np.eye(4, dtype=np.uint8))
    return folder


@pytest.mark.parametrize(
    ('form', 'places', 'source'),
    [
        ('index-png', ['images/a.png', 'masks/a.png'], '.'),
        ('index-png', ['images/a.png', 'labels/a.png'], 'labels'),
        ('class-masks', ['images/a.png', 'masks/bone/a.png'], 'masks'),
    ],
)
def test_a_format_that_is_named_is_read_where_nothing_shows_it(tmp_path, form, places, source):
    """Index PNGs without a list of classes, and the folder of masks itself."""
    path = pictures(tmp_path, *places) / source
    reader = Source('', path, form, choice=ClassChoice(['bone'])).open()
    (image,) = reader
    assert reader.classes == ('bone',) and image.name == 'a.png'
    np.testing.assert_array_equal(image.draw(1), np.eye(4))


@pytest.mark.parametrize('form', ['index-png', 'class-masks', 'hand-bone', 'coco', None])
@pytest.mark.parametrize('place', ['a.png', 'images/a.png', 'DCM/ID1/a.png'])
def test_a_test_set_has_no_labels_in_any_format(tmp_path, form, place):
    reader = Source('', pictures(tmp_path, place), form, choice=ClassChoice(['bone'])).open()
    assert isinstance(reader, UnlabelledReader) and len(reader) == 1


def test_a_test_set_named_by_its_images(tmp_path):
    path = pictures(tmp_path, 'images/a.png') / 'images'
    reader = Source('', path, 'index-png', choice=ClassChoice(['bone'])).open()
    assert isinstance(reader, UnlabelledReader)
