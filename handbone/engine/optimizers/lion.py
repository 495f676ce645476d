"""The Lion optimiser."""

from collections.abc import Callable, Iterable

import torch
from mmseg.registry import OPTIMIZERS
from torch import Tensor
from torch.optim import Optimizer

from handbone.errors import HandboneError


@OPTIMIZERS.register_module()
class Lion(Optimizer):
    """Optimiser that moves every weight by the same amount, in the direction of its momentum.

    Algorithm 2 of Chen et al., Symbolic Discovery of Optimization Algorithms, NeurIPS 2023
    (https://arxiv.org/abs/2302.06675), with the gradient ``g``, momentum ``m`` and weight ``w``::

        c = beta1 * m + (1 - beta1) * g
        w = w - lr * (sign(c) + weight_decay * w)
        m = beta2 * m + (1 - beta2) * g

    It keeps one tensor per weight, half as many as AdamW. The paper uses a learning rate 3 to 10
    times smaller than for AdamW, and a weight decay larger by the same factor.

    Args:
        params: Weights, or groups of them with their own settings.
        lr: Learning rate, positive.
        betas: Weights of the old momentum in the step and in the new momentum, each in [0, 1).
        weight_decay: Decoupled weight decay, not negative.

    Raises:
        HandboneError: If a setting is out of its range.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        if not lr > 0:
            raise HandboneError(f'Lion: lr is {lr}; it must be positive')
        if not all(0 <= beta < 1 for beta in betas):
            raise HandboneError(f'Lion: betas are {betas}; each must be at least 0 and below 1')
        if weight_decay < 0:
            raise HandboneError(f'Lion: weight_decay is {weight_decay}; it must not be negative')
        super().__init__(params, dict(lr=lr, betas=tuple(betas), weight_decay=weight_decay))

    @torch.no_grad()
    def step(  # type: ignore[override]  # the parent has overloads
        self, closure: Callable[[], Tensor] | None = None
    ) -> Tensor | None:
        """Update the weights once.

        Args:
            closure: Computes the loss and its gradients again, as in other optimisers.

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group['params'] if weight.grad is not None]
            if weights:
                self._step_group(group, weights)
        return loss

    def _step_group(self, group: dict, weights: list[Tensor]) -> None:
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]['momentum'] = torch.zeros_like(weight)
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        momenta = [self.state[weight]['momentum'] for weight in weights]
        beta1, beta2 = group['betas']
        directions = torch._foreach_lerp(momenta, gradients, 1 - beta1)
        torch._foreach_sign_(directions)
        if group['weight_decay']:
            torch._foreach_mul_(weights, 1 - group['lr'] * group['weight_decay'])
        torch._foreach_add_(weights, directions, alpha=-group['lr'])
        torch._foreach_lerp_(momenta, gradients, 1 - beta2)
