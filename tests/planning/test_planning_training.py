"""Planned configs load, build and train, whatever the format."""

import json
import shutil

import cv2
import psutil
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

from handbone.apis import convert, plan, read_config_file, train
from handbone.bones import CARPALS, FINGERS
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.datasets.fold_file import write_fold_file
from handbone.errors import HandboneError
from handbone.planning import step_cost
from handbone.planning.plan import StepCost


@pytest.fixture(autouse=True)
def costs(monkeypatch):
    """Steps that are not measured; the times and the memory of this machine decide nothing."""
    monkeypatch.setattr(step_cost, '_measure', lambda *_: (0.1, 10**9))
    memory = psutil.virtual_memory()._replace(available=16 * 10**9)
    monkeypatch.setattr(psutil, 'virtual_memory', lambda: memory)


QUICK = ['train_cfg.max_iters=2', 'train_cfg.val_interval=2', 'train_dataloader.num_workers=0']
QUICK += ['val_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False']
QUICK += ['val_dataloader.persistent_workers=False', 'train_dataloader.batch_size=2']


@pytest.fixture(scope='module')
def as_coco(phantom_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp('coco')
    convert(phantom_root / 'train', folder, 'coco', image_files='copy')
    return folder


def trained_iterations(config, work_dir):
    cfg = read_config_file(config, QUICK)
    cfg.work_dir = str(work_dir)
    train(cfg)
    return (work_dir / 'last_checkpoint').read_text().strip()


@pytest.mark.slow
@pytest.mark.parametrize('form', ['hand-bone', 'coco'])
def test_a_planned_config_trains(form, phantom_root, as_coco, tmp_path):
    data = phantom_root if form == 'hand-bone' else as_coco
    planned = plan(data, tmp_path / 'mine.py', time_limit=60)
    assert planned.plan.step.network == 'folded_unet'
    cfg = read_config_file(planned.config)
    kind = 'XRayHandBoneDataset' if form == 'hand-bone' else 'FormatDataset'
    assert cfg.train_dataloader.dataset.type == kind
    assert cfg.model.decode_head.num_classes == 29
    end = trained_iterations(planned.config, tmp_path / 'run')
    assert end.endswith('iter_2.pth')


@pytest.mark.slow
def test_a_pale_image_asks_for_ranks(phantom_root, tmp_path):
    data = tmp_path / 'data'
    shutil.copytree(phantom_root, data)
    pale = sorted(data.glob('train/DCM/*/*.png'))[2]
    cv2.imwrite(str(pale), 240 + cv2.imread(str(pale), cv2.IMREAD_GRAYSCALE) // 16)
    planned = plan(data, tmp_path / 'mine.py', time_limit=60)
    assert planned.fingerprint.pale_images == 1
    assert ('grey values', 'ranks') in [reason[:2] for reason in planned.plan.reasons]
    preprocessor = read_config_file(planned.config).model.data_preprocessor
    assert preprocessor.type == 'RankDataPreProcessor' and 'mean' not in preprocessor
    assert trained_iterations(planned.config, tmp_path / 'run').endswith('iter_2.pth')
    usual = plan(phantom_root, tmp_path / 'usual.py', time_limit=60)
    assert usual.fingerprint.pale_images == 0
    assert 'ranks' not in {choice for _, choice, _ in usual.plan.reasons}


def test_formats_have_the_same_fingerprint(phantom_root, as_coco, tmp_path):
    ours = plan(phantom_root, tmp_path / 'a.py', time_limit=60)
    theirs = plan(as_coco, tmp_path / 'b.py', time_limit=60)
    one, other = ours.fingerprint.to_plain(), theirs.fingerprint.to_plain()
    assert one['images'] == 12 and one['patients'] == 6
    measures = {each['name']: each for each in one.pop('classes')}
    assert {each['name']: each for each in other.pop('classes')} == measures
    assert one == other
    written = json.loads(ours.fingerprint_file.read_text())
    assert written['images'] == 12 and len(written['classes']) == 29


def test_the_config_holds_what_was_planned(phantom_root, tmp_path):
    planned = plan(phantom_root, tmp_path / 'mine.py', time_limit=600)
    cfg = read_config_file(planned.config)
    assert cfg.train_cfg.max_iters == planned.plan.iterations == cfg.param_scheduler[2].end
    assert cfg.train_dataloader.batch_size == planned.plan.step.batch
    assert cfg.train_dataloader.dataset.pipeline[1].size == planned.plan.step.size
    init_default_scope('mmseg')
    sizes = {}
    for split in ('train', 'val', 'test'):
        dataset = DATASETS.build(cfg[f'{split}_dataloader'].dataset)
        sizes[split] = len(dataset)
        assert dataset[0]['inputs'].shape[1:] == planned.plan.step.size[::-1]
    assert sizes['train'] + sizes['val'] == 12 and sizes['val'] > 0 and sizes['test'] == 3
    assert 'Decision' in planned.text() and 'finger-16' in planned.text()


@pytest.mark.parametrize('form', ['hand-bone', 'coco'])
def test_renamed_classes_and_folds_of_a_file(form, phantom_root, as_coco, tmp_path):
    """Both are in the config, which reads the same classes and holds out the fold of the file."""
    data = phantom_root if form == 'hand-bone' else as_coco
    folds = tmp_path / 'folds.csv'
    patients = [f'ID{number:03d}' for number in range(1, 7)]
    write_fold_file(folds, dict(zip(patients, [0, 1, 1, 0, 2, 2], strict=True)))
    planned = plan(
        data,
        tmp_path / 'mine.py',
        time_limit=60,
        rename={'Scaphoid': 'carpus', 'Lunate': 'carpus'},
        skip=[*FINGERS, *CARPALS[:4], *CARPALS[6:]],
        fold_file=folds,
    )
    assert planned.plan.folds == 3 and 'folds.csv' in planned.text()
    cfg = read_config_file(planned.config)
    classes = cfg.train_dataloader.dataset.metainfo.classes
    assert set(classes) == {'carpus', 'Radius', 'Ulna'}
    assert cfg.model.decode_head.num_classes == 3
    init_default_scope('mmseg')
    held_out = DATASETS.build(cfg.val_dataloader.dataset)
    found = {held_out.get_data_info(index)['patient'] for index in range(len(held_out))}
    assert found == {'ID001', 'ID004'}
    assert held_out.metainfo['classes'] == tuple(classes)
    if form == 'hand-bone':  # its test images are read in the same way
        assert len(DATASETS.build(cfg.test_dataloader.dataset)) == 3


@pytest.mark.parametrize('gigabytes', [None, 8])
def test_images_with_colours(gigabytes, as_coco, tmp_path, monkeypatch):
    """All channels reach the network, from scratch and pretrained."""
    shutil.copytree(as_coco, tmp_path / 'data')
    for path in (tmp_path / 'data').rglob('*.png'):
        cv2.imwrite(str(path), cv2.applyColorMap(cv2.imread(str(path), 0), cv2.COLORMAP_PINK))
    monkeypatch.setattr(
        'handbone.apis.planning.cost_on',
        lambda *_: lambda step: step_cost._estimated(step, 29),
    )
    planned = plan(tmp_path / 'data', tmp_path / 'mine.py', 10**6, gigabytes)
    assert planned.fingerprint.color
    cfg = read_config_file(planned.config)
    drop_pretrained(cfg)
    init_default_scope('mmseg')
    item = DATASETS.build(cfg.train_dataloader.dataset)[0]
    assert (item['inputs'][0] != item['inputs'][2]).float().mean() > 0.05
    model = MODELS.build(cfg.model)
    batch = model.data_preprocessor(
        dict(inputs=[item['inputs']], data_samples=[item['data_samples']])
    )
    assert batch['inputs'].shape[1] == 3
    if gigabytes is None:
        assert model.backbone.in_channels == 3
    else:  # files are read as blue, green, red; the weights were trained on red, green, blue
        settings = cfg.model.data_preprocessor
        red = (item['inputs'][2].float() - settings.mean[0]) / settings.std[0]
        height, width = red.shape
        assert torch.allclose(batch['inputs'][0, 0, :height, :width], red, atol=1e-5)


def test_a_fold_file_that_lacks_a_patient(phantom_root, tmp_path):
    write_fold_file(tmp_path / 'folds.csv', {'ID001': 0, 'ID002': 1})
    with pytest.raises(HandboneError, match='has no fold for 4 patients'):
        plan(phantom_root, tmp_path / 'mine.py', fold_file=tmp_path / 'folds.csv')
    assert not (tmp_path / 'mine.py').exists()


@pytest.mark.parametrize('gigabytes', [8, 80])
def test_a_plan_for_a_gpu_builds(gigabytes, phantom_root, tmp_path, monkeypatch):
    monkeypatch.setattr(
        'handbone.apis.planning.cost_on',
        lambda *_: lambda step: step_cost._estimated(step, 29),
    )
    monkeypatch.setattr('handbone.planning.step_choice.FEW_PATIENTS', 0)
    planned = plan(phantom_root, tmp_path / 'mine.py', 10**6, gigabytes)
    cfg = read_config_file(planned.config)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.model.decode_head.num_classes == 29
    assert cfg.param_scheduler[1].end == cfg.train_cfg.max_iters == planned.plan.iterations
    drop_pretrained(cfg)
    init_default_scope('mmseg')
    MODELS.build(cfg.model)


def test_windows_in_a_config(phantom_root, tmp_path, monkeypatch):
    monkeypatch.setattr('handbone.planning.rules.WINDOWS_FROM', 1.0)
    monkeypatch.setattr(
        'handbone.apis.planning.cost_on',
        lambda *_: lambda step: StepCost(1.0, 10**6, True, True),
    )
    planned = plan(phantom_root, tmp_path / 'mine.py', time_limit=60)
    cfg = read_config_file(planned.config)
    assert planned.plan.windows
    assert cfg.model.test_cfg.mode == 'slide'
    assert cfg.model.test_cfg.crop_size == planned.plan.step.size[::-1]
    assert cfg.test_dataloader.dataset.pipeline[1].scale == planned.plan.image_size
