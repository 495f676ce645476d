"""Folders with links, lists with byte-order marks, and names in several Unicode forms."""

import os
import unicodedata

import pytest

from handbone.errors import HandboneError
from handbone.listing import by_normal_form, existing, files_below, read_list

COMPOSED = '김é.png'
DECOMPOSED = unicodedata.normalize('NFD', COMPOSED)


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def found(folder):
    return [path.relative_to(folder).as_posix() for path in files_below(folder)]


@pytest.fixture
def tree(tmp_path):
    for name in ('ID1/a.png', 'ID1/b.png', 'ID10/c.png', 'ID2/deep/d.png', 'z.png'):
        touch(tmp_path / 'all' / 'images' / name)
    touch(tmp_path / 'all' / 'images' / '.hidden' / 'e.png')
    touch(tmp_path / 'all' / 'images' / 'ID1' / '._a.png')
    touch(tmp_path / 'all' / 'other' / 'f.png')
    return tmp_path / 'all' / 'images'


EVERYTHING = ['ID1/a.png', 'ID1/b.png', 'ID10/c.png', 'ID2/deep/d.png', 'z.png']


def test_files_come_in_the_order_of_names(tree):
    assert found(tree) == EVERYTHING


@pytest.mark.parametrize('target', ['.', '..', '../..', 'ID1', 'ID2/deep'])
@pytest.mark.parametrize('place', ['A', 'ID2/loop', 'zz'])
def test_links_into_or_above_the_folder_add_nothing(tree, place, target):
    (tree / place).symlink_to(tree / target)
    assert found(tree) == EVERYTHING


def test_a_link_to_itself_is_a_file_that_cannot_be_read(tree):
    (tree / 'self').symlink_to('self')
    assert found(tree) == [*EVERYTHING[:4], 'self', 'z.png']


def test_folders_elsewhere_are_visited_once(tree):
    (tree / 'one').symlink_to(tree.parent / 'other')
    (tree / 'two').symlink_to(tree.parent / 'other')
    (tree.parent / 'other' / 'back').symlink_to(tree)
    (tree.parent / 'other' / 'again').symlink_to('.')
    assert found(tree) == [*EVERYTHING[:4], 'one/f.png', 'z.png']


def test_links_to_a_hidden_store_are_followed(tree):
    """Data under version control is often stored in a hidden folder and linked to."""
    (tree / 'ID3').symlink_to(tree / '.hidden')
    assert found(tree) == [*EVERYTHING[:4], 'ID3/e.png', 'z.png']


def test_the_folder_itself_may_be_a_link(tree, tmp_path):
    (tmp_path / 'link').symlink_to(tree)
    (tree / 'loop').symlink_to(tmp_path / 'link')
    assert found(tmp_path / 'link') == EVERYTHING


def test_the_order_does_not_depend_on_the_form(tmp_path):
    names = ['e.png', 'é.png', 'f.png', 'z.png']
    for form in ('NFC', 'NFD'):
        for name in names:
            touch(tmp_path / form / unicodedata.normalize(form, name))
        walked = [unicodedata.normalize('NFC', name) for name in found(tmp_path / form)]
        assert walked == sorted(names)


def test_existing_files_are_found_in_either_form(tmp_path):
    path = touch(tmp_path / DECOMPOSED / COMPOSED)
    assert existing(tmp_path / COMPOSED / DECOMPOSED) == path
    assert existing(path) == path
    assert existing(tmp_path / COMPOSED / 'gone.png') == tmp_path / COMPOSED / 'gone.png'
    other = touch(tmp_path / DECOMPOSED / DECOMPOSED)  # the folder has changed since
    assert existing(tmp_path / COMPOSED / DECOMPOSED) == other


def test_names_in_two_forms_are_told_apart_in_the_message():
    with pytest.raises(HandboneError, match=r'DCM: .*\\xe9.* and .*e\\u0301.* Unicode forms'):
        by_normal_form([COMPOSED, 'a.png', DECOMPOSED], 'DCM')
    assert by_normal_form(['a.png', DECOMPOSED], 'DCM') == {'a.png': 'a.png', COMPOSED: DECOMPOSED}


@pytest.mark.parametrize('ending', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize('mark', ['', '\ufeff'])
def test_lists_are_read_with_any_line_end_and_mark(tmp_path, ending, mark):
    path = tmp_path / 'list.txt'
    lines = [mark + 'a.png', '', '# no', ' b c.png ', mark + '# no', mark + 'd.png']
    path.write_bytes(ending.join(lines).encode())
    assert list(read_list(path)) == [(1, 'a.png'), (4, 'b c.png'), (6, 'd.png')]


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('a.png\n'.encode('utf-16'), 'UTF-16. Save it as UTF-8'),
        ('a.png\n'.encode('utf-16-be'), 'line 1: there is a zero byte'),
        (b'a.png\n\xff.png\n', 'line 2: not a text in UTF-8. Save it as a text in UTF-8'),
        ('a.png\n\uc190.png\n'.encode('cp949'), 'line 2: not a text in UTF-8'),
    ],
)
def test_other_encodings_are_refused(tmp_path, content, message):
    path = tmp_path / 'list.txt'
    path.write_bytes(content)
    with pytest.raises(HandboneError, match=message) as caught:
        list(read_list(path))
    assert str(path) in str(caught.value)


def test_a_folder_that_cannot_be_listed_is_an_error(tree):
    (tree / 'ID1').chmod(0)
    try:
        if os.access(tree / 'ID1', os.R_OK):
            pytest.skip('this user may read everything')
        with pytest.raises(PermissionError, match='ID1'):
            found(tree)
    finally:
        (tree / 'ID1').chmod(0o700)
