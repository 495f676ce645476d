"""Tissue sections from the command line: tiles, training, and predictions worth having."""

import csv
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from handbone.cli.command import main
from handbone.masks import decode, string_to_runs
from handbone.phantom.tissue.dataset import write_sections

tifffile = pytest.importorskip('tifffile')
pytest.importorskip('imagecodecs')

CONFIG = Path(__file__).parents[2] / 'configs/tissue/folded_unet_256.py'
SIZE = 1024
# organs whose units are told apart after seconds of training
ORGANS = ('kidney', 'largeintestine', 'spleen')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('tissue')
    write_sections(root / 'data', train=15, test=5, size=SIZE)
    for path in (root / 'data').glob('*.csv'):
        header, *rows = path.read_text().splitlines(keepends=True)
        path.write_text(header + ''.join(row for row in rows if row.split(',')[1] in ORGANS))
    return root


@pytest.fixture(scope='module')
def config(root):
    """The shipped config on smaller sections, at a smaller scale, with a smaller network."""
    path = root / 'config.py'
    path.write_text(
        f'_base_ = [{str(CONFIG)!r}]\n'
        f'data_root = {str(root / "data")!r}\n'
        f'experiment_name = _base_.visualizer.name = {root.name!r}\n'
        'tiles = _base_.train_dataloader.dataset.dataset\n'
        'tiles.update(data_root=data_root, tile_size=64, overlap=32, reduce=8, fold=None)\n'
        'for loader in (_base_.val_dataloader, _base_.test_dataloader):\n'
        '    loader.update(num_workers=0, persistent_workers=False)\n'
        '    loader.dataset.update(data_root=data_root)\n'
        '    loader.dataset.pipeline[0].reduce = 8\n'
        'del loader, tiles\n'
        'max_iters = 100\n'
        '_base_.param_scheduler.total_steps = max_iters\n'
        'train_cfg = dict(max_iters=max_iters, val_interval=max_iters)\n'
        'train_dataloader = dict(num_workers=0, persistent_workers=False)\n'
        'model = dict(\n'
        '    data_preprocessor=dict(size_divisor=32, test_cfg=dict(size_divisor=32)),\n'
        '    backbone=dict(channels=(16, 32, 48, 64), fold=2, blocks=(1, 1, 1, 1)),\n'
        '    decode_head=dict(in_channels=16, upscale=2),\n'
        '    test_cfg=dict(crop_size=(64, 64), stride=(32, 32)),\n'
        ')\n'
    )
    return path


@pytest.fixture(scope='module')
def work_dir(root, config):
    main(['train', str(config), '--work-dir', str(root / 'work')])
    return root / 'work'


def table(path):
    csv.field_size_limit(2**31 - 1)
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def dice(first, second):
    return 2 * (first & second).sum() / max(first.sum() + second.sum(), 1)


def test_tiles_are_drawn(config, tmp_path, capsys):
    main(['browse-dataset', str(config), '--tiles', '--out-dir', str(tmp_path), '--number', '3'])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f'3 pictures in {tmp_path}: ')
    kept, total = (int(word) for word in re.findall(r'([0-9]+)', last.rpartition(': ')[2]))
    assert 0 < kept <= total == 27
    for path in sorted(tmp_path.iterdir()):
        picture = cv2.imread(str(path))
        assert picture.shape[1] == SIZE
        assert picture.shape[0] > SIZE  # the legend is below


def test_tiles_of_a_dataset_without_tiles(config, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(
            ['browse-dataset', str(config), '--tiles', '--split', 'val', '--out-dir', str(tmp_path)]
        )
    assert 'is a SectionDataset, which has no tiles' in capsys.readouterr().err


@pytest.mark.slow
def test_predictions_beat_a_constant_one_by_far(root, config, work_dir, capsys):
    """Of its own organ, each section is predicted far better than as one piece of tissue unit."""
    out, images = root / 'predictions', root / 'data/test_images'
    words = [str(config), str(work_dir), str(images), '--out-dir', str(out)]
    main(['predict', *words, '--write', 'csv,overlays', '--rle-order', 'columns'])
    rows = {(row['image_name'], row['class']): row['rle'] for row in table(out / 'predictions.csv')}
    scores, constant = [], []
    for row in table(root / 'data/test.csv'):
        (truth,) = [decode([string_to_runs(row['rle'])], SIZE, SIZE, 'F') == 1]
        runs = string_to_runs(rows[f'{row["id"]}.tiff', row['organ']], SIZE * SIZE)
        scores.append(dice(decode([runs], SIZE, SIZE, 'F') == 1, truth))
        constant.append(dice(np.ones_like(truth), truth))
    assert np.mean(constant) < 0.35
    assert np.mean(scores) > 0.6
    overlay = cv2.imread(str(out / 'overlays/20000.jpg'))
    assert overlay.shape[:2] == (SIZE, SIZE)


@pytest.mark.slow
def test_a_bad_section_is_one_failure(root, config, work_dir, tmp_path, capsys):
    sections = tmp_path / 'sections'
    sections.mkdir()
    sound = root / 'data/test_images/20001.tiff'
    (sections / 'sound.tiff').write_bytes(sound.read_bytes())
    (sections / 'cut.tiff').write_bytes(sound.read_bytes()[:-3000])
    tifffile.imwrite(sections / 'grey.tiff', np.zeros((600, 600), np.uint8))
    main(['predict', str(config), str(work_dir), str(sections), '--out-dir', str(tmp_path / 'out')])
    assert '1 of 3 images' in capsys.readouterr().out
    failures = (tmp_path / 'out/failures.csv').read_text()
    assert 'the TIFF is cut off' in failures or 'the header of the TIFF is damaged' in failures
    assert 'the image is grey, but a tissue section has colours' in failures


@pytest.mark.slow
def test_sections_are_scored_while_training(work_dir):
    scalars = [
        json.loads(line)
        for path in work_dir.rglob('scalars.json')
        for line in path.read_text().splitlines()
    ]
    (scored,) = [line for line in scalars if 'mDice' in line]
    assert 0 <= scored['mDice'] <= 1
