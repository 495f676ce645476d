"""From predictions to a model of Dice and a queue for review, and calibration, by commands."""

import csv
import json

import pytest

from handbone.bones import CLASSES
from handbone.cli.command import main


def rows_of(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope='module')
def predicted(tiny_config, checkpoint, phantom_root, tmp_path_factory):
    """The training images with the tiny network, in two views."""
    out = tmp_path_factory.mktemp('trust')
    words = [str(each) for each in (tiny_config, checkpoint, phantom_root / 'train' / 'DCM')]
    main(['predict', *words, '--tta', '--write', 'csv,trust', '--out-dir', str(out)])
    return out, words


@pytest.mark.slow
def test_learn_and_review(predicted, phantom_root, tmp_path, capsys):
    out, words = predicted
    rows = rows_of(out / 'trust.csv')
    assert len(rows) == 12 * len(CLASSES) and {row['predicted_dice'] for row in rows} == {''}
    found = [row for row in rows if row['confidence']]
    assert found and all(0.02 < float(row['confidence']) < 1 for row in found)
    assert all(0 <= float(row['agreement']) <= 1 for row in rows)
    scores, model = tmp_path / 'scores.csv', tmp_path / 'quality.json'
    truth = ['--images', words[-1], '--metrics', 'dice', '--out', str(scores)]
    main(['evaluate', str(out / 'predictions.csv'), str(phantom_root / 'train'), *truth])
    learn = ['learn-quality', str(out / 'trust.csv'), '--scores', str(scores), '--out', str(model)]
    main(learn)
    assert '12 images of 6 patients' in capsys.readouterr().out
    folder = tmp_path / 'again'
    again = ['--tta', '--quality', str(model), '--out-dir', str(folder)]
    main(['predict', *words, *again])
    assert 'the doubtful ones first' in capsys.readouterr().out
    queue = [float(row['predicted_dice']) for row in rows_of(folder / 'review.csv')]
    assert len(queue) == 12 and queue == sorted(queue)
    (first, *_) = rows_of(folder / 'review.csv')
    of_image = [
        float(row['predicted_dice'])
        for row in rows_of(folder / 'trust.csv')
        if row['image_name'] == first['image_name']
    ]
    assert sum(of_image) / len(of_image) == pytest.approx(queue[0], abs=1e-4)
    # the labels do not depend on who looks at them
    assert (folder / 'predictions.csv').read_bytes() == (out / 'predictions.csv').read_bytes()
    with pytest.raises(SystemExit):
        main(['learn-quality', *learn[1:2], '--scores', *[str(scores)] * 2, '--out', str(model)])
    assert 'one file for each table' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(['learn-quality', str(scores), '--scores', str(scores), '--out', str(model)])
    assert 'is not a table of trust' in capsys.readouterr().err


@pytest.mark.slow
def test_calibration(run_tool, tiny_config, checkpoint, tmp_path):
    out = tmp_path / 'thresholds.json'
    words = (tiny_config, checkpoint, '--out', out, '--work-dir', tmp_path, '--calibration')
    printed, _ = run_tool('tune_thresholds.py', *words)
    assert 'ECE with T' in printed
    content = json.loads(out.read_text())
    assert set(content['classes']) == set(CLASSES)
    assert all(entry['temperature'] > 0 for entry in content['classes'].values())
    assert (tmp_path / 'calibration.csv').is_file() and (tmp_path / 'calibration.png').is_file()
