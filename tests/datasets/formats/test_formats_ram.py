"""RAM-H1200 and RAM-W600: phantoms in their layouts, read and trained on by the shipped configs."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.datasets.formats.coco import CocoReader
from handbone.engine import ResumableRunner
from handbone.errors import HandboneError
from handbone.masks import unpack

pytest.importorskip('pycocotools.mask')
from made_ram import CHANNELS, WITHOUT_MASK, write_h1200, write_w600  # noqa: E402

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'


@pytest.fixture(scope='module')
def h1200(tmp_path_factory):
    root = tmp_path_factory.mktemp('ram_h1200')
    return root, write_h1200(root)


@pytest.fixture(scope='module')
def w600(tmp_path_factory):
    root = tmp_path_factory.mktemp('ram_w600')
    return root, write_w600(root)


def loaded(name, root):
    config = Config.fromfile(CONFIGS / f'{name}.py')
    for split in ('train', 'val', 'test'):
        config[f'{split}_dataloader'].dataset.data_root = str(root)
        config[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False)
    return config


def test_h1200_is_read_as_its_config_says(h1200, build):
    root, truth = h1200
    config = loaded('ram_h1200/segformer_mit-b0_1536', root)
    assert len(config.metainfo.classes) == 30
    for split, count in (('train', 2), ('val', 3), ('test', 3)):
        settings = config[f'{split}_dataloader'].dataset
        load = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
        dataset = build(dict(settings, pipeline=load))
        assert len(dataset) == count
        for index in range(count):
            info = dataset.get_data_info(index)
            assert info['patient'].startswith('P') and len(info['patient']) == 5
            found = unpack(dataset[index]['gt_seg_map'], 30)
            for mask, name in zip(found, config.metainfo.classes, strict=True):
                spelt = name.replace('Pisiform_', 'Pisifrom_')
                expected = truth[info['image_name']].get(spelt, np.zeros(mask.shape))
                np.testing.assert_array_equal(mask, expected != 0, name)
            assert found.sum(axis=0).max() > 2  # overlaps inside the soft tissue


def test_the_image_without_a_mask_is_reported_and_left_out(h1200, build, tmp_path):
    root, _ = h1200
    settings = loaded('ram_h1200/segformer_mit-b0_1536', root).train_dataloader.dataset
    report = tmp_path / 'report.txt'
    dataset = build(dict(settings, report_file=str(report), pipeline=[]))
    names = [dataset.get_data_info(index)['image_name'] for index in range(len(dataset))]
    assert WITHOUT_MASK not in names
    assert f"images[2]: image '{WITHOUT_MASK}' has no annotation" in report.read_text()
    labels = root / 'Segmentation/train/_annotations_bone_rle.coco.json'
    assert len(list(CocoReader(labels))) == 3
    with pytest.raises(HandboneError, match="unlabelled must be 'empty' or 'report'"):
        CocoReader(labels, unlabelled='skip')


def test_w600_is_read_as_its_config_says(w600, build):
    root, truth = w600
    config = loaded('ram_w600/segformer_mit-b0_1536', root)
    assert len(config.metainfo.classes) == len(CHANNELS) == 14
    load = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
    for split in ('train', 'val', 'test'):
        dataset = build(dict(config[f'{split}_dataloader'].dataset, pipeline=load))
        assert len(dataset) == 3
        for index in range(3):
            name = Path(dataset.get_data_info(index)['img_path']).stem
            assert name.startswith(split)
            found = unpack(dataset[index]['gt_seg_map'], 14)
            np.testing.assert_array_equal(found, truth[name] != 0)


@pytest.mark.slow
@pytest.mark.parametrize('data', ['h1200', 'w600'])
@pytest.mark.parametrize(
    'name', ['segformer_mit-b0_1536', 'unetplusplus_resnet50_512', 'upernet_swin_1536']
)
def test_training(request, data, name, tmp_path):
    """Two steps and a validation of a shipped config, on small images and with fewer layers."""
    root = request.getfixturevalue(data)[0]
    config = loaded(f'ram_{data}/{name}', root)
    small = (64, 64)
    if name.startswith('unetplusplus'):
        request.getfixturevalue('smp')
        config.model.encoder_name = 'resnet18'
        config.model.test_cfg.update(crop_size=small, stride=small)
        config.val_dataloader.dataset.indices = 1  # its windows are as large as the files
    elif name.startswith('upernet'):
        config.model.backbone.depths = [1, 1, 1, 1]
        config.model.decode_head.channels = 64
        config.optim_wrapper.type = 'OptimWrapper'  # not every CPU has bfloat16
        del config.optim_wrapper.dtype
    else:
        config.model.backbone.num_layers = [1, 1, 1, 1]
    for split in ('train', 'val', 'test'):
        for step in config[f'{split}_dataloader'].dataset.pipeline:
            step.update({key: small for key in ('size', 'scale', 'crop_size') if key in step})
            if step.type == 'RandomAffine':
                step.scale = (0.8, 1.25)
    drop_pretrained(config)
    config.train_dataloader.batch_size = 2
    config.train_cfg.update(max_iters=2, val_interval=2)
    config.work_dir = str(tmp_path / 'work')
    config.experiment_name = config.visualizer.name = f'{data}_{name}_{tmp_path.name}'
    runner = ResumableRunner.from_cfg(config)
    runner.train()
    assert all(weight.isfinite().all() for weight in runner.model.parameters())
    scores = ['mDice', *(['mOverlapDice', 'mOverlapSurfaceDice@2'] if data == 'h1200' else [])]
    for score in scores:
        assert 0 <= runner.message_hub.get_scalar(f'val/{score}').current() <= 1
