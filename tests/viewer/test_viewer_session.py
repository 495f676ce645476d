"""Scores, order, filters, marks and export of a viewer, without a browser."""

import json
import math
from functools import partial

import numpy as np
import pytest
from made_squares import NAMES, RADIUS, ULNA, write_data

from handbone.datasets.formats.catalogue import reader_class
from handbone.errors import HandboneError
from handbone.scoring import evaluate
from handbone.viewer.application import AsciiJson
from handbone.viewer.export import export_marked
from handbone.viewer.findings import Findings
from handbone.viewer.selection import Wish, select
from handbone.viewer.sources import Extras, open_sources

COLUMNS = {'sex': ['F', 'F', 'M'], 'age': ['30', '30', '']}
FINDINGS = Findings(
    (({'check': 'specks'},), (), ({'check': 'doubled'}, {'check': 'specks'})),
    {'specks': 2, 'doubled': 1},
)


@pytest.fixture
def scored(session):
    """The session when everything is scored."""
    session.board.start()
    session.board._thread.join()
    return session


def chosen(session, **wish):
    return select(
        Wish(**wish),
        session.catalogue.gallery,
        session.board,
        session.marks,
        COLUMNS,
        FINDINGS,
    )


def test_scores_are_those_of_evaluate(scored, data, csv_files):
    table = evaluate(csv_files[1], data, scores=['dice'], common=True).scores
    np.testing.assert_allclose(scored.board.dice[2], table.scores['dice'], atol=1e-6)
    assert np.isnan(scored.board.dice[0]).all() and scored.board.done.all()
    assert np.flatnonzero(scored.board.present[0]).tolist() == [RADIUS, ULNA]


def test_scoring_waits_for_answers(session):
    with session.board.waiting():
        session.board.start()
        session.board._thread.join(0.3)
        assert not session.board.done.any()
    session.board._thread.join(10)
    assert session.board.done.all()


def test_images_are_sorted_by_dice_and_by_its_difference(scored):
    scored.board.dice[1] = [[0.5] * 29, [0.1] * 29, [0.9] * 29]
    scored.board.dice[2] = 0.5
    assert chosen(scored, sort='dice') == ([1, 0, 2], [0.1, 0.5, 0.9])
    assert chosen(scored, sort='dice', descending=True)[0] == [2, 0, 1]
    assert chosen(scored, sort='difference', against=2)[1] == [-0.4, 0.0, 0.4]
    scored.board.dice[1, 1, ULNA] = math.nan
    assert chosen(scored, sort='dice', class_index=ULNA) == ([0, 2, 1], [0.5, 0.9, None])
    assert chosen(scored, sort='dice', class_index=ULNA, descending=True)[0] == [2, 0, 1]


@pytest.mark.parametrize(
    ('wish', 'images'),
    [
        ({'text': 'ID001'}, [0, 1]),
        ({'text': 'r.PNG id001'}, [0]),
        ({'patient': 'ID002'}, [2]),
        ({'patient': ' id001 '}, [0, 1]),
        ({'patient': '00'}, [0, 1, 2]),
        ({'patient': '9'}, []),
        ({'column': 'sex', 'value': 'f'}, [0, 1]),
        ({'column': 'age', 'value': '<31'}, [0, 1]),
        ({'column': 'age', 'value': '>=30'}, [0, 1]),
        ({'column': 'age', 'value': '>30'}, []),
        ({'check': 'specks'}, [0, 2]),
        ({'check': 'any', 'patient': 'ID001'}, [0]),
        ({'present': ULNA}, [0, 1, 2]),
        ({'present': 0}, []),
        ({'descending': True}, [2, 1, 0]),
    ],
)
def test_filters(scored, wish, images):
    assert chosen(scored, **wish)[0] == images


def test_a_patient_whose_name_begins_as_others_do_is_found_alone(scored):
    scored.catalogue.gallery.patients[:] = ['ID1', 'ID10', 'ID1']
    assert chosen(scored, patient='ID1')[0] == [0, 2]
    assert chosen(scored, patient='ID')[0] == [0, 1, 2]


@pytest.mark.parametrize(
    ('cells', 'rising', 'falling'),
    [
        (['30', '9.5', ''], [1, 0, 2], [0, 1, 2]),
        (['b', '', 'A'], [2, 0, 1], [0, 2, 1]),
        (['old', '30', '-2'], [2, 1, 0], [0, 1, 2]),
        (['7', '7', '3'], [2, 0, 1], [0, 1, 2]),
    ],
)
def test_images_are_sorted_by_a_column(scored, monkeypatch, cells, rising, falling):
    monkeypatch.setitem(COLUMNS, 'age', cells)
    wish = dict(sort='column', sort_column='age', score='<0')
    assert chosen(scored, **wish) == (rising, [cells[index] or None for index in rising])
    assert chosen(scored, **wish, descending=True)[0] == falling


def test_images_are_sorted_by_patient_and_by_their_findings(scored):
    scored.catalogue.gallery.patients[:] = ['b', 'a', 'B']
    assert chosen(scored, sort='patient') == ([1, 0, 2], [None] * 3)
    assert chosen(scored, sort='patient', descending=True)[0] == [0, 2, 1]
    assert chosen(scored, sort='findings', descending=True) == ([2, 0, 1], ['2', '1', '0'])


@pytest.mark.parametrize(
    'wish',
    [
        {'sort': 'size'},
        {'sort': 'column'},
        {'sort': 'column', 'sort_column': 'x'},
        {'sort': 'dice', 'layer': 3},
        {'sort': 'dice', 'class_index': 29},
        {'present': 29},
        {'column': 'x', 'value': '1'},
        {'column': 'age', 'value': '<old'},
        {'sort': 'dice', 'score': '<good'},
    ],
)
def test_what_is_not_there_cannot_be_asked_for(scored, wish):
    with pytest.raises(HandboneError):
        chosen(scored, **wish)


def test_images_are_filtered_by_the_score_that_they_are_sorted_by(scored):
    scored.board.dice[1] = 1
    scored.board.dice[2] = np.array([0.75, 0.5, np.nan])[:, None]
    for written, fitting in (
        ('<0.75', [1]),
        (' >= 0.75 ', [0]),
        ('<=0.75', [1, 0]),
        ('>0.75', []),
        ('0.6', [1]),
        ('', [1, 0, 2]),
    ):
        assert chosen(scored, sort='dice', layer=2, score=written)[0] == fitting
    apart = dict(sort='difference', layer=2, against=1)
    assert chosen(scored, **apart, score='<-0.3') == ([1], [-0.5])
    assert chosen(scored, score='<0.1')[0] == [0, 1, 2]


@pytest.mark.parametrize('target', ['labelme', 'cvat', 'label-studio', 'hand-bone', 'coco'])
def test_marked_images_go_to_annotation_tools(session, tmp_path, target):
    session.marks.set(1, 'correct')
    said = export_marked(session.catalogue, session.marks, 'correct', target, 2, tmp_path / 'out')
    folder = tmp_path / 'out' / f'correct-{target}'
    assert said.startswith(f'1 of 1 images in {folder}')
    (image,) = reader_class(target)(folder)
    assert image.path is not None and image.path.samefile(session.catalogue.shown(1).image.path)
    names = [session.catalogue.classes[index] for index in (RADIUS, ULNA)]
    reader = reader_class(target)(folder)
    assert set(names) <= set(reader.classes)
    # the masks of the prediction, whose Radius lies 8 pixels further right than the truth
    drawn = image.draw(len(reader.classes)) >> reader.classes.index('Radius') & 1
    assert drawn[32, 24] and not drawn[32, 20]


def test_labels_that_may_have_been_corrected_are_not_exported_again(session, tmp_path):
    session.marks.set(1, 'correct')
    export = partial(export_marked, session.catalogue, session.marks, 'correct', 'labelme', 2)
    (tmp_path / 'correct-labelme').mkdir()
    export(tmp_path)
    (labels,) = (tmp_path / 'correct-labelme').rglob('*.json')
    labels.write_text('corrected')
    session.marks.set(2, 'correct')
    with pytest.raises(HandboneError, match='may have been corrected'):
        export(tmp_path)
    assert labels.read_text() == 'corrected'
    (tmp_path / 'correct-labelme').rename(tmp_path / 'returned')
    assert export(tmp_path).startswith('2 of 2 images')
    assert labels.name in {path.name for path in tmp_path.rglob('correct-labelme/**/*.json')}


def test_images_whose_masks_cannot_be_read_are_left_out_and_named(data, csv_files, tmp_path):
    text = csv_files[0].read_text()
    row = next(line for line in text.splitlines() if line.startswith(f'{NAMES[1]},Radius,'))
    csv_files[0].write_text(text.replace(row, f'{NAMES[1]},Radius,5 x'))
    session, _ = open_sources([data, csv_files[0]], extras=Extras(marks=tmp_path / 'marks.csv'))
    for index in (1, 2):
        session.marks.set(index, 'correct')
    said = export_marked(session.catalogue, session.marks, 'correct', 'labelme', 1, tmp_path)
    session.close()
    folder = tmp_path / 'correct-labelme'
    assert said.startswith(f'1 of 2 images in {folder}; left out: {csv_files[0]}')
    assert 'image2_L' not in {path.stem for path in folder.rglob('*')}


def test_lists_of_names(session, tmp_path):
    session.marks.set(1, 'bad')
    export_marked(session.catalogue, session.marks, 'bad', 'list', 0, tmp_path)
    assert (tmp_path / 'bad.txt').read_text().split() == [NAMES[1]]
    assert (tmp_path / 'not_bad.txt').read_text().split() == [NAMES[0], NAMES[2]]
    session.marks.set(0, 'good')
    export_marked(session.catalogue, session.marks, 'good', 'list', 0, tmp_path)
    assert (tmp_path / 'not_bad.txt').read_text().split() == [NAMES[0], NAMES[2]]


def test_answers_hold_names_that_are_not_unicode():
    answer = AsciiJson({'names': ['\udcbc\udcd5.png', '손.png']}).body
    assert answer.isascii() and json.loads(answer) == {'names': ['\udcbc\udcd5.png', '손.png']}


def test_each_part_of_the_data_has_lists_of_its_own(tmp_path):
    parts = [write_data(tmp_path / 'data' / name) for name in ('train', 'test')]
    session, _ = open_sources(parts, extras=Extras(marks=tmp_path / 'marks.csv'))
    session.marks.set(1, 'bad')
    export_marked(session.catalogue, session.marks, 'bad', 'list', 0, tmp_path)
    counts = {
        (part, name): len((tmp_path / part / f'{name}.txt').read_text().split())
        for part in ('train', 'test')
        for name in ('bad', 'not_bad')
    }
    session.close()
    expected = {('train', 'bad'): 1, ('train', 'not_bad'): 2}
    assert counts == expected | {('test', 'bad'): 0, ('test', 'not_bad'): 3}


@pytest.mark.parametrize(
    ('mark', 'target', 'layer'), [('good', 'list', 0), ('bad', 'zip', 0), ('bad', 'cvat', 3)]
)
def test_what_cannot_be_exported_is_one_line(session, tmp_path, mark, target, layer):
    session.marks.set(1, 'bad')
    with pytest.raises(HandboneError):
        export_marked(session.catalogue, session.marks, mark, target, layer, tmp_path)
    assert json.dumps(sorted(path.name for path in tmp_path.glob('*.txt'))) == '[]'
