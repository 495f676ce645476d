"""One class alone goes through training, test, thresholds, prediction and scores."""

import csv
import warnings

import pytest

from handbone import apis
from handbone.bones import CLASSES
from handbone.cli.command import main

pytestmark = pytest.mark.slow


def test_one_class(small_config, phantom_root, tmp_path):
    for split in ('train', 'val', 'test'):
        dataset = small_config[f'{split}_dataloader'].dataset
        dataset.metainfo = dict(classes=('Radius',))
        dataset.skip_labels = [name for name in CLASSES if name != 'Radius']
    small_config.model.decode_head.num_classes = 1
    small_config.test_dataloader.dataset.data_prefix.img_path = 'train/DCM'
    small_config.test_dataloader.dataset.data_prefix.ann_path = 'train/outputs_json'
    config = tmp_path / 'config.py'
    small_config.dump(config)
    with warnings.catch_warnings():
        warnings.filterwarnings('error', message='threshold is not defined')
        apis.train(small_config.copy())
    weights = f'{small_config.work_dir}/iter_2.pth'
    tested = small_config.copy()
    tested.load_from = weights
    tested.experiment_name = f'one_class_test_{tmp_path.name}'
    assert 0 <= apis.test(tested)['mDice'] <= 1
    tuned = small_config.copy()
    tuned.experiment_name = f'one_class_tuning_{tmp_path.name}'
    assert 'mDice/tuned' in apis.tune_thresholds(tuned, [weights], tmp_path / 'thresholds.json')
    out = tmp_path / 'predictions'
    main(['predict', str(config), weights, str(phantom_root / 'train/DCM'), '--out-dir', str(out)])
    with (out / 'predictions.csv').open() as file:
        assert {row['class'] for row in csv.DictReader(file)} == {'Radius'}
    truth = phantom_root / 'train/outputs_json'
    others = [name for name in CLASSES if name != 'Radius']
    found = apis.evaluate(out / 'predictions.csv', truth, classes=['Radius'], skip_labels=others)
    assert 'Radius' in found.text()
