"""Every configuration loads, builds from scratch, trains a step and predicts.

The ablations, which change these configurations in one place, have tests of their own.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import handbone  # noqa: F401
from handbone.bones import CLASSES
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.engine.guards import GUARDS
from handbone.masks import num_planes, pack, planes_first

CONFIGS = Path(__file__).parents[2] / 'configs'
COMPLETE = sorted(
    path for path in CONFIGS.rglob('*.py') if not {'_base_', 'ablations'} & set(path.parts)
)
PARTS = sorted(CONFIGS.glob('_base_/**/*.py'))
SPLITS = ('train', 'val', 'test')
#: Steps of a pipeline that set the size of what follows.
SIZING = ('RandomAffine', 'UprightAffine', 'Resize', 'CropToRegion', 'RandomCrop', 'CenterCrop')


def name_of(path):
    return str(path.relative_to(CONFIGS))


@pytest.fixture(params=COMPLETE, ids=name_of)
def config(request, monkeypatch):
    monkeypatch.delenv('JSRT_ROOT', raising=False)
    init_default_scope('mmseg')
    return Config.fromfile(request.param)


@pytest.mark.parametrize(
    'name',
    [
        *('demo', 'phantom_shift/segformer_mit-b0_256', 'unet_efficientnet-lite0_1024'),
        *('tissue/folded_unet_256', 'jsrt/folded_unet_384'),
    ],
)
def test_short_trainings_sum_the_cross_entropy_over_classes(name):
    head = Config.fromfile(CONFIGS / f'{name}.py').model.decode_head
    assert [(loss.type, loss.loss_weight) for loss in head.loss_decode] == [
        ('MultilabelBCELoss', head.num_classes),
        ('MultilabelDiceLoss', 1),
    ]


def walk(part: object) -> Iterator[dict]:
    """Every dict in a configuration."""
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from walk(value)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from walk(value)


def splits_of(config):
    """All splits; a config for very few images holds none out for validation."""
    return [split for split in SPLITS if config.get(f'{split}_dataloader') is not None]


def dataset_of(config, split):
    """The dataset that reads files, inside wrappers."""
    dataset = config[f'{split}_dataloader'].dataset
    while 'dataset' in dataset or 'datasets' in dataset:
        dataset = dataset.datasets[0] if 'datasets' in dataset else dataset.dataset
    return dataset


def classes_of(config, split='train'):
    return dataset_of(config, split).get('metainfo', {}).get('classes', CLASSES)


def test_there_are_configs():
    names = {name_of(path) for path in COMPLETE}
    assert names > {
        'demo.py',
        'segformer_mit-b0_1024.py',
        'segformer_mit-b3_1536.py',
        'upernet_swin_1536.py',
        'upernet_convnext-b_1536.py',
        'unetplusplus_hrnet-w64_1024.py',
        'unetplusplus_densenet161_1024.py',
        'unetplusplus_resnet50_1024.py',
        'deeplabv3plus_efficientnet-b7_1024.py',
        *(f'upernet_swin-{size}_1536.py' for size in 'tsbl'),
        *(f'segformer_mit-b{size}_1536.py' for size in range(6)),
        'jsrt/segformer_mit-b0_256.py',
        'cxas/segformer_mit-b0_512.py',
        *(
            f'trash/{name}.py'
            for name in ('segformer_mit-b0_512', 'segformer_mit-b0_512_softmax', 'folded_unet_256')
        ),
        *(
            f'ram_{data}/{name}.py'
            for data in ('h1200', 'w600')
            for name in (
                'upernet_swin_1536',
                'segformer_mit-b0_1536',
                'unetplusplus_resnet50_512',
            )
        ),
        *(f'cascade/{name}.py' for name in ('hand', 'hand_locator', 'hand_network')),
        *(
            f'starter/{name}.py'
            for name in ('hand', 'hand_network', 'hand_network_small', 'own_hands', 'own_few_hands')
        ),
        *(
            f'cascade/{name}.py'
            for name in ('wrist', 'wrist_and_fingertips', 'wrist_network', 'fingertip_network')
        ),
        *(
            f'bent_wrists/{name}.py'
            for name in ('wrist_and_fingertips', 'wrist_network', 'fingertip_network')
        ),
        'jsrt/clavicles.py',
        'jsrt/clavicles_384.py',
        'jsrt/clavicle_network.py',
    }


@pytest.mark.parametrize('path', PARTS, ids=name_of)
def test_part_loads_alone(path):
    assert len(Config.fromfile(path)) > 0


def size_of(step):
    if step['type'] == 'CropToRegion':
        step = step['region'][0] if isinstance(step['region'], list) else step['region']
    return tuple(step.get('size') or step.get('scale') or step['crop_size'])


def test_one_network_size(config):
    """Training, validation and test see images of one size, or in test windows of that size."""
    if config.train_dataloader.dataset.type == 'MultiImageMixDataset':
        side = dataset_of(config, 'train').tile_size  # tiles and windows, whatever the section
        assert (side, side) == tuple(config.crop_size) == tuple(config.model.test_cfg.crop_size)
        return
    sizes = {
        split: size_of(step)
        for split in splits_of(config)
        for step in dataset_of(config, split).pipeline
        if step['type'] in SIZING
    }
    size = tuple(config.crop_size)
    # windows of the files as they are have no other step that sets a size
    assert sizes['train'] == size and sizes.get('val', size) == sizes.get('test', size)
    if config.model.test_cfg.mode == 'slide':
        assert tuple(config.model.test_cfg.crop_size) == size
        assert 'test' not in sizes or size < sizes['test']
    else:
        assert sizes['test'] == size


def test_padding_is_background(config):
    assert config.model.data_preprocessor.seg_pad_val == 0
    assert all(part.get('seg_pad_val', 0) == 0 for part in walk(config.to_dict()))


def test_nothing_needs_several_gpus(config):
    assert not [part for part in walk(config.model) if part.get('type') == 'SyncBN']


def test_heads_and_losses_are_multilabel(config):
    heads = [part for part in walk(config.model) if 'num_classes' in part]
    assert heads
    for head in heads:
        plain = head.loss_decode == dict(type='CrossEntropyLoss')
        if not plain:
            assert head.type.startswith(('Multilabel', 'SMP'))
            assert all(part.type.startswith('Multilabel') for part in walk(head.loss_decode))
        counts = {len(classes_of(config, split)) + plain for split in splits_of(config)}
        assert counts == {head.num_classes}


def test_what_1536_needs(config):
    """Attention without its matrix, heads without the upsampled pyramid, few groups of weights."""
    if '1536' not in Path(config.filename).name:
        pytest.skip('smaller')
    if 'convnext' not in config.filename:
        assert config.model.backbone.type.startswith('SDPA')
    kind = 'Segformer' if 'segformer' in config.filename else 'UPer'
    assert config.model.decode_head.type == f'Multilabel{kind}Head'
    assert config.optim_wrapper.constructor == 'GroupedOptimWrapperConstructor'
    if Path(config.filename).name == 'upernet_swin_1536.py':
        assert config.model.backbone.with_cp
        assert config.optim_wrapper.type == 'AmpOptimWrapper'
        assert config.optim_wrapper.dtype == 'bfloat16'
        assert config.train_dataloader.batch_size == 1


def test_schedule_ends_with_the_training(config):
    schedulers = config.param_scheduler
    schedulers = schedulers if isinstance(schedulers, list) else [schedulers]
    ends = [part.get('end', part.get('total_steps')) for part in schedulers]
    assert max(ends) == config.train_cfg.max_iters
    assert not any(part.get('by_epoch', True) for part in schedulers)
    assert config.train_cfg.max_iters % config.train_cfg.val_interval == 0


def test_runtime_is_complete(config):
    for name, guard in GUARDS.items():
        assert config.default_hooks[name].type == guard.__name__
    assert config.custom_hooks == []
    exclusive = config.model.get('test_cfg', {}).get('decision') == 'exclusive'
    assert config.default_hooks.checkpoint.save_best == ('mIoU' if exclusive else 'mDice')
    assert config.default_scope == 'mmseg'
    assert config.custom_imports.imports == ['handbone']


@pytest.mark.slow
def test_model_trains_and_predicts(config, request):
    """One step on two images of another size than the config's, then a prediction."""
    if config.model.type == 'SMPSegmentor':
        request.getfixturevalue('smp')
    if config.model.type in ('RegionCascade', 'SecondLook'):
        pytest.skip('its networks are trained by themselves')
    if config.model.type == 'DistilledEncoderDecoder':
        pytest.skip('it learns from an ensemble that is trained before')
    # progressive resizing begins at a third of this
    height, width = (256, 200) if 'stages' in config.model.data_preprocessor else (64, 50)
    torch.manual_seed(0)
    drop_pretrained(config)
    model = MODELS.build(config.model)
    model.init_weights()
    classes = len(classes_of(config))
    rng = np.random.default_rng(0)
    images = [torch.from_numpy(rng.integers(0, 256, (3, height, width), dtype=np.uint8))] * 2
    samples = []
    for _ in images:
        masks = rng.random((classes, height, width)) < 0.3
        samples.append(SegDataSample(gt_sem_seg=PixelData(data=planes_first(pack(masks)))))
        metainfo = dict(ori_shape=(300, 220), img_shape=(height, width), img_path='a.png')
        samples[-1].set_metainfo(metainfo)
    frequencies = np.linspace(0.001, 0.1, classes)
    for module in model.modules():
        if hasattr(module, 'set_output_bias'):
            module.set_output_bias(frequencies)
    data = model.data_preprocessor(dict(inputs=images, data_samples=samples), training=True)
    total, log = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    assert total.isfinite()
    without = [
        name
        for name, weight in model.named_parameters()
        if weight.requires_grad and weight.grad is None
    ]
    if not config.get('find_unused_parameters', False):
        assert not without, 'weights without gradient need find_unused_parameters under DDP'
    for sample in samples:
        del sample.gt_sem_seg
    model.eval()
    with torch.no_grad():
        results = model.test_step(dict(inputs=images, data_samples=samples))
    assert results[0].pred_sem_seg.data.shape == (num_planes(classes), 300, 220)
