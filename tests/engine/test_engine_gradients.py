"""Two processes have the gradients of one with twice the batch."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmseg.registry import TRANSFORMS
from survive_run import FORK

import handbone  # noqa: F401
from handbone.engine import ResumableRunner
from handbone.engine.launch import adapt_to_hardware

SIZE = (64, 64)
RATE = 1000.0  # large, so that the difference of the weights has digits to compare


@TRANSFORMS.register_module()
class IgnoreRows(BaseTransform):
    """Ignore the upper rows of the labels, of each image another share."""

    def transform(self, results):
        share = sum(Path(results['img_path']).stem.encode()) % 7 / 8
        labels = results['gt_seg_map']
        labels[: round(share * len(labels))] |= np.int32(-(2**31))
        return results


def make_config(work_dir, data_root, losses, batch_size, launcher='none'):
    """One step of gradient descent, without BatchNorm and dropout."""
    norm = dict(type='GN', num_groups=4)
    config = dict(
        default_scope='mmseg',
        launcher=launcher,
        model=dict(
            type='MultilabelEncoderDecoder',
            data_preprocessor=dict(
                type='SegDataPreProcessor', mean=[127.5], std=[64.0], size=SIZE, seg_pad_val=0
            ),
            backbone=dict(
                type='FoldedUNet', channels=(8, 8, 8), blocks=(1, 1, 1), fold=4, norm_cfg=norm
            ),
            decode_head=dict(
                type='MultilabelPixelShuffleHead',
                in_channels=8,
                in_index=0,
                num_classes=29,
                upscale=4,
                loss_decode=losses,
            ),
        ),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=batch_size,
            num_workers=0,
            sampler=dict(type='InfiniteSampler', shuffle=True),
            dataset=dict(
                type='XRayHandBoneDataset',
                data_root=str(data_root),
                pipeline=[
                    dict(type='LoadRadiograph'),
                    dict(type='RandomAffine', size=SIZE, degrees=20),
                    dict(type='LoadPolygonAnnotations', frame='image'),
                    dict(type='IgnoreRows'),
                    dict(type='RandomExposure'),
                    dict(type='PackMultilabelInputs', channels=1),
                ],
            ),
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=RATE)),
        default_hooks=dict(checkpoint=dict(type='DurableCheckpointHook', by_epoch=False)),
        visualizer=dict(type='MultilabelLocalVisualizer', name=str(work_dir).replace('/', '_')),
        randomness=dict(seed=5),
        log_level='WARNING',
        experiment_name=str(work_dir).replace('/', '_'),
    )
    return Config(config)


def step(config):
    """Gradients of the first step, by name."""
    adapt_to_hardware(config)
    runner = ResumableRunner.from_cfg(config)
    model = getattr(runner.model, 'module', runner.model)
    model.init_weights()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    model.init_weights = lambda: None
    runner.train()
    return {
        name: (before[name] - weight.detach()) / RATE for name, weight in model.named_parameters()
    }


def step_of_two(rank, folder, config):
    os.environ['LOCAL_RANK'] = str(rank)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    torch.save(step(config), folder / f'gradients{rank}.pt')
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    'losses',
    [
        [dict(type='MultilabelBCELoss'), dict(type='MultilabelDiceLoss')],
        [dict(type='MultilabelDiceLoss', per_image=True)],
        [dict(type='MultilabelFocalLoss'), dict(type='MultilabelTverskyLoss')],
    ],
    ids=['default', 'per image', 'focal and tversky'],
)
def test_gradients(phantom_root, tmp_path, losses):
    expected = step(make_config(tmp_path / 'one', phantom_root, losses, 4))
    config = make_config(tmp_path / 'two', phantom_root, losses, 2, 'pytorch')
    processes = [
        FORK.Process(target=step_of_two, args=(rank, tmp_path, config)) for rank in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    for rank in range(2):
        gradients = torch.load(tmp_path / f'gradients{rank}.pt', weights_only=True)
        assert gradients.keys() == expected.keys()
        for name, gradient in gradients.items():
            scale = expected[name].abs().max()
            assert scale > 0
            assert (gradient - expected[name]).abs().max() < 1e-4 * scale, name


def test_more_processes_than_images(tmp_path, phantom_root, monkeypatch):
    config = make_config(tmp_path, phantom_root, [dict(type='MultilabelBCELoss')], 1)
    runner = ResumableRunner.from_cfg(config)
    monkeypatch.setattr('handbone.engine.resumable_runner.get_world_size', lambda: 13)
    with pytest.raises(ValueError, match='has 12 images for 13 processes: start at most 12'):
        runner.train()
