"""What happens when the loss or a gradient is NaN or infinite."""

import math
from functools import partial
from typing import Any, NamedTuple

import torch
from mmengine.dist import all_gather_object, all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.optim import Optimizer

from handbone.engine.training_events import INVALID_LOSS, report_event
from handbone.errors import HandboneError, check_word

ACTIONS = ('stop', 'skip')


class BatchReport(NamedTuple):
    """What one process found in its batch.

    Attributes:
        losses: Those that are NaN or infinite, by name.
        images: Files of the batch; if only a gradient is NaN or infinite, those of all batches
            whose gradients were summed up.
    """

    losses: dict[str, float]
    images: list[str]


@HOOKS.register_module()
class InvalidLossHook(Hook):
    """Stop or skip the batch if a loss or gradient is NaN or infinite, and name its images.

    The optimizer does not get such gradients, so neither weights nor moments change. 'stop' then
    raises an error; 'skip' continues and restores the buffers (the statistics of BatchNorm). All
    processes do the same, since their gradients are averaged. The message names the images of the
    processes in which most losses are NaN or infinite, because a loss that is summed over the
    processes, such as Dice, is invalid in all of them. Gradients of scaled losses (float16) are
    left to the scaler, which lowers the scale if they overflow.

    Args:
        action: 'stop' or 'skip'.
        max_skips: Number of such batches in a row after which 'skip' stops too.

    Raises:
        HandboneError: If the action is unknown.
    """

    priority = 'HIGHEST'

    def __init__(self, action: str = 'stop', max_skips: int = 20) -> None:
        check_word('InvalidLossHook: action', action, ACTIONS)
        self.action = action
        self.max_skips = max_skips
        self._skips = 0
        self._spoilt = False
        self._stepped = False
        self._reported = False
        self._summed: list[str] = []
        self._buffers: list[torch.Tensor] = []

    def before_train(self, runner: Runner) -> None:
        """Check the gradients before every step of the optimizer.

        Args:
            runner: The runner of the training.
        """
        for each in _wrappers(runner):
            each.optimizer.register_step_pre_hook(partial(self._withhold, each))

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any | None = None
    ) -> None:
        """Copy the buffers, if the batch may be skipped.

        Args:
            runner: The runner of the training.
            batch_idx: Number of the batch; not used.
            data_batch: The batch; not used.
        """
        if self._stepped:
            self._reported, self._summed = False, []
        self._spoilt = self._stepped = False
        if self.action == 'skip':
            self._buffers = [buffer.clone() for buffer in _model(runner).buffers()]

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Check the losses.

        Args:
            runner: The runner of the training.
            batch_idx: Number of the batch; not used.
            data_batch: The batch.
            outputs: Its losses by name; emptied if the batch is skipped, so that the means in
                the log stay valid.

        Raises:
            HandboneError: If the loss or a gradient is NaN or infinite, and the action is 'stop'
                or too many batches in a row were skipped.
        """
        invalid, images = _invalid_losses(outputs), _images(data_batch)
        self._summed += images
        if not _in_any_process(bool(invalid) or self._spoilt):
            self._skips = 0
            return
        reports = all_gather_object(BatchReport(invalid, images if invalid else self._summed))
        in_losses = any(report.losses for report in reports)
        if self._reported and not in_losses:  # the sum still has the gradients of that batch
            for each in _wrappers(runner):
                _forget_norm(each)
            return
        self._reported = True
        message = f'iteration {runner.iter + 1}: {_describe(reports)}'
        self._skips += 1
        if self.action == 'stop' or self._skips >= self.max_skips:
            again = f' ({self._skips} batches in a row)' if self._skips > 1 else ''
            raise HandboneError(
                f'{message}{again}. Check these images and their labels; if they are right, lower '
                'the learning rate, clip gradients (optim_wrapper.clip_grad) or use bfloat16 '
                'instead of float16. --cfg-options default_hooks.invalid_loss.action=skip leaves '
                'such batches out'
            )
        for buffer, former in zip(_model(runner).buffers(), self._buffers, strict=True):
            buffer.copy_(former)
        if outputs is not None:
            outputs.clear()
        for each in _wrappers(runner):
            _forget_norm(each)
        runner.logger.warning(f'{message}. The batch is left out.')
        report_event(runner, INVALID_LOSS, message)

    def _withhold(self, wrapper: OptimWrapper, optimizer: Optimizer, *_: Any) -> None:
        """Remove invalid gradients before the optimizer uses them."""
        self._stepped = True
        scaler = getattr(wrapper, 'loss_scaler', None)
        if scaler is not None and scaler.is_enabled():
            return
        weights = [weight for group in optimizer.param_groups for weight in group['params']]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if gradients and not math.isfinite(_norm(wrapper, gradients)):
            self._spoilt = True
            for weight in weights:
                weight.grad = None


def _model(runner: Runner) -> torch.nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _wrappers(runner: Runner) -> list[OptimWrapper]:
    wrapper = runner.optim_wrapper
    return list(wrapper.values()) if isinstance(wrapper, OptimWrapperDict) else [wrapper]


def _norm(wrapper: OptimWrapper, gradients: list[torch.Tensor]) -> float:
    """Norm of the gradients, which is already known if they have just been clipped."""
    if wrapper.clip_grad_kwargs and wrapper.clip_func is torch.nn.utils.clip_grad_norm_:
        return float(wrapper.message_hub.get_scalar(f'train/{wrapper.grad_name}').current())
    norms = torch._foreach_norm(gradients)
    return float(torch.stack([norm.float() for norm in norms]).sum())


def _forget_norm(wrapper: OptimWrapper) -> None:
    """Remove the norm of the withheld gradients from the log, like the losses."""
    if not wrapper.clip_grad_kwargs:
        return
    logged, name = wrapper.message_hub.log_scalars, f'train/{wrapper.grad_name}'
    if name not in logged or math.isfinite(logged[name].current()):
        return
    values, counts = logged.pop(name).data
    if len(values) > 1:
        logged[name] = HistoryBuffer(values[:-1], counts[:-1])


def _in_any_process(found: bool) -> bool:
    if get_world_size() == 1:
        return found
    flag = torch.tensor(int(found))
    all_reduce(flag, 'max')
    return bool(flag)


def _invalid_losses(outputs: dict | None) -> dict[str, float]:
    values = {
        name: float(value.detach() if torch.is_tensor(value) else value)
        for name, value in (outputs or {}).items()
        if isinstance(value, (int, float)) or (torch.is_tensor(value) and value.numel() == 1)
    }
    return {name: value for name, value in values.items() if not math.isfinite(value)}


def _describe(reports: list[BatchReport]) -> str:
    """Say what is NaN or infinite, and on which images."""
    most = max(len(report.losses) for report in reports)
    suspects = [report for report in reports if len(report.losses) == most]
    losses = {name: value for report in suspects for name, value in report.losses.items()}
    what = ', '.join(f'{name} is {value}' for name, value in sorted(losses.items()))
    images = [image for report in suspects for image in report.images]
    return f'{what or "a gradient is not finite"} on {", ".join(images)}'


def _images(data_batch: Any) -> list[str]:
    samples = data_batch.get('data_samples', []) if isinstance(data_batch, dict) else []
    names = [getattr(sample, 'img_path', None) for sample in samples]
    return [str(name) for name in names if name] or ['a batch without image names']
