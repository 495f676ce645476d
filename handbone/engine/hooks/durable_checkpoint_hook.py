"""Checkpoints that survive a kill, a full disk and the next run."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import all_gather_object, get_rank, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS
from torch import nn

from handbone.checkpoints.content import pack_content, restoring
from handbone.engine.accumulated_gradients import capture_gradients, restore_gradients
from handbone.engine.random_state import capture_random_state, restore_random_state
from handbone.files import UNFINISHED


@HOOKS.register_module()
class DurableCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook, with files that are whole and a state that is complete.

    - A checkpoint is written beside its place, flushed and renamed; outdated ones, and the former
      best one, are removed only after that.
    - It holds the random states of every process, so that a resumed run draws the numbers that the
      uninterrupted one would have drawn, and gradients that wait for more batches.
    - Validation leaves the random states as they were.
    - It tells whether its validation, if one was due, was finished; a resumed run makes up for it.
    - It holds tensors, numbers and texts only, so that it can be read without unpickling.
    - ``runner.val()`` and ``runner.test()`` save nothing.

    Args:
        max_keep_ckpts: Number of the newest checkpoints to keep, -1 for all.
        backend_args: mmengine's file backend; the default is the durable one for local files.
        **kwargs: The other arguments of mmengine's hook.
    """

    # of mmengine's hook, one path or one per score
    best_ckpt_path: str | None
    best_ckpt_path_dict: dict[str, str | None]

    def __init__(
        self, max_keep_ckpts: int = -1, backend_args: dict | None = None, **kwargs: Any
    ) -> None:
        # mmengine's hook keeps all files: it would remove the old ones first
        super().__init__(backend_args=backend_args or dict(backend='durable'), **kwargs)
        self.keep = max_keep_ckpts
        self._training = False
        self._before_val: dict | None = None
        self._saved_in_validation = False
        self._states: dict[str, list[dict]] | None = None
        self._to_restore: dict | None = None
        self._saved_step: int | None = None

    def before_train(self, runner: Runner) -> None:
        """Find the folder, remove what a killed run left unfinished, validate if it did not.

        Args:
            runner: The runner of the training.
        """
        super().before_train(runner)
        self._training = True
        if is_main_process():
            for path in self._files(prefix='.', suffix=UNFINISHED).values():
                path.unlink(missing_ok=True)
        if self._to_restore is not None and not self._to_restore['validated']:
            _validate_if_due(runner)

    def after_train(self, runner: Runner) -> None:
        """Publish, if that is wanted.

        Args:
            runner: The runner of the training.
        """
        super().after_train(runner)
        self._training = False

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any | None = None
    ) -> None:
        """Go on with the random numbers of the interrupted run.

        Args:
            runner: The runner of the training.
            batch_idx: Number of the batch; not used.
            data_batch: The batch; not used.
        """
        if self._to_restore is None:
            return
        content, self._to_restore = self._to_restore, None
        states, gradients = content['random_states'], content['gradients']
        if len(states) != get_world_size():
            print_log(
                f'The interrupted run had {len(states)} processes, this one has '
                f'{get_world_size()}: its random numbers, and its weights, will be others.',
                logger='current',
                level=logging.WARNING,
            )
            return
        with restoring(str(runner._load_from)):
            restore_random_state(states[get_rank()])
            if gradients:
                restore_gradients(_model(runner), gradients[get_rank()])

    def before_val(self, runner: Runner) -> None:
        """Remember the random states.

        Args:
            runner: The runner.
        """
        self._before_val = capture_random_state()
        self._saved_in_validation = False

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Save the best checkpoint, in training, and that this validation is done.

        Args:
            runner: The runner.
            metrics: Scores of the validation.
        """
        if not self._training:
            return
        saved_before = self._saved_step
        super().after_val_epoch(runner, metrics)
        step = runner.epoch if self.by_epoch else runner.iter
        if saved_before == step and not self._saved_in_validation:
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, step, meta)

    def after_val(self, runner: Runner) -> None:
        """Put the random states back, as if there had been no validation.

        Args:
            runner: The runner.
        """
        if self._before_val is not None:
            restore_random_state(self._before_val)
            self._before_val = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the random states and make everything readable without unpickling.

        Args:
            runner: The runner.
            checkpoint: What will be written.
        """
        if self._states is not None:
            checkpoint.update(self._states, validated=self._before_val is not None)
        pack_content(checkpoint)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep the random states until the first iteration.

        Args:
            runner: The runner.
            checkpoint: What was read.
        """
        optimizer = checkpoint.get('optimizer')
        if isinstance(optimizer, dict) and not optimizer.get('loss_scaler', True):
            del optimizer['loss_scaler']  # of bfloat16, which an enabled scaler would refuse
        if runner._resume and 'random_states' in checkpoint:
            keys = ('random_states', 'gradients', 'validated')
            self._to_restore = {key: checkpoint[key] for key in keys}
            self._saved_step = checkpoint['meta']['epoch' if self.by_epoch else 'iter']

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        if self._to_restore is None:
            state = capture_random_state() if self._before_val is None else self._before_val
            self._states = dict(
                random_states=all_gather_object(state), gradients=capture_gradients(_model(runner))
            )
        else:  # a validation is made up for: no iteration has gone on from these yet
            self._states = {key: self._to_restore[key] for key in ('random_states', 'gradients')}
        try:
            super()._save_checkpoint_with_step(runner, step, meta)
        finally:
            self._states = None
        self._saved_step = step
        self._saved_in_validation = self._before_val is not None
        if self.keep > 0 and is_main_process():
            earlier = sorted(number for number in self._files() if number <= step)
            self._remove([self._files()[number] for number in earlier[: -self.keep]])

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        if not self.save_best:
            return
        if hasattr(self, 'best_ckpt_path_dict'):
            by_score = self.best_ckpt_path_dict
            # mmengine's hook would remove the former files first, if it knew of them
            self.best_ckpt_path_dict = dict.fromkeys(by_score)
            super()._save_best_checkpoint(runner, metrics)
            for key, path in by_score.items():
                self.best_ckpt_path_dict[key] = self._replaced(path, self.best_ckpt_path_dict[key])
        else:
            former, self.best_ckpt_path = self.best_ckpt_path, None
            super()._save_best_checkpoint(runner, metrics)
            self.best_ckpt_path = self._replaced(former, self.best_ckpt_path)

    def _replaced(self, former: str | None, new: str | None) -> str | None:
        """Choose between two best checkpoints, and remove the former if there is a new one."""
        if new is None or former is None or Path(former).name == Path(new).name:
            return new or former
        if is_main_process():
            # its path may be that of the folder which this one was copied from
            self._remove([Path(self.out_dir) / Path(former).name])
        return new

    def _files(self, prefix: str = '', suffix: str = '') -> dict[int, Path]:
        """Find the files that this hook wrote, by iteration or epoch."""
        pattern = re.escape(prefix + self.filename_tmpl + suffix).replace(r'\{\}', r'(\d+)')
        matches = (
            (re.fullmatch(pattern, path.name), path)
            for path in Path(self.out_dir).glob('*')
            if path.is_file()
        )
        return {int(match.group(1)): path for match, path in matches if match}

    def _remove(self, paths: Sequence[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)


def _model(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _validate_if_due(runner: Runner) -> None:
    """Run the validation that the killed run owed, by the rule of mmengine's loops."""
    loop = runner.train_loop
    loop._decide_current_val_interval()
    epochs = isinstance(loop, EpochBasedTrainLoop)
    done, last = (loop.epoch, loop.max_epochs) if epochs else (loop.iter, loop.max_iters)
    due = done >= loop.val_begin and (done % loop.val_interval == 0 or done == last)
    if runner.val_loop is not None and due:
        runner.val_loop.run()
