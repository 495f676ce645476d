"""Errors of one file of labels: whatever reads it, they name the file and a remedy."""

from pathlib import Path

import pytest

from handbone.datasets.errors import DatasetError
from handbone.datasets.formats.catalogue import reader_class
from handbone.datasets.formats.file_faults import faults_of
from handbone.errors import HandboneError

FILE = Path('labels.json')


@pytest.mark.parametrize(
    ('error', 'remedy', 'message'),
    [
        (
            PermissionError(13, 'Permission denied'),
            'Export it again',
            'labels.json: the file cannot be read (Permission denied). Check that it is there and '
            'readable.',
        ),
        (HandboneError('it is empty'), 'Export it', 'labels.json: it is empty. Export it.'),
        (HandboneError('it is old. Save it'), 'Export it', 'labels.json: it is old. Save it.'),
        (
            HandboneError('labels.json: it is empty'),
            'Save it',
            'labels.json: it is empty. Save it.',
        ),
        (HandboneError('labels.json, line 2: bad. Mend it.'), None, None),
        (DatasetError.at('other.png', 'it is empty', 'Copy it'), 'Export it', None),
    ],
)
def test_errors_become_those_of_a_dataset(error, remedy, message):
    with pytest.raises(DatasetError) as raised, faults_of(FILE, remedy):
        raise error
    assert str(raised.value) == (message or str(error))
    assert raised.value.path == ('other.png' if isinstance(error, DatasetError) else 'labels.json')


def test_other_errors_pass():
    with pytest.raises(KeyError), faults_of(FILE, None):
        raise KeyError('fault of the program')


@pytest.mark.parametrize(
    ('name', 'file'),
    [('coco', 'a.json'), ('cvat', 'a.xml'), ('label-studio', 'a.json'), ('rle-csv', 'a.csv')],
)
def test_every_reader_of_one_file_says_that_it_cannot_be_read(tmp_path, name, file, monkeypatch):
    path = tmp_path / file
    path.write_text('x')

    def refuse(*_, **__):
        raise PermissionError(13, 'Permission denied', str(path))

    monkeypatch.setattr(Path, 'open', refuse)
    with pytest.raises(DatasetError) as raised:
        reader_class(name)(path)
    assert f'{path}: the file cannot be read (Permission denied)' in str(raised.value)
