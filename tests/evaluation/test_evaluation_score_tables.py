"""One table of scores: its means, its files, its text, and what is wrong with files."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from handbone.csv_files import csv_bytes
from handbone.evaluation.drawn_tables import draw_table, means_table, plain_text, print_tables
from handbone.evaluation.fold_scores import FoldScores
from handbone.evaluation.score_files import (
    is_score_file,
    read_score_file,
    write_dice_files,
    write_scores,
)
from handbone.evaluation.score_table import ScoreTable

#: The last one is not UTF-8.
NAMES = ('ID1/a.png', 'ID1/b, left.png', 'ID\udcbc\udcd5/c.png')


def make_table(seed=0, images=('ID1/a.png', 'ID1/b, left.png', 'ID2/c.png'), **settings):
    random = np.random.default_rng(seed)
    shape = (len(images), 3)
    scores = {'dice': random.random(shape), 'hd95': random.random(shape) * 9}
    scores['hd95'][0, 2] = np.inf
    defaults = dict(
        images=tuple(images),
        patients=tuple(image.split('/')[0] for image in images),
        classes=('left', 'right', 'rare'),
        scores=scores,
        groups={'pair': ('left', 'right'), 'rare': ('right', 'rare')},
        reference_pixels=random.integers(0, 2, shape),
    )
    return ScoreTable(**defaults | settings)


def test_means_by_the_definition():
    table = make_table()
    scores = table.scores['dice']
    means = [scores[:, 0], scores[:, 1], scores[:, 2], scores[:, :2], scores[:, 1:], scores]
    assert [table.mean('dice', part) for part in table.parts] == pytest.approx(
        [each.mean() for each in means]
    )
    assert table.mean('hd95', table.parts[2]) == pytest.approx(table.scores['hd95'][1:, 2].mean())
    # a group takes precedence over the class of its name
    assert table.means('dice', ['class', 'group'])['rare'] == pytest.approx(scores[:, 1:].mean())
    assert table.means('dice', ['class'])['rare'] == pytest.approx(scores[:, 2].mean())
    order = np.argsort(scores.mean(axis=1), kind='stable').tolist()
    assert table.worst(2) == order[:2] and table.chosen(order).worst(3) == [0, 1, 2]
    nothing = make_table(scores={'hd95': np.full((3, 3), np.inf)})
    assert np.isnan(nothing.mean('hd95')) and nothing.worst(1) == [0]


def test_groups_that_do_not_fit():
    for groups, message in (
        ({'odd': ('left', 'middle')}, r"Group 'odd' has the unknown classes \['middle'\]"),
        ({'odd': ()}, "Group 'odd' has no class"),
    ):
        with pytest.raises(ValueError, match=message):
            make_table(groups=groups).parts  # noqa: B018


def rows_of(text):
    """Cells of a drawn table, by the first one."""
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines()]
    return {row[0]: row[1:] for row in rows if row}


def test_the_table_of_means():
    table = make_table()
    text = means_table(table, intervals=True)
    rows = rows_of(text)
    assert rows['Class'] == [
        'Dice',
        'HD95 (px)',
        'One empty',
        'Worst',
        'Worst in',
        'Images with it',
    ]
    scores, worst = table.scores['dice'], int(table.scores['dice'][:, 0].argmin())
    assert rows['left'] == [
        f'{scores[:, 0].mean():.4f}',
        f'{table.scores["hd95"][:, 0].mean():.4f}',
        '0',
        f'{scores[worst, 0]:.4f}',
        table.images[worst],
        str(np.count_nonzero(table.reference_pixels[:, 0])),
    ]
    assert rows['mean'][:3] == [f'{scores.mean():.4f}', f'{table.mean("hd95"):.4f}', '1']
    assert rows['95 % from'][0] == f'{table.interval("dice").low:.4f}'
    assert 'Images with it' not in means_table(make_table(reference_pixels=None))


def test_text_of_tables_is_plain_and_of_any_width(monkeypatch, capsys):
    """No markup, no colours, no broken lines, however narrow the terminal."""
    monkeypatch.setenv('COLUMNS', '20')
    monkeypatch.setenv('FORCE_COLOR', '1')
    name = '[bold]x[/bold]' + 50 * ' long :smile:' + ' 漢字'
    table = draw_table(['Name', 'Score'], [[[name, '1']], [['b', '22']]], left=['Name'], title='A')
    text = plain_text(table)
    assert rows_of(text) == {'Name': ['Score'], name: ['1'], 'b': ['22']}
    assert '\x1b' not in text and len(text.splitlines()) == 8
    print_tables([table, 'and a sentence'])
    assert capsys.readouterr().out == f'{text}\nand a sentence\n'


def test_dice_files_are_read_back(tmp_path):
    table = make_table(images=NAMES)
    write_dice_files(table, tmp_path / 'new')
    read = read_score_file(tmp_path / 'new' / 'dice_per_image.csv', table.groups)
    assert (read.images, read.classes) == (table.images, table.classes)
    assert read.patients == table.patients
    np.testing.assert_allclose(read.scores['dice'], table.scores['dice'], atol=1e-6)
    with (tmp_path / 'new' / 'dice_per_class.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [(row['kind'], row['name'], row['group']) for row in rows] == [
        ('class', 'left', 'pair'),
        ('class', 'right', 'pair'),
        ('class', 'rare', 'rare'),
        ('group', 'pair', 'pair'),
        ('group', 'rare', 'rare'),
        ('mean', 'mean', ''),
    ]
    assert float(rows[4]['dice']) == pytest.approx(table.scores['dice'][:, 1:].mean(), abs=1e-6)


def test_tables_of_scores_are_read_back(tmp_path):
    table, path = make_table(images=NAMES), tmp_path / 'scores.csv'
    write_scores(table, path)
    read = read_score_file(path, {'pair': ('left', 'nowhere'), 'none': ('nowhere',)}, 'mm')
    assert (read.images, read.patients) == (table.images, table.patients)
    assert read.groups == {'pair': ('left',)} and read.unit == 'mm'
    for column, scores in table.scores.items():
        np.testing.assert_allclose(read.scores[column], scores, atol=1e-6)
    assert is_score_file(path)
    for content in (b'', b'\xff\xfe', b'image_name,class,rle\n', b'\x89PNG'):
        path.write_bytes(content)
        assert not is_score_file(path)


PER_IMAGE = 'image,mean,a,b\n'
SCORES = 'image,patient,class,dice,hd95\n'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'line 1: the file is empty'),
        ('\n' + PER_IMAGE + 'x,1,1,1\n', 'line 1: the first line is empty'),
        (PER_IMAGE, 'line 1: there is no score below the header'),
        ('image,mean\nx,1\n', 'line 1: there is no score'),
        ('image,patient,class\nx,y,z\n', 'line 1: no scores'),
        ('image,patient,class,dise\nx,y,z,1\n', "line 1: unknown scores 'dise'"),
        ('name,mean,a\nx,1,1\n', "line 1: the header 'name,mean,a' is not that"),
        ('image,mean,a,a\nx,1,1,1\n', "line 1: a second column 'a'"),
        (PER_IMAGE + 'x,1,1\n', 'line 2: 3 fields where the header has 4'),
        (PER_IMAGE + 'x,1,1,1\nx,1,1,1\n', "line 3: second row of image 'x'"),
        (PER_IMAGE + ',1,1,1\n', 'line 2: the image has no name'),
        (PER_IMAGE + 'x,1,1,much\n', "line 2: 'much' is not a score from 0 to 1"),
        (PER_IMAGE + 'x,1,1,nan\n', "line 2: 'nan' is not a score"),
        (PER_IMAGE + 'x,1,1,inf\n', "line 2: 'inf' is not a score"),
        (PER_IMAGE + 'x,1,1,1.1\n', "line 2: '1.1' is not a score"),
        (PER_IMAGE + 'x,1,1,0_1\n', "line 2: '0_1' is not a score"),
        (SCORES + 'x,p,a,1,-2\n', "line 2: '-2' is not a distance"),
        (SCORES + 'x,p,a,1,2\nx,p,a,1,2\n', "line 3: second row of image 'x', class 'a'"),
        (SCORES + 'x,p,a,1,2\nx,q,b,1,2\n', "line 3: second row of image 'x'"),
        (SCORES + 'x,p,a,1,2\nx,p,b,1,2\ny,p,a,1,2\n', "image 'y' has no class 'b'"),
    ],
)
def test_bad_files_name_line_and_fault(tmp_path, text, message):
    path = tmp_path / 'scores.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_score_file(path)
    assert str(caught.value).startswith(str(path)) and not str(caught.value).endswith('..')


def test_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / 'scores.csv'
    path.write_bytes(b'\xef\xbb\xbf' + (PER_IMAGE + 'x,1,1,0.5\n').replace('\n', '\r').encode())
    assert is_score_file(path)
    assert read_score_file(path).scores['dice'].tolist() == [[1, 0.5]]


def test_patients_are_read_back_where_they_are_known(tmp_path):
    """An image without one, and all images of a file of earlier versions, are their own."""
    patients = ('P1', NAMES[1], *('P1',) * (len(NAMES) - 2))
    table = replace(make_table(images=NAMES), patients=patients)
    write_dice_files(table, tmp_path)
    path = tmp_path / 'dice_per_image.csv'
    with path.open(newline='', errors='surrogateescape') as file:
        header, *rows = csv.reader(file)
    assert header[:3] == ['image', 'patient', 'mean'] and rows[1][:2] == [NAMES[1], '']
    assert is_score_file(path) and read_score_file(path).patients == patients
    former = [[row[0], *row[2:]] for row in (header, *rows)]
    path.write_bytes(csv_bytes(former))
    assert is_score_file(path)
    read = read_score_file(path)
    assert read.patients == NAMES and read.classes == table.classes
    np.testing.assert_allclose(read.scores['dice'], table.scores['dice'], atol=1e-6)
    folds = FoldScores([write_fold(tmp_path / '0', NAMES, 1, patients=patients)[0]])
    assert sorted(folds.scores.patients) == sorted(patients)


def write_fold(folder, images, seed, **settings):
    table = make_table(seed, images, **settings)
    write_dice_files(table, folder)
    return folder / 'dice_per_image.csv', table


def test_folds(tmp_path):
    first, one = write_fold(tmp_path / '0', ('d/ID2/a.png', 'd/ID10/a.png'), 1)
    second, two = write_fold(tmp_path / '1', ('d/ID1/a.png',), 2)
    scores = FoldScores([first, second], {'pair': ('left', 'right')})
    assert scores.images == ('d/ID1/a.png', 'd/ID10/a.png', 'd/ID2/a.png')
    assert scores.folds == (1, 0, 0)
    scores.write_csv(tmp_path / 'out')
    with (tmp_path / 'out' / 'dice_by_fold.csv').open(newline='') as file:
        header, *rows = csv.reader(file)
    assert header == ['name', 'fold 0', 'fold 1', 'all']
    assert [row[0] for row in rows] == ['left', 'right', 'rare', 'group pair', 'mean']
    every = np.concatenate([one.scores['dice'], two.scores['dice']])
    expected = [one.scores['dice'][:, :2].mean(), two.scores['dice'][:, :2].mean()]
    np.testing.assert_allclose(
        [float(cell) for cell in rows[3][1:]], [*expected, every[:, :2].mean()], atol=2e-6
    )
    with (tmp_path / 'out' / 'dice_out_of_fold.csv').open(newline='') as file:
        header, *rows = csv.reader(file)
    assert header == ['fold', 'image', 'patient', 'mean', 'left', 'right', 'rare']
    assert [row[:2] for row in rows] == [
        [str(fold), image] for fold, image in zip(scores.folds, scores.images, strict=True)
    ]
    drawn = rows_of(scores.table())
    assert drawn['images'] == ['2', '1', '3'] and len(drawn) == 7
    with pytest.raises(ValueError, match='1 image is in two folds, the first is d/ID1/a.png'):
        FoldScores([second, second])
    other, _ = write_fold(
        tmp_path / '2', ('e.png',), 3, classes=('left', 'right', 'odd'), groups={}
    )
    with pytest.raises(ValueError, match='different classes'):
        FoldScores([first, other])
