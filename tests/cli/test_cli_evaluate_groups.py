"""handbone evaluate: overlaps of pairs of classes, and scores by attributes."""

import csv

import numpy as np
import pytest
from made_masks import shifted, write_masks

from handbone.bones import CARPALS, CLASSES
from handbone.cli.command import main
from handbone.masks import dice, overlap_counts
from handbone.scoring import evaluating


def test_overlaps_of_pairs(masks, truths, annotations, tmp_path, capsys, refused):
    out = tmp_path / 'pairs.csv'
    arguments = [str(masks), str(annotations), '--metrics', 'dice']
    main(['evaluate', *arguments, '--overlap', '--overlap-out', str(out)])
    shown = capsys.readouterr().out
    assert 'Within the overlap of pairs' in shown and 'Surface Dice @2 px' in shown
    with out.open(newline='') as file:
        rows = list(csv.DictReader(file))
    scores = [float(row['dice']) for row in rows if row['dice'] != 'NA']
    pairs = {row['class'] for row in rows}
    assert 'Trapezium+Trapezoid' in pairs
    expected = []
    for name in pairs:
        first, second = (1 << CLASSES.index(each) for each in name.split('+'))
        for packed in truths.values():
            predicted, true = (
                (each & first > 0) & (each & second > 0) for each in (shifted(packed, 1), packed)
            )
            if true.any():
                both, sizes = (predicted & true).sum(), predicted.sum() + true.sum()
                expected.append((2 * both + 1e-4) / (sizes + 1e-4))
    np.testing.assert_allclose(sorted(scores), sorted(expected), atol=1e-6)
    main(['evaluate', *arguments, '--overlap', 'adjacent-bones'])
    assert '| Radius+Scaphoid ' in capsys.readouterr().out
    assert "'Radius+Elbow' is not a pair of classes" in refused(
        *arguments, '--overlap', 'Radius+Elbow'
    )


def test_scores_by_attributes(masks, truths, annotations, phantom_root, capsys, refused, tmp_path):
    arguments = [str(masks), str(annotations), '--metrics', 'dice']
    table = phantom_root / 'patients.csv'
    main(['evaluate', *arguments, '--by', 'sex,side,bend', '--table', str(table)])
    shown = capsys.readouterr().out
    with table.open(newline='') as file:
        sexes = {row['ID']: row['sex'] for row in csv.DictReader(file)}
    dices, values = {}, {}
    for path in sorted(annotations.rglob('*.json')):
        packed = truths[path.stem]
        dices[path.stem] = dice(overlap_counts(shifted(packed, 1), packed, 29)).mean()
        values[path.stem] = sexes[path.parent.name], path.stem[-1]
    for place, name in enumerate(('sex', 'side')):
        for value in {each[place] for each in values.values()}:
            stems = [stem for stem, each in values.items() if each[place] == value]
            mean = np.mean([dices[stem] for stem in stems])
            line = next(line for line in shown.splitlines() if f'| {name} {value} ' in line)
            cells = [cell.strip() for cell in line.strip('|').split('|')]
            assert cells[1] == str(len(stems)) and cells[3] == f'{mean:.4f}'
    assert '| bend upright ' in shown or '| bend bent ' in shown
    assert '--by sex: nothing tells it. Add --table' in refused(*arguments, '--by', 'sex')
    assert "has the columns 'age'" in refused(*arguments, '--by', 'x', '--table', table)
    out = tmp_path / 'scores.csv'
    main(['evaluate', *arguments, '--out', str(out)])
    main(['evaluate', str(out), '--by', 'side,sex', '--table', str(table)])
    assert '| sex ' in capsys.readouterr().out
    assert 'It is measured from reference masks' in refused(out, '--by', 'bend')


def test_differences_by_attributes(masks, truths, annotations, tmp_path, capsys):
    moved = {name: shifted(packed, 3) for name, packed in truths.items()}
    other = write_masks(tmp_path / 'three.csv', moved)
    arguments = [str(masks), str(annotations), '--metrics', 'dice', '--against', str(other)]
    main(['evaluate', *arguments, '--by', 'side'])
    shown = capsys.readouterr().out.partition('Difference to')[2]
    carpals = [CLASSES.index(name) for name in CARPALS]
    for side in {stem[-1] for stem in truths}:
        dices = [
            [dice(overlap_counts(shifted(packed, far), packed, 29)) for far in (1, 3)]
            for stem, packed in truths.items()
            if stem[-1] == side
        ]
        for name, columns in (('mean', slice(None)), ('carpals', carpals)):
            near, far = np.array(dices)[:, :, columns].mean(axis=(0, 2))
            start = f'| side {side} '
            lines = [line for line in shown.splitlines() if line.startswith(start)]
            (cells,) = (
                cells
                for cells in ([cell.strip() for cell in line.split('|')] for line in lines)
                if cells[2] == name
            )
            assert cells[3] == str(len(dices))
            assert cells[5:8] == [f'{near:.4f}', f'{far:.4f}', f'{near - far:+.4f}']


def test_an_unknown_attribute_is_refused_before_anything_is_scored(
    masks, annotations, refused, monkeypatch
):
    monkeypatch.setattr(evaluating, 'MaskScorer', None)
    assert '--by sex: nothing tells it. Add --table' in refused(masks, annotations, '--by', 'sex')


@pytest.mark.parametrize('option', ['--out', '--overlap-out'])
def test_no_result_takes_the_place_of_what_is_scored(masks, annotations, refused, option):
    content = masks.read_bytes()
    assert f'{masks} is read here' in refused(masks, annotations, '--overlap', option, masks)
    assert masks.read_bytes() == content


def test_bends_of_masks_without_a_size(masks, truths, tmp_path, refused, capsys):
    truth = write_masks(tmp_path / 'truth.csv', truths)
    arguments = (masks, truth, '--metrics', 'dice', '--by', 'bend')
    assert 'does not tell the size of the images, which --by bend needs' in refused(*arguments)
    main(['evaluate', *map(str, arguments), '--size', '320', '320'])
    assert '| bend ' in capsys.readouterr().out
