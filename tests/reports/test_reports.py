"""The static report: its figures are those of evaluate, and it stands alone."""

import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_squares import NAMES, write_csv, write_data

from benchmarks.harness.chromium import chromium, opened
from handbone.cli.command import main
from handbone.errors import HandboneError
from handbone.reports.report import write_report
from handbone.scoring import evaluate
from handbone.visualization.difference import ONLY_FIRST, ONLY_SECOND, draw_difference


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Data, a good and a bad prediction."""
    folder = tmp_path_factory.mktemp('report')
    names = [f'{Path(name).stem}.png' for name in NAMES]
    csv_files = [write_csv(folder / f'{name}.csv', s, names) for name, s in (('a', 2), ('b', 8))]
    return write_data(folder / 'data'), *csv_files


@pytest.fixture(scope='module')
def page(files, tmp_path_factory):
    """A report of the good prediction against the bad one."""
    data, good, bad = files
    return write_report(good, data, out_dir=tmp_path_factory.mktemp('out'), against=bad, worst=2)


def test_figures_are_those_of_evaluate(page, files):
    data, good, bad = files
    text = page.read_text(encoding='utf-8')
    table = evaluate(good, data, scores=['dice']).scores
    found = table.interval('dice')
    assert f'<b>{found.mean:.4f}</b><small>{found.low:.4f} to {found.high:.4f}</small>' in text
    other = evaluate(bad, data, scores=['dice']).scores
    assert f'{table.mean("dice") - other.mean("dice"):+.4f}' in text
    assert 'a.csv against b.csv' in text


def test_files_of_one_name_are_told_apart(files, tmp_path):
    data, *csv_files = files
    paths = [tmp_path / name / 'predictions.csv' for name in ('first', 'second')]
    for file, path in zip(csv_files, paths, strict=True):
        path.parent.mkdir()
        shutil.copy(file, path)
    page = write_report(paths[0], data, out_dir=tmp_path / 'out', against=paths[1], worst=0)
    assert 'first/predictions.csv against second/predictions.csv' in page.read_text()
    with pytest.raises(HandboneError, match='is named twice'):
        write_report(paths[0], data, out_dir=tmp_path / 'out', against=paths[0])


def test_the_page_stands_alone_and_its_pictures_lie_beside_it(page):
    text = page.read_text(encoding='utf-8')
    assert not re.search(r'(src|href)="(?!#|pictures/|data:)', text)
    shown = re.findall(r'src="(pictures/[^"]+)"', text)
    assert len(shown) == 4 and all((page.parent / each).is_file() for each in shown)
    assert sum('difference_' in each for each in shown) == 2


@pytest.mark.skipif(chromium() is None, reason='Chromium is not installed')
@pytest.mark.parametrize('dark', [False, True])
@pytest.mark.parametrize('width', [390, 1366])
def test_the_page_fits_and_sorts(page, tmp_path, width, dark):
    with opened(page, tmp_path, width, dark) as shown:
        assert shown.run('document.documentElement.scrollWidth') <= width
        table = 'document.querySelectorAll(".wide table")[0]'
        shown.run(f'{table}.tHead.rows[0].cells[3].querySelector("button").click()')
        cells = f'[...{table}.tBodies[0].rows].map(row => parseFloat(row.cells[3].textContent))'
        values = shown.run(cells)
        assert values == sorted(values, reverse=True) and values[0] > values[-1]
        assert shown.run('[...document.images].every(each => each.naturalWidth > 0)') or (
            shown.run('document.images.length') == 4
        )


def test_a_run_has_its_curve_and_its_scores(files, tmp_path):
    data, good, _ = files
    logs = tmp_path / 'run' / '20260101_000000' / 'vis_data'
    logs.mkdir(parents=True)
    lines = [{'step': 10, 'mDice': 0.5}, {'step': 20, 'mDice': 0.75}, {'step': 30, 'mDice': 0.7}]
    (logs / 'scalars.json').write_text(''.join(json.dumps(each) + '\n' for each in lines))
    evaluate(good, data, scores=['dice'], out=tmp_path / 'scores.csv')
    page = write_report(tmp_path / 'run', out_dir=tmp_path / 'out')
    text = page.read_text(encoding='utf-8')
    assert 'best mDice 0.7500 after 20 iterations' in text and '<polyline' in text
    assert 'The run has no scores of single images.' in text and text.count('<polyline') == 1
    scored = write_report(tmp_path / 'scores.csv', out_dir=tmp_path / 'scored')
    assert 'Worst images' not in scored.read_text(encoding='utf-8')


def test_a_run_with_one_validation_has_the_curve_of_its_loss(tmp_path):
    logs = tmp_path / 'run' / '20260101_000000' / 'vis_data'
    logs.mkdir(parents=True)
    lines = [{'step': step, 'loss': loss} for step, loss in ((5, 2.5), (10, math.nan), (15, 0.5))]
    lines.append({'step': 15, 'mDice': 0.75})
    (logs / 'scalars.json').write_text(''.join(json.dumps(each) + '\n' for each in lines))
    text = write_report(tmp_path / 'run', out_dir=tmp_path / 'out').read_text(encoding='utf-8')
    assert text.count('<polyline') == 1 and '<figcaption>Training: ' in text
    assert all(f'>{number}</text>' in text for number in ('2.5', '0.5', '5', '15'))
    assert 'nan' not in text.partition('<figure class="curve">')[2].partition('</figure>')[0]


def test_a_folder_of_something_else_is_one_line(files, tmp_path, capsys):
    with pytest.raises(HandboneError, match='holds neither a validated training nor'):
        write_report(files[0], out_dir=tmp_path / 'out')
    with pytest.raises(SystemExit):
        main(['report', str(files[0]), '--out', str(tmp_path / 'out')])
    assert capsys.readouterr().err.count('\n') == 1


def test_pictures_of_somebody_else_stay(files, tmp_path):
    data, good, _ = files
    radiograph = tmp_path / 'pictures/0001.jpg'
    radiograph.parent.mkdir()
    radiograph.write_bytes(b'a radiograph')
    with pytest.raises(HandboneError, match='files that are not of a report'):
        write_report(good, data, out_dir=tmp_path)
    assert radiograph.read_bytes() == b'a radiograph' and not (tmp_path / 'index.html').exists()


def test_a_report_that_fails_keeps_the_earlier_one(files, tmp_path):
    data, good, bad = files
    page = write_report(good, data, out_dir=tmp_path / 'out', against=bad, worst=1)
    before = {path: path.read_bytes() for path in page.parent.rglob('*') if path.is_file()}
    shutil.copytree(data, tmp_path / 'broken')
    for image in (tmp_path / 'broken/DCM').rglob('*.png'):
        image.write_bytes(b'')
    for truth in (tmp_path / 'nowhere', tmp_path / 'broken'):
        with pytest.raises((HandboneError, OSError)):
            write_report(bad, truth, out_dir=page.parent, worst=1)
    after = {path: path.read_bytes() for path in page.parent.rglob('*') if path.is_file()}
    assert after == before
    write_report(bad, data, out_dir=page.parent, worst=1)
    assert not list(page.parent.rglob('difference_*')) and not list(page.parent.rglob('.new_*'))


def test_names_are_escaped(files, tmp_path):
    data, good, _ = files
    text = good.read_text().replace('image1_R.png', '<script>alert(1)</script>')
    (tmp_path / 'trouble.csv').write_text(text)
    reference = tmp_path / 'reference.csv'
    reference.write_text(text)
    page = write_report(tmp_path / 'trouble.csv', reference, out_dir=tmp_path / 'out')
    assert '<script>alert' not in page.read_text(encoding='utf-8')


def test_names_need_not_be_utf_8(files, tmp_path):
    data, good, _ = files
    for path in sorted((shutil.copytree(data, tmp_path / 'data')).rglob('image1_R.*')):
        path.rename(path.with_name(f'\udcbc{path.name}'))
    (tmp_path / 'named.csv').write_bytes(good.read_bytes().replace(b'image1_R', b'\xbcimage1_R'))
    page = write_report(tmp_path / 'named.csv', tmp_path / 'data', out_dir=tmp_path / 'out')
    assert re.search(r'src="pictures/\d+_%BCimage1_R.jpg"', page.read_text(encoding='utf-8'))


def test_differences_are_drawn_class_by_class():
    image = np.zeros((1, 5), np.uint8)
    first = np.array([[0, 1, 0, 3, 1]], np.int32)
    second = np.array([[0, 0, 2, 3, 2]], np.int32)
    drawn = draw_difference(image, first, second, alpha=1.0)
    assert drawn[0, 0].tolist() == [0, 0, 0]
    assert drawn[0, 1].tolist() == list(ONLY_FIRST)
    assert drawn[0, 2].tolist() == list(ONLY_SECOND)
    assert len({tuple(each) for each in drawn[0].tolist()}) == 5
