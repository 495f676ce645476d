"""Resuming another experiment is refused before anything is built; other changes are told."""

import copy
import logging

import pytest
import torch
from mmengine.config import Config
from survive_run import make_config, train, train_in_process

from handbone.configuration.dumped_config import (
    ConfigTextError,
    config_differences,
    parse_config_text,
)
from handbone.engine.experiment import check_same_experiment


def config_of(**changes):
    config = Config(
        dict(
            model=dict(type='Segmentor', decode_head=dict(type='Head', num_classes=29)),
            train_dataloader=dict(
                batch_size=2,
                dataset=dict(type='Data', fold=0, num_folds=5, data_root='here', size=(4, 5)),
            ),
            optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
            train_cfg=dict(max_iters=10, val_interval=-1),
            param_scheduler=[dict(type='PolyLR', eta_min=1e-7, by_epoch=False)],
            work_dir='a',
        )
    )
    config.merge_from_dict(changes)
    return config


def check(old, new):
    meta = dict(config_text=old.pretty_text)
    check_same_experiment('a/iter_4.pth', meta, new, logging.getLogger('experiment'))


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'train_dataloader.dataset.fold': 1}, 'train_dataloader.dataset.fold was 0, is 1'),
        ({'optim_wrapper.optimizer.type': 'SGD'}, "optimizer.type was 'AdamW', is 'SGD'"),
        ({'model.backbone': dict(type='Net')}, "model.backbone was None, is {'type': 'Net'}"),
    ],
)
def test_another_experiment(changes, words):
    with pytest.raises(ValueError, match='iter_4.pth belongs to a different experiment') as caught:
        check(config_of(), config_of(**changes))
    assert words in str(caught.value)
    assert 'load_from=a/iter_4.pth, without --resume' in str(caught.value)


def test_longer_training_and_moved_data(caplog):
    check(
        config_of(),
        config_of(**{'train_cfg.max_iters': 20, 'train_dataloader.dataset.data_root': 'there'}),
    )
    assert caplog.records[0].getMessage().splitlines() == [
        'The config differs from that of the interrupted run:',
        '  train_cfg.max_iters was 10, is 20',
        "  train_dataloader.dataset.data_root was 'here', is 'there'",
    ]


def test_the_same_experiment_is_silent(caplog):
    check(config_of(), config_of(work_dir='b', resume=True, load_from='x', launcher='none'))
    assert not caplog.records


def test_without_a_config_nothing_is_compared(caplog):
    check_same_experiment('x.pth', {}, config_of(), logging.getLogger('experiment'))
    assert not caplog.records
    meta = dict(config_text='model = build()')
    check_same_experiment('x.pth', meta, config_of(), logging.getLogger('experiment'))
    assert 'line 1: not a value' in caplog.text


def test_runner_stops_before_it_builds(tmp_path):
    train_in_process(make_config(tmp_path, train_cfg=dict(max_iters=2)))
    other = make_config(tmp_path, resume=True)
    other.optim_wrapper.optimizer.type = 'SGD'
    other.train_dataloader.dataset.type = 'NoSuchDataset'
    with pytest.raises(ValueError, match='to a different experiment: optim_wrapper.optimizer.type'):
        train(other)


def test_weights_alone_cannot_be_resumed(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'weights.pth')
    config = make_config(tmp_path / 'work', resume=True, load_from=str(tmp_path / 'weights.pth'))
    with pytest.raises(ValueError, match='holds weights, not the state of a training'):
        train(config)


def test_text_reads_back(tmp_path):
    """The text of every shipped construct, without evaluating it."""
    config = config_of(
        words="it's\n'x'", nothing=None, negative=-1.5, deep=[[(1, 2)], {'a b': {3}}]
    )
    values = parse_config_text(config.pretty_text)
    expected = Config.fromstring(config.pretty_text, '.py').to_dict()
    assert list(config_differences(values, expected)) == []
    assert values['negative'] == -1.5 and values['deep'][1] == {'a b': {3}}


@pytest.mark.parametrize(
    'text',
    [
        'import os',
        'a = open("x")',
        'a = dict(*b)',
        'a = dict(**b)',
        'a = b',
        'a.b = 1',
        'a = [x for x in y]',
        'a = (lambda: 1)()',
        'a = {**b}',
        'a = (',
        'a = "x".join(())',
    ],
)
def test_text_that_does_something(text):
    with pytest.raises(ConfigTextError):
        parse_config_text(text)


def test_differences_are_sorted():
    old = dict(b=1, a=dict(z=[1, 2], y=(1, 2)), c=dict(d=1))
    new = copy.deepcopy(old) | dict(b=2, c=3)
    new['a']['y'] = [1, 2]
    new['a']['z'].append(3)
    assert list(config_differences(old, new)) == [
        ('a.z', [1, 2], [1, 2, 3]),
        ('b', 1, 2),
        ('c', dict(d=1), 3),
    ]
