"""Signs by which formats are told apart, beyond round trips, and labels without such signs."""

import numpy as np
import pytest
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.formats.catalogue import FORMATS, reader_class, recognise
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source
from handbone.datasets.formats.unlabelled import UnlabelledReader


def test_a_file_that_changed_is_looked_at_again(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('{"images": [], "categories": []}')
    assert recognise(path)[0] == 'coco'
    path.write_text('{"shapes": []}')
    assert recognise(path)[0] == 'labelme'


@pytest.mark.parametrize('name', ['job_1.zip', 'masks.TAR', 'coco.json.gz'])
def test_an_archive_is_to_be_unpacked(tmp_path, name):
    (tmp_path / name).write_bytes(b'PK\x03\x04')
    with pytest.raises(DatasetError, match=f'{name}: it is an archive. Unpack it'):
        recognise(tmp_path / name)


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


@pytest.mark.parametrize('form', FORMATS)
@pytest.mark.parametrize('name', ['a.png', 'a.txt'])
def test_a_file_in_the_place_of_labels(tmp_path, form, name):
    pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
    pictures(tmp_path, 'a.png')
    (tmp_path / 'a.txt').write_text('no labels')
    path = tmp_path / name
    with pytest.raises(DatasetError) as caught:
        list(reader_class(form)(path, choice=ClassChoice(['bone'])))
    assert str(caught.value).startswith(str(path)) and 'does not exist' not in str(caught.value)
    with pytest.raises(DatasetError, match=f'{path}: it looks like none of the formats'):
        recognise(path)


@pytest.mark.parametrize('name', ['a.csv', 'a.json', 'annotations.xml', 'a.npy', 'a.png'])
def test_a_folder_with_the_suffix_of_a_file(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(DatasetError, match=f'{tmp_path}: it looks like none of the formats'):
        recognise(tmp_path)
    for form in ('rle-csv', 'coco', 'cvat', 'arrays', 'labelme'):
        with pytest.raises(DatasetError, match=str(tmp_path)):
            list(reader_class(form)(tmp_path))


def test_files_of_a_mac_and_folders_are_no_labels(tmp_path):
    (tmp_path / 'a.json').mkdir()
    (tmp_path / '._b.json').write_bytes(b'\0\5\x16\7')
    (tmp_path / 'b.json').write_text('{"images": [], "categories": []}')
    assert recognise(tmp_path) == ('coco', f'{tmp_path / "b.json"} has "images" and "categories"')
