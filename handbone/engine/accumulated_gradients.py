"""Gradients of a step that is not complete, where several batches make one step."""

import logging

from mmengine.dist import get_world_size
from mmengine.logging import print_log
from torch import Tensor, nn


def capture_gradients(model: nn.Module) -> dict[str, Tensor]:
    """Take the gradients that wait for more batches.

    Args:
        model: The model, not wrapped by DDP.

    Returns:
        Gradients by the name of their weight; empty after a complete step. Each of several
        processes has its own and only the main one writes, so there they are left out, with a
        warning.
    """
    gradients = {
        name: weight.grad.detach().cpu()
        for name, weight in model.named_parameters()
        if weight.grad is not None
    }
    if gradients and get_world_size() > 1:
        print_log(
            'The checkpoint is written between two steps of accumulated gradients: resuming from '
            'it gives other weights. Make its interval a multiple of accumulative_counts.',
            logger='current',
            level=logging.WARNING,
        )
        return {}
    return gradients


def restore_gradients(model: nn.Module, gradients: dict[str, Tensor]) -> None:
    """Put gradients back.

    Args:
        model: The model, not wrapped by DDP.
        gradients: From :func:`capture_gradients`.
    """
    weights = dict(model.named_parameters())
    for name, gradient in gradients.items():
        weights[name].grad = gradient.to(weights[name].device)
