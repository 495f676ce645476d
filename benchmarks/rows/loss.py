"""BCE + Dice of 29 classes, forward and backward, from logits at a quarter of the labels' size.

    python -m benchmarks loss loss.1024 loss.512 loss.unknown

The first is at 1536 x 1536, the last at 1024 x 1024 with ten classes unknown. Runs on a GPU where
there is one: with the Triton kernels, and with what ``torch.compile`` makes of the same operations
in PyTorch.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor

from benchmarks.harness import subject
from benchmarks.harness.plain_packages import import_smp
from benchmarks.harness.row import Row, Way
from handbone.masks import planes_first

SIZES = (512, 1024, 1536)
#: Classes of which nothing is known in the row ``loss.unknown``: the carpals and the forearm.
UNKNOWN = slice(19, 29)
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'


def low_resolution_logits(size: int) -> Tensor:
    """Make logits as a head gives them: (1, 29, size / 4, size / 4), requiring gradients."""
    planes = torch.from_numpy(np.ascontiguousarray(subject.planes(size)))
    smooth = F.interpolate(planes[None].float(), size // 4, mode='area')
    noise = torch.randn(smooth.shape, generator=torch.Generator().manual_seed(0))
    return (8 * smooth - 5 + noise).to(DEVICE).requires_grad_()


def planes(size: int, loss_of: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], Any]:
    """Upsample all classes and compare them with float planes.

    Args:
        size: Height and width of the labels.
        loss_of: The loss of logits and target, both (1, 29, size, size).

    Returns:
        A step; it returns the gradient of the logits.
    """
    logits = low_resolution_logits(size)
    masks = torch.from_numpy(np.ascontiguousarray(subject.planes(size)))[None].to(DEVICE)

    def step() -> Tensor:
        logits.grad = None
        full = F.interpolate(logits, size, mode='bilinear', align_corners=False)
        loss_of(full, masks.float()).backward()
        return logits.grad

    return step


def plain_loss(logits: Tensor, target: Tensor) -> Tensor:
    """BCE + Dice in a few lines of PyTorch."""
    probability = logits.sigmoid()
    both = (probability * target).sum((0, 2, 3))
    total = probability.sum((0, 2, 3)) + target.sum((0, 2, 3))
    dice = (2 * both + 1) / (total + 1)
    return F.binary_cross_entropy_with_logits(logits, target) + (1 - dice).mean()


def smp_planes(size: int) -> Callable[[], Any]:
    """Compare with float planes by the losses of segmentation_models.pytorch."""
    losses = import_smp().losses
    dice = losses.DiceLoss('multilabel', smooth=1.0)
    bce = losses.SoftBCEWithLogitsLoss()
    return planes(size, lambda logits, target: bce(logits, target) + dice(logits, target))


def packed(size: int, backend: str, target: Tensor | None = None) -> Callable[[], Any]:
    """Read the bits, by one of the implementations of :func:`class_by_class_loss`."""
    import handbone  # noqa: F401  registers the losses
    from handbone.models import class_by_class_loss

    if DEVICE == 'cuda' and backend != 'eager':
        import triton  # noqa: F401  without it, which torch.compile needs too, the way is left out

    logits = low_resolution_logits(size)
    if target is None:
        target = planes_first(subject.packed(size))[None].to(DEVICE)
    labels = target
    losses = [MODELS.build(dict(type=f'Multilabel{name}Loss')) for name in ('BCE', 'Dice')]

    def step() -> Tensor:
        logits.grad = None
        class_by_class_loss(logits, labels, losses, backend=backend)[0].backward()
        return logits.grad

    return step


def masked_planes(size: int) -> Callable[[], Any]:
    """Compare with float planes where float masks say that a class is known."""
    known = torch.ones(29, 1, 1)
    known[UNKNOWN] = 0
    known = known.expand(1, 29, size, size).contiguous().to(DEVICE)

    def loss_of(logits: Tensor, target: Tensor) -> Tensor:
        bce = F.binary_cross_entropy_with_logits(logits, target, reduction='none') * known
        probability, target = logits.sigmoid() * known, target * known
        total = probability.sum((0, 2, 3)) + target.sum((0, 2, 3))
        dice = (2 * (probability * target).sum((0, 2, 3)) + 1) / (total + 1)
        pixels = known.sum((0, 2, 3)).clamp(min=1)
        return (bce.sum((0, 2, 3)) / pixels).mean() + (1 - dice).mean()

    return planes(size, loss_of)


def packed_unknown(size: int, backend: str) -> Callable[[], Any]:
    """Read labels and unknown bits."""
    from handbone.masks import class_code, constant_map, join_unknown

    unknown = constant_map(size, size, class_code(range(29)[UNKNOWN], 29))
    target = join_unknown(planes_first(subject.packed(size)), planes_first(unknown))
    return packed(size, backend, target[None].to(DEVICE))


def check(usual: Tensor, ours: Tensor) -> None:
    """Compare the gradients."""
    assert torch.allclose(usual, ours, rtol=1e-3, atol=1e-9)


BACKENDS = {
    'cpu': {'class_by_class_loss, packed labels': 'eager'},
    'cuda': {
        'class_by_class_loss, PyTorch': 'eager',
        'class_by_class_loss, torch.compile': 'compile',
        'class_by_class_loss, Triton': 'triton',
    },
}
TARGETS = {
    'cpu': '1.5 x faster, 120 MB at most',
    'cuda': '4 x faster, 0.05 of the memory',
}


def _row(size: int) -> Row:
    ours = BACKENDS[DEVICE].items()
    return Row(
        work=f'BCE + Dice, forward and backward, 29 x {size} x {size}, batch 1',
        ways=(
            Way('PyTorch, float targets', partial(planes, size, plain_loss)),
            Way('segmentation_models.pytorch, float targets', partial(smp_planes, size)),
            *(Way(name, partial(packed, size, backend)) for name, backend in ours),
        ),
        check=check,
        target=TARGETS[DEVICE] if size == SIZES[-1] else 'no target',
    )


ROWS = {str(size): _row(size) for size in SIZES}
ROWS['unknown'] = Row(
    work='the same at 1024 x 1024 with 10 of 29 classes unknown',
    ways=(
        Way('PyTorch, float targets and masks', partial(masked_planes, 1024)),
        *(
            Way(name, partial(packed_unknown, 1024, backend))
            for name, backend in BACKENDS[DEVICE].items()
        ),
    ),
    check=check,
    target='no target',
)
ROW = ROWS[str(SIZES[-1])]
