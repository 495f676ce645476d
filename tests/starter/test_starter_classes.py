"""The starter weights label 29 bones under their names, and are refused for anything else."""

import pytest
from mmengine.config import Config

from handbone.apis import MultilabelInferencer
from handbone.apis.joining import join
from handbone.apis.training import train
from handbone.bones import CLASSES
from handbone.checkpoints import load_checkpoint_file
from handbone.checkpoints.fitting import check_starter_classes
from handbone.checkpoints.pretrained import fetch_pretrained
from handbone.cli.command import main
from handbone.configuration.config_file import read_config_file
from handbone.configuration.shipped import config_path
from handbone.errors import HandboneError
from handbone.starter import CONFIG, WEIGHTS

OTHERS = tuple(f'part {number}' for number in range(len(CLASSES)))
LISTS = dict(renamed=(*CLASSES[:-1], 'Elle'), others=OTHERS, moved=CLASSES[::-1], fewer=CLASSES[:5])


def config_of(classes, name=CONFIG):
    options = [
        f'{loader}_dataloader.dataset.metainfo={dict(classes=classes)}'
        for loader in ('train', 'val', 'test')
    ]
    return read_config_file(config_path(name), options)


@pytest.mark.parametrize('classes', LISTS.values(), ids=LISTS)
def test_neither_used_nor_joined(classes, tmp_path):
    with pytest.raises(HandboneError, match='classes'):
        MultilabelInferencer(config_of(classes), 'starter')
    with pytest.raises(HandboneError, match='classes'):
        join(config_of(classes), ['starter', 'starter'], tmp_path / 'joined.pth')
    assert not list(tmp_path.iterdir())


def test_one_line_says_which_names_differ(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('HANDBONE_TRACEBACK', '0')
    monkeypatch.chdir(tmp_path)
    option = f'test_dataloader.dataset.metainfo={dict(classes=LISTS["renamed"])}'
    with pytest.raises(SystemExit):
        main(['predict', str(config_path(CONFIG)), 'starter', '.', '--cfg-options', option])
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "its classes have other names ('Ulna' in it, 'Elle' in the dataset)" in line


@pytest.mark.parametrize('name', ['starter', str(WEIGHTS)])
@pytest.mark.parametrize('classes', LISTS.values(), ids=LISTS)
def test_no_start_of_a_training(classes, name):
    content = load_checkpoint_file('starter')
    with pytest.raises(HandboneError, match='the starter weights are for the bones of the hand'):
        check_starter_classes(content, name, classes)
    check_starter_classes(content, 'own.safetensors', classes)
    check_starter_classes(content, name, CLASSES)


@pytest.mark.parametrize('name', ['starter', str(WEIGHTS), f'file:{WEIGHTS}'])
def test_pretrained_parts_have_the_same_check(name):
    """A network within the cascade, the cascade itself, and names under which there is nothing."""
    part = dict(type='Pretrained', checkpoint=name)
    backbone = dict(init_cfg=dict(part, prefix='network.backbone.'))
    for model in (dict(type='A', backbone=backbone), dict(type='RegionCascade', init_cfg=part)):
        cfg = Config(dict(model=model))
        for classes in LISTS.values():
            with pytest.raises(HandboneError, match='^checkpoint=.* are for the bones of the hand'):
                fetch_pretrained(cfg, lambda classes=classes: classes)
        fetch_pretrained(cfg, lambda: CLASSES)
    for model in (dict(type='A', init_cfg=part), dict(type='A', pretrained=name)):
        with pytest.raises(HandboneError, match='nothing of them would be loaded'):
            fetch_pretrained(Config(dict(model=model)), lambda: CLASSES)


def test_a_training_compares_its_own_classes(tmp_path):
    cfg = config_of(LISTS['renamed'], 'starter/own_hands')
    cfg.work_dir, cfg.load_from = str(tmp_path / 'work'), None
    part = dict(type='Pretrained', checkpoint='starter', prefix='network.backbone.')
    cfg.model.backbone.init_cfg = part
    with pytest.raises(HandboneError, match="^checkpoint='starter': .* 'Elle' in the dataset"):
        train(cfg)
