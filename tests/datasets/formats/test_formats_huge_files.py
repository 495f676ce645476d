"""Files of ten gigabytes are refused in a line before they fill the memory."""

import pytest
from made_images import CLASSES, made_images, write_all

from handbone import csv_files
from handbone.datasets.bad_files import BadFiles
from handbone.datasets.errors import DatasetError
from handbone.datasets.formats.catalogue import reader_class, writer_class
from handbone.datasets.formats.class_choice import ClassChoice


def grown(folder, form, pattern):
    """A dataset, one file of which is followed by ten gigabytes that take no place on the disk."""
    write_all(writer_class(form)(folder, CLASSES), made_images())
    path = sorted(folder.rglob(pattern))[0]
    with path.open('r+b') as file:
        file.truncate(10 * 2**30)
    return path


@pytest.mark.parametrize(('form', 'pattern'), [('hand-bone', '*.json'), ('labelme', '*.json')])
def test_one_file_of_several(tmp_path, form, pattern):
    path = grown(tmp_path, form, pattern)
    bad_files = BadFiles('report')
    reader = reader_class(form)(tmp_path, choice=ClassChoice(CLASSES), bad_files=bad_files)
    assert len(list(reader)) == 3
    (problem,) = {str(each) for each in bad_files.problems}
    assert problem.startswith(f'{path}: the file has 10.0 GB, and at most 1 GB are parsed at once')


@pytest.mark.parametrize(
    ('form', 'pattern'), [('label-studio', 'tasks.json'), ('color-png', 'colors.json')]
)
def test_one_file_for_all(tmp_path, form, pattern):
    path = grown(tmp_path, form, pattern)
    with pytest.raises(DatasetError, match=f'{path}: the file has 10.0 GB'):
        list(reader_class(form)(tmp_path))


def test_formats_that_are_read_in_pieces(tmp_path):
    path = grown(tmp_path, 'cvat', 'annotations.xml')
    with pytest.raises(DatasetError, match=f'{path}: the file is not XML'):
        list(reader_class('cvat')(tmp_path))


def test_a_line_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, 'LONGEST_LINE', 2**16)
    path = grown(tmp_path, 'rle-csv', 'masks.csv')
    with pytest.raises(DatasetError, match=rf'{path}, line \d+: the line is longer than'):
        list(reader_class('rle-csv')(tmp_path))
