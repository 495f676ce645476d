"""The command that shows what the network sees."""

import os
import re
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from warm_process import warm_python

from handbone.apis import browse_dataset
from handbone.cli.command import main
from handbone.phantom import write_dataset

REPOSITORY = Path(__file__).parents[2]
TOOL = REPOSITORY / 'tools/browse_dataset.py'
ENVIRONMENT = {**os.environ, 'OMP_NUM_THREADS': '1'}


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """A config of the hand-bone dataset on four small phantoms."""
    root = tmp_path_factory.mktemp('browse')
    write_dataset(root / 'data', train=4, test=1, size=256, test_truth=False)
    base = REPOSITORY / 'configs/_base_/datasets/xray_hand_bone.py'
    path = root / 'config.py'
    path.write_text(
        f'_base_ = [{str(base)!r}]\n'
        f'data_root = {str(root / "data")!r}\n'
        'for loader in (_base_.train_dataloader, _base_.val_dataloader, _base_.test_dataloader):\n'
        '    loader.dataset.data_root = data_root\n'
        '    loader.dataset.fold = None\n'
        'del loader\n'
        '_base_.train_dataloader.dataset.pipeline[1].size = (192, 160)\n'
        '_base_.val_dataloader.dataset.pipeline[1].scale = (192, 192)\n'
        '_base_.test_dataloader.dataset.pipeline[1].scale = (192, 192)\n'
    )
    return path


def pictures(folder):
    return {path.name: cv2.imread(str(path)) for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_writes_pictures(config, tmp_path):
    command = [
        str(warm_python()),
        str(TOOL),
        str(config),
        '--output-dir',
        str(tmp_path / 'out'),
    ]  # as it was called before
    done = subprocess.run(
        [*command, '--number', '2'], capture_output=True, text=True, env=ENVIRONMENT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f'2 pictures in {tmp_path / "out"}'
    assert not done.stderr
    written = pictures(tmp_path / 'out')
    assert len(written) == 2
    for name, picture in written.items():
        assert name[:5] in ('0000_', '0001_')
        assert picture.shape[0] >= 160 and picture.shape[1] > 192
        # Grey image, coloured labels.
        assert (picture.max(axis=2).astype(int) - picture.min(axis=2) > 60).mean() > 0.01


def test_starts_again_with_new_augmentations(config, tmp_path):
    cfg = Config.fromfile(config)
    assert browse_dataset(cfg, 'train', tmp_path / 'a', number=5, seed=1) == 5
    assert browse_dataset(cfg, 'train', tmp_path / 'b', number=1, seed=1) == 1
    first = pictures(tmp_path / 'a')
    names = list(first)
    assert names[0][5:] == names[4][5:]
    assert (first[names[0]] != first[names[4]]).any()
    np.testing.assert_array_equal(first[names[0]], pictures(tmp_path / 'b')[names[0]])


@pytest.mark.parametrize(('split', 'count'), [('val', 4), ('test', 1)])
def test_other_splits(config, tmp_path, split, count):
    cfg = Config.fromfile(config)
    if split == 'val':
        cfg.val_dataloader.dataset.split = 'train'
    assert browse_dataset(cfg, split, tmp_path) == count
    assert len(pictures(tmp_path)) == count


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ([], '_R.json: the file is not JSON'),
        (['--cfg-options', 'train_dataloader.dataset.data_root=nowhere'], 'does not exist'),
    ],
)
def test_says_what_is_wrong(config, tmp_path, capsys, options, message):
    annotation = min((config.parent / 'data/train/outputs_json').glob('*/*.json'))
    sound = annotation.read_text()
    annotation.write_text('{')
    try:
        with pytest.raises(SystemExit):
            main(['browse-dataset', str(config), '--out-dir', str(tmp_path / 'out'), *options])
    finally:
        annotation.write_text(sound)
    assert re.match(f'error: .*{message}', capsys.readouterr().err.splitlines()[-1])
    assert not (tmp_path / 'out').exists()
