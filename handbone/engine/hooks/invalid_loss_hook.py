"""What happens when the loss is no number."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.optim import Optimizer

ACTIONS = ('stop', 'skip')


@HOOKS.register_module()
class InvalidLossHook(Hook):
    """Stop at a loss that is NaN or infinite, or leave such batches out; name their images.

    'stop' raises before a checkpoint of the spoilt weights is written. 'skip' takes the gradients
    away from the optimizer, so that neither weights nor moments change, and gives the buffers
    (BatchNorm's statistics) their former values. With several processes all of them skip, since the
    gradients are averaged.

    Args:
        action: 'stop' or 'skip'.
        max_skips: Number of such batches in a row at which 'skip' stops too.

    Raises:
        ValueError: If the action is unknown.
    """

    priority = 'HIGHEST'

    def __init__(self, action: str = 'stop', max_skips: int = 20) -> None:
        if action not in ACTIONS:
            raise ValueError(f"action is 'stop' or 'skip', got {action!r}")
        self.action = action
        self.max_skips = max_skips
        self._skips = 0
        self._spoilt = False
        self._buffers: list[torch.Tensor] = []

    def before_train(self, runner: Runner) -> None:
        """Watch the optimizer.

        Args:
            runner: The runner of the training.
        """
        if self.action == 'skip':
            wrapper = runner.optim_wrapper
            wrappers = wrapper.values() if isinstance(wrapper, Mapping) else [wrapper]
            for each in wrappers:
                each.optimizer.register_step_pre_hook(self._withhold)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any | None = None
    ) -> None:
        """Remember the buffers, where a batch may be skipped.

        Args:
            runner: The runner of the training.
            batch_idx: Number of the batch; not used.
            data_batch: The batch; not used.
        """
        if self.action == 'skip':
            self._spoilt = False
            self._buffers = [buffer.clone() for buffer in _model(runner).buffers()]

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Look at the loss.

        Args:
            runner: The runner of the training.
            batch_idx: Number of the batch; not used.
            data_batch: The batch.
            outputs: Its losses by name; emptied where the batch is skipped, so that no mean of
                the log is spoilt.

        Raises:
            ValueError: If the loss is no number, and the action is 'stop' or too many batches in
                a row were skipped.
        """
        invalid = _invalid_losses(outputs)
        if not invalid and not self._spoilt:
            self._skips = 0
            return
        message = (
            f'iteration {runner.iter + 1}: {_what(invalid)} on {", ".join(_images(data_batch))}'
        )
        self._skips += 1
        if self.action == 'stop' or self._skips >= self.max_skips:
            again = f' ({self._skips} batches in a row)' if self._skips > 1 else ''
            raise ValueError(
                f'{message}{again}. Look at these images and their labels; else lower the learning '
                'rate, clip gradients (optim_wrapper.clip_grad) or use bfloat16 instead of '
                "float16. InvalidLossHook(action='skip') leaves such batches out"
            )
        for buffer, former in zip(_model(runner).buffers(), self._buffers, strict=True):
            buffer.copy_(former)
        outputs.clear()
        runner.logger.warning(f'{message}. The batch is left out.')

    def _withhold(self, optimizer: Optimizer, *_: Any) -> None:
        """Take invalid gradients away before the optimizer uses them."""
        weights = [weight for group in optimizer.param_groups for weight in group['params']]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if not gradients:
            return
        norms = torch.stack([norm.float() for norm in torch._foreach_norm(gradients)])
        if not torch.isfinite(norms).all():
            self._spoilt = True
            for weight in weights:
                weight.grad = None


def _model(runner: Runner) -> torch.nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _invalid_losses(outputs: dict | None) -> dict[str, float]:
    values = {
        name: float(value.detach() if torch.is_tensor(value) else value)
        for name, value in (outputs or {}).items()
        if isinstance(value, (int, float)) or (torch.is_tensor(value) and value.numel() == 1)
    }
    return {name: value for name, value in values.items() if not math.isfinite(value)}


def _what(invalid: dict[str, float]) -> str:
    if not invalid:
        return 'a gradient is not finite'
    return ', '.join(f'{name} is {value}' for name, value in sorted(invalid.items()))


def _images(data_batch: Any) -> list[str]:
    samples = data_batch.get('data_samples', []) if isinstance(data_batch, dict) else []
    names = [getattr(sample, 'img_path', None) for sample in samples]
    return [str(name) for name in names if name] or ['a batch without image names']
