"""Evaluate losses on packed labels a few classes at a time, straight from the head's logits."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor
from torch.autograd.function import once_differentiable

from handbone.errors import HandboneError, counted
from handbone.masks import CLASSES_PER_PLANE, class_target, num_planes, split_unknown

from .backends import choose_backend
from .class_pixels import ClassPixels, CountedPixels
from .triton_loss import fused_loss
from .upsampling import BilinearUpsampling

if TYPE_CHECKING:
    from .base import PackedLoss

# Full-size pixels handled at once: on a CPU a step should fit into the cache, on a GPU it should
# be large enough to hide the kernel launches; compiled code has few of them.
PIXELS_PER_STEP = {'cpu': 2**20, 'cuda': 2**26, 'compiled': 2**22}


def class_by_class_loss(
    logits: Tensor,
    target: Tensor,
    losses: Sequence['PackedLoss'],
    align_corners: bool = False,
    backend: str = 'auto',
) -> tuple[Tensor, list[Tensor]]:
    """Sum several losses over the classes without building full-size maps of all classes.

    On a GPU with Triton, two kernels do this (:mod:`.triton_loss`). Elsewhere the logits of a few
    classes are upsampled to the size of the labels, compared with their bits and turned into
    low-resolution gradients before the next classes are processed. Only a gradient of the size of
    ``logits`` is kept for the backward pass.

    Args:
        logits: ``(N, C, h, w)`` floating point, any resolution.
        target: ``(N, H, W)`` or ``(N, P, H, W)`` int32 packed labels, or ``(N, 2P, H, W)`` with
            unknown bits: where a class is unknown, it has neither a loss nor a gradient, and its
            means are over the pixels that are known.
        losses: The losses to add up, each weighted by its ``loss_weight``.
        align_corners: Geometry of the bilinear upsampling, as in ``F.interpolate``.
        backend: ``auto``, ``triton``, ``compile`` or ``eager``, see :func:`choose_backend`.

    Returns:
        The differentiable weighted sum (scalar, float32), and each loss's weighted value, detached.

    Raises:
        HandboneError: If the labels do not fit the logits, a loss does not have one class
            weight per class, or the backend cannot compute the losses.
    """
    if target.ndim == 3:
        target = target.unsqueeze(1)
    _check_shapes(logits, target, losses)
    backend = choose_backend(backend, logits, target, losses, align_corners)
    if backend == 'triton':
        return fused_loss(logits, target, losses)
    compiled = backend == 'compile'
    result = _ClassByClass.apply(logits, target, tuple(losses), align_corners, compiled)
    return result[0], list(result[1:])


def _check_shapes(logits: Tensor, target: Tensor, losses: Sequence['PackedLoss']) -> None:
    num_classes = logits.shape[1]
    planes = num_planes(num_classes)
    if target.dtype != torch.int32:
        raise HandboneError(
            f'packed labels are int32, got {target.dtype}: load them with LoadPolygonAnnotations '
            'and pack them with PackMultilabelInputs'
        )
    if target.shape[0] != logits.shape[0] or target.shape[1] not in (planes, 2 * planes):
        raise HandboneError(
            f'logits of shape {tuple(logits.shape)} need packed labels of shape '
            f'({logits.shape[0]}, {planes}, H, W), got {tuple(target.shape)}; '
            f'a plane holds {CLASSES_PER_PLANE} classes, and unknown bits take as many again'
        )
    for loss in losses:
        if loss.class_weight is not None and len(loss.class_weight) != num_classes:
            raise HandboneError(
                f'{type(loss).__name__} has {counted(len(loss.class_weight), "class weight")} '
                f'for {counted(num_classes, "class")}'
            )


class _ClassByClass(torch.autograd.Function):
    """Loss values forward; the gradient is computed on the way and only scaled backward."""

    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        target: Tensor,
        losses: tuple['PackedLoss', ...],
        align_corners: bool,
        compiled: bool,
    ) -> tuple[Tensor, ...]:
        # the classes are read one after the other: in a channels_last tensor they lie interleaved
        logits = logits.contiguous()
        num_classes = logits.shape[1]
        labels, unknown = split_unknown(target, num_classes)
        counted = CountedPixels(labels, unknown, num_classes)
        kind = 'compiled' if compiled else _device_kind(logits)
        step = max(1, PIXELS_PER_STEP[kind] // _pixels(target, losses))
        part_losses = _compiled_part_losses() if compiled else _part_losses
        weights = _class_weights(losses, logits)
        upsampling = BilinearUpsampling(
            (logits.shape[2], logits.shape[3]),
            (target.shape[2], target.shape[3]),
            align_corners,
            like=weights,
        )
        # not in half precision: the scale of mixed-precision training comes only in backward
        gradient = weights.new_empty(logits.shape) if ctx.needs_input_grad[0] else None
        sums = weights.new_zeros(len(losses))
        with torch.autocast(logits.device.type, enabled=False):
            for first in range(0, num_classes, step):
                classes = range(first, min(first + step, num_classes))
                part = slice(classes.start, classes.stop)
                targets = [class_target(labels, index, weights.dtype) for index in classes]
                # a number would be compiled in
                num_valid, num_images = counted.numbers(classes, weights, as_tensors=compiled)
                part_values, slopes = part_losses(
                    losses,
                    logits[:, part],
                    upsampling,
                    torch.stack(targets, dim=1),
                    counted.hidden(classes),
                    num_valid,
                    num_images,
                    weights[:, part],
                )
                sums += part_values
                if gradient is not None:
                    gradient[:, part] = upsampling.adjoint(slopes)
        if gradient is not None:
            ctx.save_for_backward(gradient)
            ctx.logits_dtype = logits.dtype
        values = sums.unbind()
        ctx.mark_non_differentiable(*values)
        return (sums.sum(), *values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        # on a CPU a factor of one, the usual case, is not worth a pass over all logits; on a GPU
        # looking at it would wait for the device
        if gradient.device.type == 'cpu' and grad_total == 1:
            return gradient.to(ctx.logits_dtype), None, None, None, None
        return (gradient * grad_total).to(ctx.logits_dtype), None, None, None, None


def _part_losses(
    losses: tuple['PackedLoss', ...],
    logits: Tensor,
    upsampling: BilinearUpsampling,
    target: Tensor,
    hidden: Tensor | None,
    num_valid: float | Tensor,
    num_images: float | Tensor,
    weights: Tensor,
) -> tuple[Tensor, Tensor]:
    """Compute the weighted losses of some classes, (losses,), and the gradient of their sum."""
    upsampled = upsampling(logits.to(weights.dtype))
    pixels = ClassPixels.of(upsampled, target, hidden, num_valid, num_images)
    sums = []
    total: Tensor | None = None
    for index, loss in enumerate(losses):
        values, gradient = loss.class_losses(pixels)
        sums.append((values * weights[index]).sum())
        weight = weights[index].reshape(1, -1, 1, 1)
        total = gradient.mul_(weight) if total is None else total.addcmul_(gradient, weight)
    assert total is not None  # there is a loss
    return torch.stack(sums), total


@cache
def _compiled_part_losses() -> Callable[..., tuple[Tensor, Tensor]]:
    return torch.compile(_part_losses)


def _class_weights(losses: tuple['PackedLoss', ...], logits: Tensor) -> Tensor:
    """Factor of each loss and class in the mean over classes, (losses, C)."""
    num_classes = logits.shape[1]
    rows = [
        [
            loss.loss_weight / num_classes * weight
            for weight in loss.class_weight or [1] * num_classes
        ]
        for loss in losses
    ]
    return torch.tensor(rows, dtype=_compute_dtype(logits), device=logits.device)


def _pixels(target: Tensor, losses: tuple['PackedLoss', ...]) -> int:
    """Count the pixels of a batch; the largest batch counts if processes add up their sums.

    Every process then takes the same number of steps.
    """
    count = target.shape[0] * target.shape[2] * target.shape[3]
    if get_world_size() == 1 or not any(loss.over_processes for loss in losses):
        return count
    largest = torch.tensor(count, device=target.device)
    all_reduce(largest, 'max')
    return int(largest)


def _device_kind(logits: Tensor) -> str:
    return 'cpu' if logits.device.type == 'cpu' else 'cuda'


def _compute_dtype(logits: Tensor) -> torch.dtype:
    return torch.float64 if logits.dtype == torch.float64 else torch.float32
