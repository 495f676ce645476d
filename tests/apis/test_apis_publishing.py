"""Weights to share: what the file holds, and what is refused."""

import json

import pytest
import torch
from mmengine.config import Config
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from handbone.apis import publish
from handbone.checkpoints import load_checkpoint_file
from handbone.checkpoints.published import fingerprint, write_published
from handbone.cli.command import main
from handbone.configuration.prediction_settings import use_published_thresholds

CLASSES = ('bone', 'ring')
PALETTE = [(255, 0, 0), (0, 255, 0)]


@pytest.fixture
def checkpoint(tmp_path):
    """A checkpoint as a training writes it, with weights that share memory."""
    weight = torch.arange(6.0).reshape(2, 3)
    config = Config(dict(model=dict(type='Net', test_cfg=dict(threshold=[0.3, 0.6]))))
    content = dict(
        meta=dict(
            cfg=config.pretty_text,
            dataset_meta=dict(classes=CLASSES, palette=PALETTE),
            iter=3,
            epoch=0,
        ),
        state_dict=dict(weight=weight, tied=weight, turned=weight.T, count=torch.tensor(7)),
        optimizer=dict(state={}),
    )
    torch.save(content, tmp_path / 'iter_3.pth')
    return tmp_path / 'iter_3.pth'


def test_round_trip(checkpoint, tmp_path):
    path = publish(str(checkpoint), str(tmp_path / 'shared.safetensors'))
    stored = torch.load(checkpoint, weights_only=True)
    read = load_checkpoint_file(path)
    assert read['state_dict'].keys() == stored['state_dict'].keys()
    for name, weight in stored['state_dict'].items():
        assert torch.equal(read['state_dict'][name], weight)
        assert read['state_dict'][name].dtype == weight.dtype
    assert read['meta']['dataset_meta'] == dict(classes=CLASSES, palette=PALETTE)
    assert read['meta']['thresholds'] == [0.3, 0.6]
    assert read['meta']['config_text'] == stored['meta']['cfg']
    assert read['meta']['sha256'] == fingerprint(load_file(path), safe_open(path, 'pt').metadata())


def test_half_precision_rounds_matrices_alone(tmp_path, checkpoint):
    content = torch.load(checkpoint, weights_only=True)
    content['state_dict']['bias'] = torch.tensor([1e-9, 0.1])
    torch.save(content, checkpoint)
    path = publish(str(checkpoint), str(tmp_path / 'half.safetensors'), precision='fp16')
    weights = load_checkpoint_file(path)['state_dict']
    assert weights['weight'].dtype == torch.float16
    assert torch.equal(weights['weight'].float(), content['state_dict']['weight'])
    assert torch.equal(weights['bias'], content['state_dict']['bias'])
    assert torch.equal(weights['count'], torch.tensor(7))
    content['state_dict']['weight'][0, 0] = 1e6
    torch.save(content, checkpoint)
    with pytest.raises(ValueError, match='weight has values that half precision cannot hold'):
        publish(str(checkpoint), str(tmp_path / 'none.safetensors'), precision='fp16')
    assert not (tmp_path / 'none.safetensors').exists()


def test_other_thresholds_are_said(checkpoint, capsys):
    path = publish(str(checkpoint))
    for thresholds, said in (([0.3, 0.6], False), (0.4, True)):
        config = Config(
            dict(load_from=str(path), model=dict(type='Net', test_cfg=dict(threshold=thresholds)))
        )
        use_published_thresholds(config, str(path))
        written = capsys.readouterr().out
        assert ('published with the thresholds [0.3, 0.6]' in written) == said
        assert config.model.test_cfg.threshold == thresholds


def test_published_thresholds_decide_where_the_config_has_none(checkpoint):
    path = publish(str(checkpoint))
    config = Config(dict(model=dict(type='Net')))
    use_published_thresholds(config, str(path))
    assert config.model.test_cfg.threshold == [0.3, 0.6]
    use_published_thresholds(other := Config(dict(model=dict(type='Net'))), str(checkpoint))
    assert 'threshold' not in other.model.test_cfg


def test_publishing_anew_keeps_files_and_thresholds(checkpoint, tmp_path):
    """Neither the source nor a file of its name is lost, nor what was tuned."""
    tuned = tmp_path / 'thresholds.json'
    tuned.write_text(json.dumps(dict(zip(CLASSES, (0.2, 0.7), strict=True))))
    beside = tmp_path / 'iter_3.safetensors'
    first = publish(str(checkpoint), str(beside), str(tuned))
    content = first.read_bytes()
    assert publish(str(checkpoint)) != beside
    again = publish(str(beside))
    assert beside.read_bytes() == content
    assert load_checkpoint_file(again)['meta']['thresholds'] == [0.2, 0.7]
    assert not list(tmp_path.glob('.*'))


def test_temperatures_travel_with_the_weights(checkpoint, tmp_path):
    """To where the network tells how sure it is, and nowhere else."""
    classes = {
        name: dict(threshold=0.4, temperature=value)
        for name, value in zip(CLASSES, (1.3, 0.9), strict=True)
    }
    tuned = tmp_path / 'thresholds.json'
    tuned.write_text(json.dumps(dict(format='handbone thresholds 1', classes=classes)))
    first = publish(str(checkpoint), str(tmp_path / 'first.safetensors'), str(tuned))
    again = publish(str(first))
    for path in (first, again):
        assert load_checkpoint_file(path)['meta']['temperatures'] == [1.3, 0.9]
        sure = Config(dict(model=dict(type='Net', test_cfg=dict(summarise={}))))
        use_published_thresholds(sure, str(path))
        assert sure.model.test_cfg.summarise.temperatures == [1.3, 0.9]
        use_published_thresholds(labels := Config(dict(model=dict(type='Net'))), str(path))
        assert 'summarise' not in labels.model.test_cfg
    own = Config(dict(model=dict(type='Net', test_cfg=dict(summarise=dict(temperatures=[2, 2])))))
    use_published_thresholds(own, str(first))
    assert own.model.test_cfg.summarise.temperatures == [2, 2]
    assert 'temperatures' not in load_checkpoint_file(publish(str(checkpoint)))['meta']


@pytest.mark.parametrize('temperatures', [[1.0], [1.0, 0], [1.0, 'warm'], 2])
def test_temperatures_that_cannot_be(temperatures, tmp_path):
    path = tmp_path / 'a.safetensors'
    palette = list(map(list, PALETTE))
    write_published(path, {}, list(CLASSES), palette, 0.5, 'model = dict()', temperatures)
    with pytest.raises(ValueError, match='temperatures are one number above 0 for each class'):
        load_checkpoint_file(path)


def test_others_can_read_it(checkpoint, tmp_path):
    """It is a plain safetensors file with texts beside."""
    path = publish(str(checkpoint))
    assert path.parent == tmp_path
    with safe_open(path, 'pt') as file:
        metadata = file.metadata()
    assert json.loads(metadata['classes']) == list(CLASSES)
    assert path.name == f'iter_3-{metadata["sha256"][:8]}.safetensors'
    assert not list(tmp_path.glob('*.part')) and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize('part', ['weights', 'classes', 'thresholds', 'config'])
def test_changes_are_noticed(checkpoint, part):
    path = publish(str(checkpoint))
    weights = load_file(path)
    with safe_open(path, 'pt') as file:
        metadata = file.metadata()
    if part == 'weights':
        weights['weight'][0, 0] += 1e-3
    else:
        metadata[part] = metadata[part].replace('bone', 'knee').replace('3', '4')
    save_file(weights, path, metadata)
    with pytest.raises(ValueError, match='its hash does not fit'):
        load_checkpoint_file(path)


def test_damage(checkpoint):
    path = publish(str(checkpoint))
    whole = path.read_bytes()
    for content in (whole[:-4], whole[:20], b''):
        path.write_bytes(content)
        with pytest.raises(ValueError, match='cut off, damaged or not a safetensors file'):
            load_checkpoint_file(path)


def test_files_of_others(tmp_path):
    save_file(dict(weight=torch.ones(2)), tmp_path / 'other.safetensors')
    read = load_checkpoint_file(tmp_path / 'other.safetensors')
    assert read['meta'] == {} and read['state_dict']['weight'].sum() == 2


def test_default_threshold_and_refusals(checkpoint, capsys, tmp_path):
    content = torch.load(checkpoint, weights_only=True)
    content['meta']['cfg'] = 'model = dict(type="Net")\n'
    torch.save(content, checkpoint)
    main(['publish', str(checkpoint), '--out', str(tmp_path / 'a.safetensors')])
    assert capsys.readouterr().out == f'{tmp_path / "a.safetensors"}\n'
    assert load_checkpoint_file(tmp_path / 'a.safetensors')['meta']['thresholds'] == 0.5
    trace = tmp_path / 'ran'
    for text, words in (
        (f'import os\nos.system("touch {trace}")', 'line 1: not an assignment of a value'),
        ('', 'does not hold its classes and its config'),
    ):
        content['meta']['cfg'] = text
        torch.save(content, checkpoint)
        with pytest.raises(SystemExit):
            main(['publish', str(checkpoint)])
        assert words in capsys.readouterr().err
    assert not trace.exists()
    with pytest.raises(SystemExit):
        main(['publish', str(checkpoint), '--out', str(tmp_path / 'a.pth')])
