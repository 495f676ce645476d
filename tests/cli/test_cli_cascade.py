"""A cascade from the command line: two trainings, one checkpoint, and what is done with it."""

import ast
import json
from importlib import import_module

import numpy as np
import pytest
import torch
from mmengine.config import Config
from tool_process import REPOSITORY

from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.configuration.config_file import read_config_file

pytestmark = pytest.mark.slow
CONFIG = """
_base_ = ['{base}']
loader = dict(num_workers=0, persistent_workers=False)
dataset = dict(data_root='{data_root}')
train_dataloader = dict(batch_size=2, dataset=dict(num_folds=5, **dataset), **loader)
val_dataloader = dict(dataset=dict(num_folds=5, **dataset), **loader)
test_dataloader = dict(dataset=dataset, **loader)
small = dict(backbone=dict(channels=(8, 8, 8, 8, 8)), decode_head=dict(in_channels=8))
# thresholds above which there is something after two iterations
model = {model}
train_cfg = dict(max_iters=2, val_interval=2)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=2), visualization=dict(draw=False))
"""
MODELS = dict(
    hand_locator='dict(test_cfg=dict(threshold=0.02), **small)',
    hand_network='dict(test_cfg=dict(threshold=0.02), **small)',
    hand='dict(locator=small, network=small, test_cfg=dict(threshold=0.02))',
)


@pytest.fixture(scope='module')
def configs(phantom_root, tmp_path_factory):
    """Files of the three configs, for small networks."""
    folder = tmp_path_factory.mktemp('cascade')
    for name, model in MODELS.items():
        base = REPOSITORY / 'configs' / 'cascade' / f'{name}.py'
        inheriting = folder / f'{name}_inheriting.py'
        inheriting.write_text(CONFIG.format(base=base, data_root=phantom_root, model=model))
        Config.fromfile(inheriting).dump(folder / f'{name}.py')
    return folder


@pytest.fixture(scope='module')
def joined(configs):
    """The checkpoint of both networks, each trained for two iterations."""
    for name in ('hand_locator', 'hand_network'):
        main(['train', str(configs / f'{name}.py'), '--work-dir', str(configs / name)])
    out = configs / 'hand.pth'
    parts = [str(configs / name) for name in ('hand_locator', 'hand_network')]
    main(['join', str(configs / 'hand.py'), *parts, '--out', str(out)])
    return out


@pytest.fixture(scope='module')
def tested(configs, joined):
    """The CSV of the test images."""
    out = configs / 'test.csv'
    arguments = ('--work-dir', str(configs / 'test'), '--out', str(out))
    main(['test', str(configs / 'hand.py'), str(joined), *arguments])
    return out


def test_the_checkpoint_has_the_weights_of_both(configs, joined):
    weights = torch.load(joined, weights_only=False)['state_dict']
    for part in ('locator', 'network'):
        (file,) = (configs / f'hand_{part}').glob('best_*.pth')
        own = torch.load(file, weights_only=False)['state_dict']
        assert all(torch.equal(weights[f'{part}.{name}'], each) for name, each in own.items())
    assert {name.partition('.')[0] for name in weights} == {'locator', 'network'}


def test_predictions_are_those_of_the_test(configs, joined, tested, phantom_root):
    out = configs / 'predicted'
    images = str(phantom_root / 'test' / 'DCM')
    main(['predict', str(configs / 'hand.py'), str(joined), images, '--out-dir', str(out)])
    by_name = {}
    for file in (tested, out / 'predictions.csv'):
        lines = file.read_text().splitlines()[1:]
        rows = [line.rsplit(',', 2) for line in lines]
        by_name[file] = {(name.rpartition('/')[2], label): runs for name, label, runs in rows}
    first, second = by_name.values()
    assert len(first) == 3 * len(CLASSES) and any(first.values())
    assert first == second


def test_published_weights_predict_the_same(configs, joined, tested):
    published = configs / 'hand.safetensors'
    main(['publish', str(joined), '--out', str(published)])
    again = configs / 'again.csv'
    arguments = ('--work-dir', str(configs / 'again'), '--out', str(again))
    main(['test', str(configs / 'hand.py'), str(published), *arguments])
    assert again.read_text() == tested.read_text()


def test_thresholds_are_tuned_and_used(configs, joined):
    out = configs / 'thresholds.json'
    arguments = ('--work-dir', str(configs / 'tuned'), '--out', str(out))
    main(['tune-thresholds', str(configs / 'hand.py'), str(joined), *arguments])
    assert set(json.loads(out.read_text())['classes']) == set(CLASSES)


def test_views_and_votes(configs, joined):
    config, checkpoint = str(configs / 'hand.py'), str(joined)
    work = ('--work-dir', str(configs / 'vote'))
    main(['test', config, checkpoint, '--tta', *work, '--out', str(configs / 'tta.csv')])
    models = ('--model', config, checkpoint, '--model', config, checkpoint)
    main(['soft-vote', *models, *work, '--out', str(configs / 'vote.csv')])
    for name in ('tta', 'vote'):
        lines = (configs / f'{name}.csv').read_text().splitlines()
        assert len(lines) == 1 + 3 * len(CLASSES)
        assert any(not line.endswith(',') for line in lines[1:])


def test_a_cascade_is_trained_part_by_part(configs, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['train', str(configs / 'hand.py'), '--work-dir', str(configs / 'whole')])
    assert ended.value.code == 1
    assert 'handbone join' in capsys.readouterr().err


def test_networks_of_a_cascade_are_joined_again(configs, joined):
    """Each as what it was, although both have the same shapes."""
    out = configs / 'joined_again.pth'
    main(['join', str(configs / 'hand.py'), str(joined), str(joined), '--out', str(out)])
    before, after = (torch.load(path, weights_only=False)['state_dict'] for path in (joined, out))
    assert before.keys() == after.keys()
    assert all(torch.equal(after[name], each) for name, each in before.items())


@pytest.mark.parametrize(
    ('config', 'locator', 'message'),
    [
        ('hand_locator', 'hand_locator', 'not the config of a cascade'),
        ('hand', 'other.pth', 'does not fit the locator of'),
        ('hand', 'nothing.pth', 'nothing.pth'),
    ],
)
def test_what_cannot_be_joined(configs, joined, capsys, config, locator, message):
    torch.save(dict(state_dict=dict(weight=torch.ones(2))), configs / 'other.pth')
    arguments = [str(configs / locator), str(configs / 'hand_network')]
    out = configs / 'wrong.pth'
    with pytest.raises(SystemExit) as ended:
        main(['join', str(configs / f'{config}.py'), *arguments, '--out', str(out)])
    assert ended.value.code == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_the_template_of_the_configs_is_that_of_phantoms(configs, capsys):
    main(['region-template', str(configs / 'hand_locator.py'), '--mirror', '--size', '256', '384'])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'template = [' and lines[-1] == ']'
    printed = [ast.literal_eval(line.partition('#')[0].strip().rstrip(',')) for line in lines[1:-1]]
    config = Config.fromfile(configs / 'hand.py')
    pairs = list(zip(printed, config.model.region.template, strict=True))
    both = np.array([pair for pair in pairs if None not in pair])
    assert len(both) > 20  # some classes lie in a different place in each of ten images
    assert np.abs(both[:, 0] - both[:, 1]).max() < 0.12


def test_a_mirrored_template_of_classes_with_sides_is_doubted(configs, monkeypatch):
    warned, module = [], import_module('handbone.apis.region_template')
    monkeypatch.setattr(module, 'print_log', lambda text, **_: warned.append(text))
    sided = tuple(f'left {name}' for name in CLASSES)
    monkeypatch.setattr(module, 'dataset_classes', lambda cfg: sided)
    config = read_config_file(configs / 'hand_locator.py')
    for mirror in (False, True):
        module.region_template(config, mirror=mirror)
    (text,) = warned
    assert 'left finger-1 has a side: its mirror image keeps that name' in text
