"""BCE + Dice of 29 classes at 1536 x 1536, forward and backward, from logits at 384 x 384.

Runs on a GPU where there is one: with the Triton kernels, and with what ``torch.compile`` makes of
the same operations in PyTorch.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from handbone.masks import planes_first

from . import subject
from .row import Row, Way

LABEL_SIZE = 1536
LOGIT_SIZE = 384
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def low_resolution_logits() -> Tensor:
    """Make logits as a head gives them: (1, 29, 384, 384), requiring gradients."""
    planes = torch.from_numpy(np.ascontiguousarray(subject.planes(LABEL_SIZE)))
    smooth = F.interpolate(planes[None].float(), LOGIT_SIZE, mode='area')
    noise = torch.randn(smooth.shape, generator=torch.Generator().manual_seed(0))
    return (8 * smooth - 5 + noise).to(DEVICE).requires_grad_()


def planes() -> Callable[[], Any]:
    """Upsample all classes and compare them with float planes."""
    logits = low_resolution_logits()
    masks = torch.from_numpy(np.ascontiguousarray(subject.planes(LABEL_SIZE)))[None].to(DEVICE)

    def step() -> Tensor:
        logits.grad = None
        target = masks.float()
        full = F.interpolate(logits, LABEL_SIZE, mode='bilinear', align_corners=False)
        probability = full.sigmoid()
        both = (probability * target).sum((0, 2, 3))
        size = probability.sum((0, 2, 3)) + target.sum((0, 2, 3))
        dice = (2 * both + 1) / (size + 1)
        loss = F.binary_cross_entropy_with_logits(full, target) + (1 - dice).mean()
        loss.backward()
        return logits.grad

    return step


def packed(backend: str) -> Callable[[], Any]:
    """Read the bits, by one of the implementations of :func:`class_by_class_loss`."""
    import handbone  # noqa: F401  registers the losses
    from handbone.models import class_by_class_loss

    if DEVICE == 'cuda' and backend != 'eager':
        import triton  # noqa: F401  without it, which torch.compile needs too, the way is left out

    logits = low_resolution_logits()
    target = planes_first(subject.packed(LABEL_SIZE))[None].to(DEVICE)
    losses = [MODELS.build(dict(type=f'Multilabel{name}Loss')) for name in ('BCE', 'Dice')]

    def step() -> Tensor:
        logits.grad = None
        class_by_class_loss(logits, target, losses, backend=backend)[0].backward()
        return logits.grad

    return step


def check(usual: Tensor, ours: Tensor) -> None:
    """Compare the gradients."""
    assert torch.allclose(usual, ours, rtol=1e-3, atol=1e-9)


WAYS = {
    'cpu': (Way('class_by_class_loss, packed labels', partial(packed, 'eager')),),
    'cuda': (
        Way('class_by_class_loss, PyTorch', partial(packed, 'eager')),
        Way('class_by_class_loss, torch.compile', partial(packed, 'compile')),
        Way('class_by_class_loss, Triton', partial(packed, 'triton')),
    ),
}
TARGETS = {
    'cpu': '250 MB at most, not slower',
    'cuda': '4 x faster, 0.05 of the memory',
}
ROW = Row(
    work=f'BCE + Dice, forward and backward, 29 x {LABEL_SIZE} x {LABEL_SIZE}, batch 1',
    ways=(Way('PyTorch, float targets', planes), *WAYS[DEVICE]),
    check=check,
    target=TARGETS[DEVICE],
)
