"""Gradients of a step that is not complete, where several batches make one step."""

import torch
from mmengine.dist import all_gather_object, gather
from torch import Tensor, nn


def capture_gradients(model: nn.Module) -> list[dict[str, Tensor]]:
    """Take the gradients of every process that wait for more batches; all processes call it.

    Args:
        model: The model, not wrapped by DDP.

    Returns:
        For each process, gradients by the name of their weight; empty after a complete step. On
        other processes than the main one, nothing: only that one writes.
    """
    weights = dict(model.named_parameters())
    own = [name for name, weight in weights.items() if weight.grad is not None]
    waiting = set().union(*all_gather_object(own))
    gradients: list[dict[str, Tensor]] = []
    for name in sorted(waiting):
        weight = weights[name]
        gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad.detach()
        for process, gathered in enumerate(gather(gradient)):
            if process == len(gradients):
                gradients.append({})
            gradients[process][name] = gathered.cpu()
    return gradients


def restore_gradients(model: nn.Module, gradients: dict[str, Tensor]) -> None:
    """Put gradients back.

    Args:
        model: The model, not wrapped by DDP.
        gradients: Those of this process, from :func:`capture_gradients`.
    """
    weights = dict(model.named_parameters())
    for name, gradient in gradients.items():
        weights[name].grad = gradient.to(weights[name].device)
