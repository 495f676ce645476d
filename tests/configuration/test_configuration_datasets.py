"""Classes, pipelines and folds are found inside mmengine's wrappers, however they are nested."""

import pytest
from mmengine.config import Config

from handbone.configuration.dataset_configs import (
    dataset_classes,
    dataset_metainfo,
    dataset_pipeline,
    only_dataset,
    training_checkpoints,
    with_pipeline,
)
from handbone.configuration.fold_config import fold_settings
from handbone.configuration.wrapped_datasets import inner_datasets

CLASSES = ('ulna', 'radius', 'lunate')
STEPS = [dict(type='LoadRadiograph'), dict(type='PackMultilabelInputs')]


def leaf(root='a', classes=CLASSES, pipeline=STEPS, **more):
    settings = dict(data_root=root, metainfo=dict(classes=classes), pipeline=pipeline, **more)
    return dict(type='MultilabelDataset', **settings)


def repeated(dataset):
    return dict(type='RepeatDataset', times=2, dataset=dataset)


def balanced(dataset):
    return dict(type='ClassBalancedDataset', oversample_thr=0.1, dataset=dataset)


def joined(*datasets):
    return dict(type='ConcatDataset', datasets=list(datasets))


WRAPPED = {
    'bare': (leaf(), ['']),
    'repeated': (repeated(leaf()), ['.dataset']),
    'twice': (balanced(repeated(leaf())), ['.dataset.dataset']),
    'joined': (joined(leaf('a'), leaf('b')), ['.datasets.0', '.datasets.1']),
    'nested': (
        repeated(joined(balanced(leaf('a')), joined(leaf('b'), leaf('c')))),
        [
            '.dataset.datasets.0.dataset',
            '.dataset.datasets.1.datasets.0',
            '.dataset.datasets.1.datasets.1',
        ],
    ),
}


def config_of(dataset):
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    return Config({name: dict(dataset=dataset) for name in loaders})


@pytest.mark.parametrize('name', WRAPPED)
def test_read_inside_wrappers(name):
    dataset, keys = WRAPPED[name]
    cfg = config_of(dataset)
    assert [key for key, _ in inner_datasets(cfg.test_dataloader.dataset, '')] == keys
    assert dataset_classes(cfg) == CLASSES
    assert len(dataset_metainfo(cfg, 'val_dataloader')['palette']) == len(CLASSES)
    assert dataset_pipeline(cfg) == STEPS
    other = [dict(type='LoadRadiograph')]
    cfg.test_dataloader.dataset = with_pipeline(cfg.test_dataloader.dataset, other)
    assert dataset_pipeline(cfg) == other
    assert dataset_pipeline(config_of(dataset)) == STEPS  # the former one is not touched


@pytest.mark.parametrize('name', ['bare', 'repeated', 'twice'])
def test_folds_reach_the_dataset(name):
    dataset, (key,) = WRAPPED[name]
    cfg = config_of(dataset)
    cfg.merge_from_dict(fold_settings(cfg, 1, 4))
    for loader in ('train_dataloader', 'val_dataloader'):
        found, inner = only_dataset(cfg, loader, 'unused')
        assert found == f'{loader}.dataset{key}'
        assert (inner.fold, inner.num_folds) == (1, 4)


def test_of_joined_datasets_the_one_that_is_held_out_of_has_folds(tmp_path):
    """The same folder written in two ways, pseudo-labels of a list in it, and another folder."""
    real = leaf(str(tmp_path / 'a'), data_prefix=dict(img_path='images', ann_path='json'))
    again = leaf('', data_prefix=dict(img_path=str(tmp_path / 'a/images'), ann_path='b'))
    listed, other = dict(again, ann_file='images.txt'), leaf(str(tmp_path / 'b'))
    cfg = config_of(real)
    cfg.train_dataloader.dataset = joined(other, listed, repeated(again))
    cfg.merge_from_dict(fold_settings(cfg, 1, 4))
    train = cfg.train_dataloader.dataset.datasets
    assert [each.get('fold') for each in (*train[:2], train[2].dataset)] == [None, None, 1]
    assert (train[2].dataset.num_folds, cfg.val_dataloader.dataset.fold) == (4, 1)
    for datasets, count in (((other, listed), 'none of 2'), ((real, again, other), '2 of 3')):
        cfg.train_dataloader.dataset = joined(*datasets)
        with pytest.raises(ValueError, match=rf'no ann_file, and here {count} do'):
            fold_settings(cfg, 1, 4)


def test_what_cannot_be_one_is_an_error():
    with pytest.raises(ValueError, match='val_dataloader.dataset.dataset joins several datasets'):
        fold_settings(config_of(WRAPPED['nested'][0]), 0, 2)
    cfg = config_of(joined(leaf(), leaf(classes=CLASSES[::-1])))
    with pytest.raises(ValueError, match=r'dataset\.datasets\.1 have different classes'):
        dataset_classes(cfg)
    cfg = config_of(joined(leaf(), leaf(pipeline=STEPS[:1])))
    with pytest.raises(ValueError, match=r'dataset\.datasets\.1 have different pipelines'):
        dataset_pipeline(cfg)
    with pytest.raises(ValueError, match='test_dataloader.dataset has no pipeline'):
        dataset_pipeline(config_of(leaf(pipeline=[])))
    with pytest.raises(ValueError, match=r'there is no test_dataloader\.dataset'):
        dataset_pipeline(Config({}))


def test_classes_of_the_type():
    """The class of a dataset may know its classes; a config may replace them."""
    cfg = config_of(repeated(dict(type='XRayHandBoneDataset', pipeline=STEPS)))
    assert len(dataset_classes(cfg)) == 29


def test_folder_of_the_checkpoints(tmp_path):
    hook = dict(type='CheckpointHook', out_dir=str(tmp_path / 'fast'))
    cfg = Config(dict(default_hooks=dict(checkpoint=hook)))
    assert training_checkpoints(cfg, tmp_path / 'run_2') == tmp_path / 'fast' / 'run_2'
    assert training_checkpoints(Config({}), tmp_path / 'run_2') == tmp_path / 'run_2'
    cfg = Config(dict(default_hooks=dict(checkpoint=None)))
    assert training_checkpoints(cfg, 'run_2').name == 'run_2'
