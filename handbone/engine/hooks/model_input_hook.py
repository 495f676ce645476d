"""Stops a run whose model cannot take its batches, before the first iteration."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from handbone.errors import HandboneError

from ..batch_sizes import batch_sizes

MORE_IMAGES = (
    'set train_dataloader.batch_size to 2 or more, or '
    "norm_cfg=dict(type='GN', num_groups=32) in its part of the model"
)
WITHOUT_LAST_BATCH = (
    'the last batch of each epoch is that small: set train_dataloader.drop_last=True, or a '
    'different train_dataloader.batch_size'
)


class SmallBatchError(HandboneError):
    """A BatchNorm would have to normalise one value."""


@HOOKS.register_module()
class ModelInputHook(Hook):
    """Try the model on the shape of a training batch.

    The trial runs on the meta device, where tensors have a shape but no values: it takes no memory
    and at most a second. Models that cannot run there are not tried.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Try the model.

        Args:
            runner: The runner of the training.

        Raises:
            HandboneError: If the model cannot take images of this size, or BatchNorm needs larger
                batches.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not hasattr(model, 'extract_feat'):
            return
        dataloader = runner.train_dataloader
        sizes = batch_sizes(dataloader) or (dataloader.batch_size or 1,)
        image = batch_shape(model, dataloader)[1:]
        for size in sizes:
            remedy = MORE_IMAGES if size == sizes[0] else WITHOUT_LAST_BATCH
            check_input(model, (size, *image), remedy)


def batch_shape(model: nn.Module, dataloader: torch.utils.data.DataLoader) -> tuple[int, ...]:
    """Find the shape of a training batch from the first sample.

    Args:
        model: The segmentor.
        dataloader: Its training data.

    Returns:
        (N, channels, H, W) after the data preprocessor.
    """
    with random_numbers_kept():
        sample = dataloader.dataset[0]
        batch = dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])
        preprocessor = cast(nn.Module, model.data_preprocessor)
        images = preprocessor(batch, training=True)['inputs']
    return (dataloader.batch_size or 1, *images.shape[1:])


def check_input(model: nn.Module, shape: tuple[int, ...], remedy: str = MORE_IMAGES) -> None:
    """Check that a model can be trained on batches of a shape.

    Args:
        model: The segmentor.
        shape: (N, channels, H, W).
        remedy: What to do if N is too small.

    Raises:
        HandboneError: If the number of images or their size does not suit the model; other faults
            are left to the training.
    """
    try:
        logits_shape(model, shape)
        return
    except SmallBatchError as error:
        raise SmallBatchError(f'{error}: {remedy}') from error
    except Exception as error:  # models raise errors of any type
        reason = str(error).strip().rpartition('\n')[2] or type(error).__name__
    for height, width in _other_sizes(model, *shape[2:]):
        try:
            logits_shape(model, (max(2, shape[0]), shape[1], height, width))
        except Exception:  # the next size may work
            continue
        raise HandboneError(
            f'the model cannot take images of {shape[2]} x {shape[3]} pixels ({reason}); '
            f'{height} x {width} would work: change crop_size in the config'
        )


def logits_shape(model: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Run all heads of a model in its current mode on the meta device.

    Args:
        model: The segmentor; its weights and statistics are not changed.
        shape: (N, channels, H, W).

    Returns:
        Shape of the logits, or ``None`` if the model returns anything but one tensor.

    Raises:
        SmallBatchError: If a BatchNorm in training mode would normalise one value per channel.
    """
    tensors = [*model.named_parameters(), *model.named_buffers()]
    weights = {f'model.{name}': tensor.detach().to('meta') for name, tensor in tensors}
    images = torch.empty(shape, device='meta')
    with torch.no_grad(), _watched_norms(model):
        logits = functional_call(_AllHeads(model), weights, (images,))
    return tuple(logits.shape) if isinstance(logits, Tensor) else None


class _AllHeads(nn.Module):
    """A segmentor and its auxiliary heads in one call."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: Any = model  # a segmentor of mmseg

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        logits = self.model._forward(images)
        if getattr(self.model, 'with_auxiliary_head', False):
            heads = self.model.auxiliary_head
            features = self.model.extract_feat(images)
            for head in heads if isinstance(heads, nn.ModuleList) else [heads]:
                head(features)
        return logits


@contextlib.contextmanager
def _watched_norms(model: nn.Module) -> Iterator[None]:
    """Make BatchNorm layers in training mode raise if they would see one value per channel.

    SyncBN counts the images of all processes. Within the block it is in evaluation mode, so that it
    needs neither GPUs nor other processes; with one process, it needs the same as BatchNorm.
    """

    def watch(name: str, training: bool) -> object:
        def check(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            images = inputs[0]
            if training and images.numel() == images.shape[1]:
                raise SmallBatchError(
                    f'{name} is a BatchNorm that sees one value per channel in a batch of '
                    f'{len(images)} and needs two'
                )

        return check

    norms = [(name, module) for name, module in model.named_modules()]
    norms = [(name, module) for name, module in norms if isinstance(module, _BatchNorm)]
    shared = [norm for _, norm in norms if isinstance(norm, nn.SyncBatchNorm) and norm.training]
    alone = get_world_size() == 1
    handles = [
        norm.register_forward_pre_hook(watch(name, norm.training and (alone or norm not in shared)))
        for name, norm in norms
    ]
    for norm in shared:
        norm.eval()
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for norm in shared:
            norm.train()


@contextlib.contextmanager
def random_numbers_kept() -> Iterator[None]:
    """Restore the generators of Python, NumPy and PyTorch after the block."""
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


def _other_sizes(model: nn.Module, height: int, width: int) -> Iterator[tuple[int, int]]:
    """Sizes to suggest: next multiples of usual strides, the backbone's own size, large ones."""
    for divisor in (32, 64, 128):
        yield -(-height // divisor) * divisor, -(-width // divisor) * divisor
    own = getattr(getattr(model, 'backbone', None), 'img_size', None)
    if own is not None:
        yield (own, own) if isinstance(own, int) else tuple(own)
    yield from ((512, 512), (1024, 1024))
