"""The study that compares plans scores a training on the images that it is asked for."""

import shutil

import pytest

from benchmarks.studies import planned


@pytest.mark.parametrize(('split', 'images'), [('val', 4), ('test', 3)])
def test_a_training_is_scored(
    split, images, trained, tiny_config, run_command, tmp_path, monkeypatch
):
    shutil.copytree(trained[0], tmp_path / 'work')
    monkeypatch.setattr(
        planned, 'handbone', lambda command, *words, log: run_command(command, *words)
    )
    dice = planned.mean_dice(tiny_config, tmp_path / 'work', split)
    (table,) = (tmp_path / 'work' / split).rglob('dice_per_image.csv')
    assert 0 <= dice <= 1 and len(table.read_text().splitlines()) == images + 1
