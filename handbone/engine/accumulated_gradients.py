"""Gradients of an unfinished step, where several batches make one optimizer step."""

import torch
from mmengine.dist import all_gather_object, gather
from torch import Tensor, nn


def capture_gradients(model: nn.Module) -> list[dict[str, Tensor]]:
    """Copy the accumulated gradients of every process; all processes must call it.

    Args:
        model: The model, not wrapped by DDP.

    Returns:
        One dict per process, from the name of a weight to its gradient; empty after a complete
        step. Empty on all processes but the main one, which alone writes checkpoints.
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
    """Restore accumulated gradients.

    Args:
        model: The model, not wrapped by DDP.
        gradients: This process's entry from :func:`capture_gradients`.
    """
    weights = dict(model.named_parameters())
    for name, gradient in gradients.items():
        weights[name].grad = gradient.to(weights[name].device)
