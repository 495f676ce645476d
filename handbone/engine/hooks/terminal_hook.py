"""Prints in the terminal what a run does, its progress and its results."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.hooks import CheckpointHook, Hook, LoggerHook
from mmengine.runner import Runner

from handbone.errors import counted
from handbone.progress import duration

#: Minimum time in seconds between two progress lines of a validation or test.
SECONDS_BETWEEN_LINES = 10.0
#: Number of iterations whose mean duration predicts the remaining time.
TIMED_ITERATIONS = 50


class TerminalHook(Hook):
    """Prints what runs, on which device, the progress, the scores and where the files are."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._started = self._last_line = time.monotonic()
        self._first_iteration = 0

    def before_train(self, runner: Runner) -> None:
        """Print what is trained, on which device and for how many iterations.

        Args:
            runner: The runner.
        """
        self._started, self._first_iteration = time.monotonic(), runner.iter
        images = len(runner.train_dataloader.dataset)
        validated = ''
        if runner.val_loop is not None:
            validated = f', validation with {counted(len(runner.val_dataloader.dataset), "image")}'
        runner.logger.info(
            f'Training on {_device(runner)}: {counted(images, "image")}{validated}, '
            f'{counted(runner.max_iters - runner.iter, "iteration")}'
        )
        runner.logger.info(f'Log, scores and checkpoints: {runner.work_dir}')

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Mapping | None = None,
    ) -> None:
        """Print the progress of the training, as often as the config logs.

        Args:
            runner: The runner.
            batch_idx: Number of the batch.
            data_batch: The batch.
            outputs: Outputs of the training step; not used.
        """
        done, total = runner.iter + 1, runner.max_iters
        interval = next((h.interval for h in runner.hooks if isinstance(h, LoggerHook)), 10)
        if done % interval and done < total:
            return
        words = [f'Iteration {done} of {total}']
        scalars = runner.message_hub.log_scalars
        if 'train/loss' in scalars:
            words.append(f'loss {scalars["train/loss"].mean(interval):.4f}')
        if 'train/time' in scalars:
            seconds = scalars['train/time'].mean(TIMED_ITERATIONS)
            words.append(f'{seconds:.2f} s per iteration')
            if done < total:
                words.append(f'{duration(seconds * (total - done))} left')
        runner.logger.info(', '.join(words))

    def before_val(self, runner: Runner) -> None:
        """Note the time at which the validation begins.

        Args:
            runner: The runner.
        """
        self._last_line = time.monotonic()

    def after_val_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Print the progress of the validation every few seconds.

        Args:
            runner: The runner.
            batch_idx: Number of the batch.
            data_batch: The batch.
            outputs: The predictions.
        """
        self._print_progress(runner, 'Validation', batch_idx, len(runner.val_dataloader))

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Print the scores of the validation.

        Args:
            runner: The runner.
            metrics: The scores.
        """
        if metrics:
            runner.logger.info(f'Validation after iteration {runner.iter}: {_scores(metrics)}')

    def after_train(self, runner: Runner) -> None:
        """Print how long the training took and where its checkpoints are.

        Args:
            runner: The runner.
        """
        took = duration(time.monotonic() - self._started)
        words = [f'Trained {counted(runner.iter - self._first_iteration, "iteration")} in {took}']
        hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
        best = getattr(hook, 'best_ckpt_path', None)
        if best is not None:
            words.append(f'best checkpoint: {best}')
        last = getattr(hook, 'last_ckpt', None)
        if last is not None:
            words.append(f'last checkpoint: {last}')
        runner.logger.info('; '.join(words))

    def before_test(self, runner: Runner) -> None:
        """Print what is tested.

        Args:
            runner: The runner.
        """
        self._last_line = time.monotonic()
        checkpoint = f' {runner._load_from}' if runner._load_from else ''
        images = len(runner.test_dataloader.dataset)
        runner.logger.info(f'Testing{checkpoint} on {_device(runner)}: {counted(images, "image")}')

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Print the progress of the test every few seconds.

        Args:
            runner: The runner.
            batch_idx: Number of the batch.
            data_batch: The batch.
            outputs: The predictions.
        """
        self._print_progress(runner, 'Test', batch_idx, len(runner.test_dataloader))

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Print the scores of the test and where its tables are.

        Args:
            runner: The runner.
            metrics: The scores.
        """
        if metrics:
            runner.logger.info(f'Test: {_scores(metrics)}')
        runner.logger.info(f'Log and tables: {runner.log_dir}')

    def _print_progress(self, runner: Runner, what: str, batch_idx: int, batches: int) -> None:
        now = time.monotonic()
        if now - self._last_line < SECONDS_BETWEEN_LINES or batch_idx + 1 == batches:
            return
        self._last_line = now
        scalars = runner.message_hub.log_scalars
        times = scalars.get('val/time' if what == 'Validation' else 'test/time')
        ending = ''
        if times is not None:
            left = times.mean(TIMED_ITERATIONS) * (batches - batch_idx - 1)
            ending = f', {duration(left)} left' if left else ''
        runner.logger.info(f'{what}: batch {batch_idx + 1} of {batches}{ending}')


def _scores(metrics: Mapping[str, float]) -> str:
    return '  '.join(
        f'{name}: {value:.4f}' for name, value in metrics.items() if isinstance(value, float)
    )


def _device(runner: Runner) -> str:
    device = next(runner.model.parameters()).device
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else 'the CPU'
    return f'{runner.world_size} x {name}' if runner.world_size > 1 else name
