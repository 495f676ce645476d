"""Losses on packed labels in two passes of Triton kernels, whatever the mix of losses."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from handbone.masks import CLASSES_PER_PLANE, num_planes

from .class_sums import sum_names

if TYPE_CHECKING:
    from .base import PackedLoss

#: Rows and columns of the labels that one program sums.
SUMMED_TILE = (32, 64)
#: Rows and columns of the labels that one program of the gradient looks at together. The float32
#: products keep a row and a column in registers: with 64 they take all 255.
GATHERED_BLOCK = 32
#: Most rows or columns of logits whose gradient one program gathers.
LARGEST_TILE = 31
#: Rows or columns of the labels that one program goes over: with more the pixels between two tiles
#: of logits, which both visit, are a smaller share, with fewer there are more programs.
REACHES = (64, 128, 256)


def fused_loss(
    logits: Tensor, target: Tensor, losses: Sequence['PackedLoss']
) -> tuple[Tensor, list[Tensor]]:
    """Sum several losses over the classes without any tensor of the size of the labels.

    One kernel computes the sums over the pixels of each class, the losses and their slopes are
    formed from these few sums, and in the backward pass a second kernel goes over the pixels once
    more. Only the logits and the slopes are kept for it. The interpolation is that of
    ``F.interpolate(mode='bilinear', align_corners=False)``.

    Args:
        logits: ``(N, C, h, w)`` floating point, any resolution, on a GPU, or anywhere with
            Triton's interpreter.
        target: ``(N, P, H, W)`` int32 packed labels, or ``(N, 2P, H, W)`` with unknown bits.
        losses: The losses, all with :meth:`PackedLoss.losses_of_sums`.

    Returns:
        The differentiable weighted sum (scalar, float32), and each loss's weighted value, detached.
    """
    result = _FusedLoss.apply(logits, target, tuple(losses))
    return result[0], list(result[1:])


class _FusedLoss(torch.autograd.Function):
    """Sums forward, the gradient of the logits backward."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, target: Tensor, losses: tuple['PackedLoss', ...]
    ) -> tuple[Tensor, ...]:
        logits, target = logits.contiguous(), target.contiguous()
        exponents = tuple(sorted({float(e) for loss in losses for e in loss.exponents}))
        rows = _pixel_sums(logits, target, exponents)
        values, slopes = _form_losses(rows, losses, exponents)
        dtype = _compute_dtype(logits)
        if ctx.needs_input_grad[0]:
            ctx.save_for_backward(logits, target, slopes.to(dtype))
            ctx.exponents = exponents
        ctx.set_materialize_grads(False)
        values = values.to(dtype)
        parts = values.unbind()
        ctx.mark_non_differentiable(*parts)
        return (values.sum(), *parts)

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_total: Tensor | None, *_: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        if grad_total is None:
            return None, None, None
        logits, target, slopes = ctx.saved_tensors
        return _gradient(logits, target, slopes, grad_total, ctx.exponents), None, None


def _form_losses(
    rows: Tensor, losses: tuple['PackedLoss', ...], exponents: tuple[float, ...]
) -> tuple[Tensor, Tensor]:
    """Form the weighted losses, (losses,), and the slopes of their sum by the rows of sums."""
    names = sum_names(exponents)
    sums = dict(zip(names, rows.unbind(), strict=True))
    slopes = torch.zeros_like(rows)
    slope_of = dict(zip(names, slopes.unbind(), strict=True))
    numbers = tuple(
        tuple(
            loss.loss_weight / rows.shape[2] * weight
            for weight in loss.class_weight or [1] * rows.shape[2]
        )
        for loss in losses
    )
    factors = _on_device(numbers, rows.dtype, rows.device)
    values = []
    for loss, factor in zip(losses, factors.unbind(), strict=True):
        value, slopes_of_loss = loss.losses_of_sums(sums)
        values.append(value)
        for name, slope in slopes_of_loss.items():
            slope_of[name].add_(slope * factor)
    return (torch.stack(values) * factors).sum(1), slopes


# Copying numbers to a GPU waits for it; the same ones are needed in every step.
@lru_cache(maxsize=64)
def _on_device(
    numbers: tuple[tuple[float, ...], ...], dtype: torch.dtype, device: torch.device
) -> Tensor:
    return torch.tensor(numbers, dtype=dtype, device=device)


class _Shape(NamedTuple):
    """Sizes, in the order in which the kernels take them."""

    num_classes: int
    num_planes: int
    low_height: int
    low_width: int
    height: int
    width: int

    @classmethod
    def of(cls, logits: Tensor, target: Tensor) -> '_Shape':
        return cls(logits.shape[1], target.shape[1], *logits.shape[2:], *target.shape[2:])

    @property
    def resized(self) -> bool:
        return self[2:4] != self[4:6]

    @property
    def has_unknown(self) -> bool:
        return self.num_planes > num_planes(self.num_classes)


def _pixel_sums(logits: Tensor, target: Tensor, exponents: tuple[float, ...]) -> Tensor:
    """Sum over the pixels of each image and class, (sums, N, C) float64."""
    import triton
    import triton.language as tl

    from .triton_kernels import sum_pixels

    shape = _Shape.of(logits, target)
    rows, columns = SUMMED_TILE
    maps = logits.shape[0] * shape.num_classes
    programs = maps * triton.cdiv(shape.height, rows) * triton.cdiv(shape.width, columns)
    dtype = _compute_dtype(logits)
    partial_sums = logits.new_empty(
        (len(sum_names(exponents)), maps, programs // maps), dtype=dtype
    )
    with torch.cuda.device_of(logits):
        sum_pixels[(programs,)](
            logits,
            target,
            partial_sums,
            *shape,
            EXPONENTS=exponents,
            RESIZED=shape.resized,
            DTYPE=tl.float64 if dtype == torch.float64 else tl.float32,
            ROWS=rows,
            COLUMNS=columns,
            CLASSES_PER_PLANE=CLASSES_PER_PLANE,
            UNKNOWN=shape.has_unknown,
            num_warps=4,
        )
    return partial_sums.sum(-1, dtype=torch.float64).unflatten(1, logits.shape[:2])


def _gradient(
    logits: Tensor, target: Tensor, slopes: Tensor, factor: Tensor, exponents: tuple[float, ...]
) -> Tensor:
    """Compute the gradient of the logits times a factor, in their dtype."""
    import triton
    import triton.language as tl

    from .triton_kernels import gather_gradient

    shape = _Shape.of(logits, target)
    if shape.resized:
        tile = [
            tile_size(*sizes)
            for sizes in ((shape.low_height, shape.height), (shape.low_width, shape.width))
        ]
        padded = [16 if size <= 16 else 32 for size in tile]  # tl.dot takes no less
    else:
        tile = padded = list(SUMMED_TILE)
    tiles = triton.cdiv(shape.low_height, tile[0]) * triton.cdiv(shape.low_width, tile[1])
    gradient = torch.empty_like(logits)
    with torch.cuda.device_of(logits):
        gather_gradient[(logits.shape[0] * shape.num_classes * tiles,)](
            logits,
            target,
            slopes,
            factor,
            gradient,
            *shape,
            *tile,
            EXPONENTS=exponents,
            RESIZED=shape.resized,
            DTYPE=tl.float64 if slopes.dtype == torch.float64 else tl.float32,
            ROWS=GATHERED_BLOCK,
            COLUMNS=GATHERED_BLOCK,
            LOW_ROWS=padded[0],
            LOW_COLUMNS=padded[1],
            CLASSES_PER_PLANE=CLASSES_PER_PLANE,
            UNKNOWN=shape.has_unknown,
            num_warps=4,
            num_stages=1,
        )
    return gradient


def tile_size(low_size: int, size: int) -> int:
    """Choose how many logits in a row or column one program gathers the gradient of.

    ``n`` logits have a share in ``(n + 1) * size / low_size`` pixels, which should just fit.

    Args:
        low_size: Height or width of the logits.
        size: That of the labels.

    Returns:
        1 to 31.
    """
    count = 1
    for reach in REACHES:
        count = max(1, min(LARGEST_TILE, reach * low_size // size - 1))
        if count >= 7:
            break
    return count


def _compute_dtype(logits: Tensor) -> torch.dtype:
    return torch.float64 if logits.dtype == torch.float64 else torch.float32
