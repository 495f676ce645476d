"""Datasets inside mmengine's wrappers: every command gives what it gives without them."""

import json

import pytest
from mmengine.config import Config

from handbone.bones import CLASSES
from handbone.evaluation import read_thresholds

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def both(tiny_config, tmp_path_factory):
    """The config, and the same with wrapped datasets for validation and test."""
    path = tmp_path_factory.mktemp('wrapped') / 'wrapped.py'
    cfg = Config.fromfile(tiny_config)
    test, val = cfg.test_dataloader, cfg.val_dataloader
    test.dataset = dict(type='RepeatDataset', times=1, dataset=test.dataset)
    val.dataset = dict(type='ConcatDataset', datasets=[val.dataset])
    cfg.dump(path)
    return tiny_config, path


@pytest.mark.parametrize('command', ['test', 'soft-vote', 'predict'])
def test_same_submission(run_tool, both, checkpoint, phantom_root, tmp_path, command):
    thresholds = tmp_path / 'thresholds.json'
    thresholds.write_text(json.dumps(dict(zip(CLASSES, [0.01] * 15 + [0.03] * 14, strict=True))))
    written = []
    for config in both:
        folder = tmp_path / config.stem
        out = folder / 'masks.csv'
        arguments = {
            'test': (config, checkpoint, '--thresholds', thresholds, '--work-dir', folder),
            'soft-vote': ('--model', config, checkpoint, '--work-dir', folder),
            'predict': (config, checkpoint, phantom_root / 'test'),
        }[command]
        where = ('--out-dir', folder) if command == 'predict' else ('--out', out)
        run_tool(f'{command.replace("-", "_")}.py', *arguments, *where)
        (csv,) = folder.glob('*.csv')
        written.append(csv.read_bytes())
    assert written[0] == written[1] and len(written[0].splitlines()) == 1 + 3 * len(CLASSES)


def test_same_thresholds(run_tool, both, checkpoint, tmp_path):
    found = []
    for config in both:
        folder = tmp_path / config.stem
        run_tool('tune_thresholds.py', config, checkpoint, '--work-dir', folder)
        found.append(read_thresholds(folder / 'thresholds.json', CLASSES))
    assert found[0] == found[1]


def test_same_exported_file(run_export, both, checkpoint, tmp_path):
    pytest.importorskip('onnxscript')
    import onnx

    models = []
    for config in both:
        out = tmp_path / f'{config.stem}.onnx'
        run_export(config, checkpoint, '--out', out)
        models.append(onnx.load(out).graph)
    tensors = [[(each.name, each.raw_data) for each in graph.initializer] for graph in models]
    assert tensors[0] == tensors[1]
