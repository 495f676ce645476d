"""A training in seconds whose every random part counts, in processes that may be killed."""

import os
import random
import signal
from multiprocessing import get_context
from pathlib import Path

# imported here, because each forked training would import them again
import matplotlib.pyplot  # noqa: F401
import numpy as np
import torch
import torch._dynamo
import torch.utils.tensorboard
import yapf.yapflib.yapf_api  # noqa: F401
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.dist import get_rank
from mmengine.fileio import register_backend
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.structures import BaseDataElement
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, OPTIM_WRAPPERS
from torch import nn

from handbone.checkpoints import DurableBackend
from handbone.engine import ResumableRunner
from handbone.engine.launch import adapt_to_hardware

FORK = get_context('fork')
IMAGES = 7


@DATASETS.register_module()
class NoisyDataset(BaseDataset):
    """Numbers with, in training, noise from all three generators."""

    METAINFO = dict(classes=('a', 'b'))

    def __init__(self, count=IMAGES, test_mode=False):
        self.count = count
        super().__init__(pipeline=[self.draw], test_mode=test_mode)

    def load_data_list(self):
        return [dict(img_path=f'image{index}.png', value=index) for index in range(self.count)]

    def draw(self, info):
        noise = 0.0
        if not self.test_mode:
            noise = random.gauss(0, 1) + np.random.randn() + torch.randn(()).item()
        image = torch.full((1, 6, 6), float(info['value'])) / IMAGES + noise
        sample = BaseDataElement(metainfo=dict(img_path=info['img_path'], drawn=image[0, 0, 0]))
        return dict(inputs=image, data_samples=sample)


@MODELS.register_module()
class RandomModel(BaseModel):
    """BatchNorm and dropout; keeps what it was trained on.

    Some images give a loss that is no number, or one with such a gradient; perhaps in one process
    of several only.
    """

    def __init__(self, invalid=(), steep=(), rank=None):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(4, 1, 4)
        )
        here = rank in (None, get_rank())
        self.invalid = set(invalid) if here else set()
        self.steep = set(steep) if here else set()
        self.shown = []

    def forward(self, inputs, data_samples, mode='tensor'):
        inputs = torch.stack(inputs) if isinstance(inputs, (list, tuple)) else inputs
        names = [sample.img_path for sample in data_samples]
        factor = float('nan') if self.invalid & set(names) else 1.0
        output = self.layers(inputs * factor)
        if mode == 'loss':
            self.shown.append(list(zip(names, inputs[:, 0, 0, 0].tolist(), strict=True)))
            loss = (output - inputs.mean()).square().mean()
            if self.steep & set(names):
                loss = loss + (0 * loss).sqrt()
            return dict(loss=loss)
        for sample, value in zip(data_samples, output.flatten(1).sum(1).tolist(), strict=True):
            sample.set_field(value, 'output')
        return data_samples


@METRICS.register_module()
class GrowingMetric:
    """A score that gets better or worse as told."""

    def __init__(self, scores=(0.3, 0.2, 0.5, 0.4)):
        self.scores = list(scores)
        self.dataset_meta = None

    def process(self, data_batch, data_samples):
        torch.rand(1)  # validation may draw random numbers

    def evaluate(self, size):
        return dict(mDice=self.scores.pop(0))


@METRICS.register_module()
class TwoScores(GrowingMetric):
    """One that shall grow and one that shall fall."""

    def evaluate(self, size):
        score = super().evaluate(size)['mDice']
        return dict(mDice=score, loss=score)


@METRICS.register_module()
class OutputMetric(GrowingMetric):
    """A number that depends on every output of the model."""

    def process(self, data_batch, data_samples):
        self.outputs = [*getattr(self, 'outputs', []), *(each['output'] for each in data_samples)]

    def evaluate(self, size):
        self.last, self.outputs = float(np.sum(self.outputs)), []
        return dict(mDice=self.last)


@register_backend('killed')
class KilledBackend(DurableBackend):
    """Writes half of the file of one name and is killed, before or after all of it is written."""

    def __init__(self, name, share):
        self.killed_in, self.share = name, share

    def _write(self, file, content):
        if not Path(file.name).name.removeprefix('.').startswith(self.killed_in):
            super()._write(file, content)
            return
        super()._write(file, content[: int(self.share * len(content))])
        os.kill(os.getpid(), signal.SIGKILL)


@HOOKS.register_module()
class KillHook(Hook):
    """Kill the process at an iteration, as the system does when memory runs out."""

    def __init__(self, iteration, stage='train'):
        self.iteration, self.stage = iteration, stage

    def before_train_iter(self, runner, *_, **__):
        if self.stage == 'train' and runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)

    def after_val_iter(self, runner, *_, **__):
        if self.stage == 'val' and runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)


@OPTIM_WRAPPERS.register_module()
class ScaledOptimWrapper(AmpOptimWrapper):
    """mmengine's wrapper for GPUs, computing on the CPU, with a scale that grows and falls."""

    def __init__(self, **kwargs):
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.cast_dtype = torch.bfloat16
        # twice after each three steps, until the gradients are infinite and a step is left out
        self.loss_scaler = torch.amp.GradScaler(
            'cpu', init_scale=2.0**122, growth_interval=3, growth_factor=2.0**4
        )


def make_config(work_dir, **changes):
    """Ten iterations, a checkpoint at every second and a validation at every third."""
    workers = changes.pop('workers', 0)
    loader = dict(batch_size=2, num_workers=workers, persistent_workers=workers > 0)
    train_loader = dict(
        dataset=dict(type='NoisyDataset'),
        sampler=dict(type='InfiniteSampler', shuffle=True),
        **loader,
    )
    val_loader = dict(
        dataset=dict(type='NoisyDataset', test_mode=True),
        sampler=dict(type='DefaultSampler', shuffle=False),
        **loader,
    )
    config = dict(
        default_scope='mmseg',
        model=dict(type='RandomModel'),
        work_dir=str(work_dir),
        train_dataloader=train_loader,
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=10, val_interval=3),
        val_dataloader=val_loader,
        val_cfg=dict(type='ValLoop'),
        val_evaluator=dict(type='GrowingMetric'),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.01)),
        param_scheduler=dict(type='CosineAnnealingLR', T_max=10, by_epoch=False),
        default_hooks=dict(
            checkpoint=dict(
                type='DurableCheckpointHook',
                by_epoch=False,
                interval=2,
                max_keep_ckpts=2,
                save_best='mDice',
            ),
            logger=dict(type='LoggerHook', interval=1),
        ),
        custom_hooks=[dict(type='EMAHook', momentum=0.1)],
        log_level='WARNING',
        log_processor=dict(by_epoch=False),
        randomness=dict(seed=3),
        experiment_name=str(work_dir).replace('/', '_'),
    )
    config = Config(config)
    config.merge_from_dict(changes)
    return config


def in_epochs(config, batch_size=2):
    """The same in four epochs with a finite sampler."""
    config.train_dataloader.update(
        sampler=dict(type='DefaultSampler', shuffle=True), batch_size=batch_size
    )
    config.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=4, val_interval=2)
    config.default_hooks.checkpoint.update(by_epoch=True, interval=1)
    config.param_scheduler.update(T_max=4, by_epoch=True)
    return config


def train(config, done=None):
    runner = ResumableRunner.from_cfg(config)
    runner.train()
    if done is not None:
        torch.save([runner.model.state_dict(), runner.model.shown], done)


def train_in_process(config, expected=0, timeout=60):
    """Train in a process of its own.

    Returns:
        Its final weights and what the model was shown; None where it was killed.
    """
    Path(config.work_dir).mkdir(parents=True, exist_ok=True)
    done = Path(config.work_dir) / 'done.pt'
    done.unlink(missing_ok=True)
    process = FORK.Process(target=train, args=(config, done))
    process.start()
    process.join(timeout)
    if process.is_alive():
        process.kill()
        raise TimeoutError
    assert process.exitcode == expected
    return torch.load(done, weights_only=True) if expected == 0 else None


def train_as_rank(rank, rendezvous, config):
    os.environ['LOCAL_RANK'] = str(rank)
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2
    )
    adapt_to_hardware(config)
    train(config)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def train_in_two_processes(config, rendezvous, timeout=60):
    """Train with gloo.

    Returns:
        The exit codes; when one process is killed, the other is too.
    """
    config.launcher = 'pytorch'
    processes = [
        FORK.Process(target=train_as_rank, args=(rank, rendezvous, config)) for rank in range(2)
    ]
    for process in processes:
        process.start()
    processes[0].join(timeout)
    if processes[0].exitcode:
        processes[1].join(0 if processes[0].exitcode < 0 else 10)
        processes[1].kill()
    processes[1].join(timeout)
    return [process.exitcode for process in processes]


def same_weights(one, other):
    """Whether two state dicts are equal, bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
