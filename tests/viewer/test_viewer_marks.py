"""Marks of a viewer: kept at once, shared with other viewers and with people."""

import pytest
from made_squares import NAMES, write_data
from small_disk import fill_disk, mount_small_disk

from handbone.errors import HandboneError
from handbone.folder_lock import FolderInUseError, locked_file
from handbone.viewer import marks as marks_module
from handbone.viewer.export import export_marked
from handbone.viewer.marks import Marks
from handbone.viewer.selection import Wish, select
from handbone.viewer.sources import Extras, open_sources


def marked(session, mark):
    """List the images that the filter shows."""
    gallery = session.catalogue.gallery
    return select(Wish(mark=mark), gallery, session.board, session.marks, {}, None)[0]


def test_marks_are_kept_at_once_and_read_again(session, tmp_path):
    session.marks.set(1, 'bad', 'two  hands,\n"left"')
    session.marks.set(2, 'correct')
    again = Marks(session.marks.path, NAMES)
    assert again.all() == ['', 'bad', 'correct']
    assert again.notes()[1] == 'two hands, "left"'
    again.set(1, '')
    assert session.marks.path.read_text() == f'image_name,mark,note\n{NAMES[2]},correct,\n'
    session.marks.set(1, 'bad')
    assert marked(session, 'bad') == [1]
    assert marked(session, 'none') == [0]


def test_what_another_viewer_has_marked_is_filtered_and_exported(session, tmp_path):
    assert marked(session, 'bad') == []
    other = Marks(session.marks.path, NAMES)
    other.set(1, 'bad', 'two hands')
    assert marked(session, 'bad') == [1] and session.marks.notes()[1] == 'two hands'
    other.set(2, 'bad')
    export_marked(session.catalogue, session.marks, 'bad', 'list', 1, tmp_path / 'out')
    assert (tmp_path / 'out' / 'bad.txt').read_text().splitlines() == [*NAMES[1:]]
    session.marks.path.unlink()
    assert session.marks.marked('') == [0, 1, 2]


def test_marks_of_names_that_are_not_utf_8(tmp_path):
    names = ['ID1/\udcbc\udcd5.png', '손.png']
    marks = Marks(tmp_path / 'marks.csv', names)
    marks.set(0, 'bad', 'half a character: \ud83d')
    marks.set(1, 'good')
    again = Marks(tmp_path / 'marks.csv', names)
    assert again.all() == ['bad', 'good'] and again.notes()[0] == 'half a character: \ufffd'


def test_marks_are_those_of_the_image_whatever_is_shown_beside_it(data, tmp_path):
    other = write_data(tmp_path / 'data' / 'train')
    for kind in ('DCM', 'outputs_json'):
        for patient in list((other / kind).iterdir()):
            patient.rename(patient.with_name(f'{patient.name}_train'))
    extras = Extras(marks=tmp_path / 'marks.csv')
    alone, both = ([data], [data, other])

    def marks_of(sources):
        session, _ = open_sources(sources, extras=extras)
        session.close()
        return session.marks, session.catalogue.gallery.names

    marks_of(alone)[0].set(1, 'bad', 'alone')
    marks, names = marks_of(both)
    first = names.index(f'test/{NAMES[1]}')
    assert marks.marked('bad') == [first] and marks.notes()[first] == 'alone'
    marks.set(first, 'correct', 'beside')
    marks.set(names.index(f'test/{NAMES[2]}'), 'good')
    marks.set(next(n for n, name in enumerate(names) if name.startswith('train/')), 'bad')
    again, _ = marks_of(alone)
    assert again.all() == ['', 'correct', 'good'] and again.notes()[1] == 'beside'
    again.set(1, '')
    lines = extras.marks.read_text().splitlines()[1:]
    assert len(lines) == 2 and any(line.startswith('train/') for line in lines)
    assert f'{NAMES[2]},good,' in lines


def test_marks_of_images_that_are_not_shown_stay(tmp_path):
    path = tmp_path / 'marks.csv'
    path.write_text('image_name,mark,note\nother.png,good,\n')
    Marks(path, NAMES).set(0, 'bad')
    assert 'other.png,good' in path.read_text()


def test_marks_of_others_stay(tmp_path):
    """Two viewers and a person write one file."""
    one, other = (Marks(tmp_path / 'marks.csv', NAMES) for _ in range(2))
    one.set(0, 'bad')
    other.set(1, 'good')
    with one.path.open('a') as file:
        file.write('by_hand.png,correct,\n')
    one.set(0, 'correct')
    assert one.path.read_text().splitlines()[1:] == [
        *sorted([f'{NAMES[0]},correct,', f'{NAMES[1]},good,', 'by_hand.png,correct,'])
    ]
    assert one.all() == ['correct', 'good', '']
    one.path.write_text('something else\n')
    with pytest.raises(HandboneError, match='the header is not image_name,mark,note'):
        one.set(0, 'bad')
    assert one.path.read_text() == 'something else\n'


def test_marks_wait_for_another_viewer(tmp_path, monkeypatch):
    marks = Marks(tmp_path / 'marks.csv', NAMES)
    monkeypatch.setattr(marks_module, 'PATIENCE', 0)
    with locked_file(marks.path, 0), pytest.raises(FolderInUseError):
        marks.set(0, 'bad')
    marks.set(0, 'bad')
    assert marks.all()[0] == 'bad'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('image,mark\n', 'line 1: the header is not image_name,mark,note'),
        ('image_name,mark,note\na.png,ugly,\n', "line 2: 'ugly' is no mark"),
    ],
)
def test_a_file_of_something_else_is_one_line(tmp_path, text, words):
    path = tmp_path / 'marks.csv'
    path.write_text(text)
    with pytest.raises(HandboneError, match=words):
        Marks(path, NAMES)
    assert path.read_text() == text


def test_a_full_disk_keeps_the_marks_that_were_there(tmp_path):
    with mount_small_disk(tmp_path / 'disk') as folder:
        if folder is None:
            pytest.skip('no file system may be mounted here')
        marks = Marks(folder / 'marks.csv', NAMES)
        marks.set(0, 'bad')
        before = marks.path.read_bytes()
        fill_disk(folder, 0)
        with pytest.raises(OSError, match='marks.csv'):
            marks.set(1, 'bad', 'n' * 400)
        assert marks.path.read_bytes() == before and marks.all()[1] == ''
