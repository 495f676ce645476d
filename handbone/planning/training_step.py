"""Training steps on random images, to be measured."""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from handbone.masks import pack, planes_first


def training_step(
    config: Config, model: nn.Module, images: int, size: tuple[int, int], precision: str
) -> Callable[[], None]:
    """Prepare a training step: losses, gradients and the optimiser's step.

    Args:
        config: The model's config, of which the optimiser is taken.
        model: The segmentor, on its device and in training mode.
        images: Number of images.
        size: Height and width of the images.
        precision: ``'float32'``, ``'bfloat16'`` or ``'float16'``.

    Returns:
        The step; it ends when the device has finished.
    """
    settings = dict(config.optim_wrapper, type='OptimWrapper')
    if precision != 'float32':
        scale = dict(enabled=precision == 'float16')
        settings.update(type='AmpOptimWrapper', dtype=precision, loss_scale=scale)
    else:
        settings.pop('dtype', None)
    optimizer = build_optim_wrapper(model, settings)
    device = next(model.parameters()).device
    inputs, samples = random_batch(model, images, size, device)

    def step() -> None:
        with optimizer.optim_context(model):
            losses = model(inputs, samples, mode='loss')
        total, _ = cast(BaseModel, model).parse_losses(losses)
        optimizer.update_params(total)
        if device.type == 'cuda':
            torch.cuda.synchronize()

    return step


def random_batch(
    model: nn.Module, images: int, size: tuple[int, int], device: torch.device | str
) -> tuple[torch.Tensor, list[SegDataSample]]:
    """Make images of noise with a rectangle of each class.

    Args:
        model: The segmentor, for the number of its classes.
        images: Number of images.
        size: Their height and width.
        device: Where to put them.

    Returns:
        ``(N, 3, H, W)``, normalised, and the samples with their labels.
    """
    height, width = size
    classes = next(
        cast(int, part.num_classes) for part in model.modules() if hasattr(part, 'num_classes')
    )
    masks = np.zeros((classes, height, width), bool)
    for index, mask in enumerate(masks):
        top, left = index * height // (2 * classes), index * width // (2 * classes)
        mask[top : top + height // 8, left : left + width // 8] = True
    label = planes_first(pack(masks)).to(device)
    meta = dict(img_shape=size, ori_shape=size, pad_shape=size)
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=label), metainfo=meta) for _ in range(images)
    ]
    return torch.randn(images, 3, height, width, device=device), samples
