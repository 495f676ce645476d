"""Pictures of an earlier report make room for those of the next one; nobody else's do."""

import pytest

from handbone.errors import HandboneError
from handbone.pages.pictures_folder import check_pictures, empty_pictures


@pytest.mark.parametrize('name', ['a.png', '0001.jpg', 'train/a.png'])
def test_a_folder_of_somebody_else_is_one_line_and_stays(tmp_path, name):
    file = tmp_path / 'pictures' / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b'a radiograph')
    for each in (check_pictures, empty_pictures):
        with pytest.raises(HandboneError, match='files that are not of a report'):
            each(tmp_path)
    assert file.read_bytes() == b'a radiograph'


def test_pictures_of_an_earlier_report_are_removed(tmp_path):
    empty_pictures(tmp_path / 'out')
    folder = tmp_path / 'out/pictures'
    for name in ('0001.jpg', '.0002.jpg.part', 'notes.txt'):
        (folder / name).write_bytes(b'')
    check_pictures(tmp_path / 'out')
    empty_pictures(tmp_path / 'out')
    assert [each.name for each in folder.glob('[!.]*')] == ['notes.txt']
    assert not (folder / '.0002.jpg.part').exists()


def test_a_folder_that_is_empty_is_taken(tmp_path):
    (tmp_path / 'pictures').mkdir()
    empty_pictures(tmp_path)
    (tmp_path / 'pictures/0001.jpg').write_bytes(b'')
    empty_pictures(tmp_path)
    assert not (tmp_path / 'pictures/0001.jpg').exists()
