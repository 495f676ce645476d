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
from handbone.errors import counted
from handbone.files import UNFINISHED
from handbone.listing import normal_form, normal_forms


@HOOKS.register_module()
class DurableCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook with whole files and a complete state.

    - A checkpoint is written under a temporary name, flushed and renamed; only then are outdated
      checkpoints and the previous best one removed.
    - It holds the random states of every process, so a resumed run draws the same numbers as an
      uninterrupted one, and the accumulated gradients of an unfinished step.
    - Validation does not change the random states.
    - It records whether a due validation was finished; if not, a resumed run validates first.
    - It holds only tensors, numbers and texts, so it can be read without unpickling.
    - ``runner.val()`` and ``runner.test()`` save nothing.

    Args:
        max_keep_ckpts: How many of the newest checkpoints to keep, -1 for all.
        backend_args: mmengine's file backend; the default is the durable one for local files.
        save_best: Scores by which the best checkpoint is kept, as ``Dice/Ulna``.
        **kwargs: The other arguments of mmengine's hook.
    """

    # attributes of mmengine's hook: one path, or one per score
    best_ckpt_path: str | None
    best_ckpt_path_dict: dict[str, str | None]

    def __init__(
        self,
        max_keep_ckpts: int = -1,
        backend_args: dict | None = None,
        save_best: str | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(save_best, str):  # a score may be that of a class
            save_best = normal_form(save_best)
        elif save_best is not None:
            save_best = list(normal_forms(save_best))
        # mmengine's hook must keep all files, because it removes old ones before it writes
        super().__init__(
            backend_args=backend_args or dict(backend='durable'), save_best=save_best, **kwargs
        )
        self.keep = max_keep_ckpts
        self._training = False
        self._before_val: dict | None = None
        self._saved_in_validation = False
        self._states: dict[str, list[dict]] | None = None
        self._to_restore: dict | None = None
        self._saved_step: int | None = None

    def before_train(self, runner: Runner) -> None:
        """Find the folder, remove unfinished files of a killed run, run its missed validation.

        Args:
            runner: The runner of the training.
        """
        super().before_train(runner)
        self._training = True
        if is_main_process():
            self._remove(self._unfinished())
        if self._to_restore is not None and not self._to_restore['validated']:
            _validate_if_due(runner)

    def after_train(self, runner: Runner) -> None:
        """Publish the checkpoint, if the config asks for it.

        Args:
            runner: The runner of the training.
        """
        super().after_train(runner)
        self._training = False

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any | None = None
    ) -> None:
        """Continue with the random numbers of the interrupted run.

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
                f'The interrupted run had {counted(len(states), "process")}, this one has '
                f'{get_world_size()}: its random numbers, and so its weights, will differ.',
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
        """During training, save the best checkpoint and record that the validation is done.

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
        """Restore the random states, as if there had been no validation.

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
        """Keep the stored random states until the first iteration.

        Args:
            runner: The runner.
            checkpoint: What was read.
        """
        optimizer = checkpoint.get('optimizer')
        if isinstance(optimizer, dict) and not optimizer.get('loss_scaler', True):
            del optimizer['loss_scaler']  # empty after bfloat16, and an enabled scaler refuses it
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
        else:  # during a missed validation: no iteration has used the stored states yet
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
            # mmengine's hook would remove the previous files first, if it knew them
            self.best_ckpt_path_dict = dict.fromkeys(by_score)
            super()._save_best_checkpoint(runner, metrics)
            for key, path in by_score.items():
                self.best_ckpt_path_dict[key] = self._replaced(path, self.best_ckpt_path_dict[key])
        else:
            former, self.best_ckpt_path = self.best_ckpt_path, None
            super()._save_best_checkpoint(runner, metrics)
            self.best_ckpt_path = self._replaced(former, self.best_ckpt_path)

    def _replaced(self, former: str | None, new: str | None) -> str | None:
        """Return the new best checkpoint and remove the previous one, if there is a new one."""
        if new is None or former is None or Path(former).name == Path(new).name:
            return new or former
        if is_main_process():
            # the work dir may be a copy, whose checkpoints name files in the original folder
            self._remove([Path(self.out_dir) / Path(former).name])
        return new

    def _files(self) -> dict[int, Path]:
        """Find the checkpoints that this hook wrote, by number of iteration or epoch."""
        return {int(match.group(1)): path for match, path in self._matching(self._pattern())}

    def _unfinished(self) -> list[Path]:
        """Find what a killed run was writing; version 0.1.0 did not hide these files."""
        name = rf'((best_.+_)?{self._pattern()}|last_checkpoint)'
        return [path for _, path in self._matching(rf'\.?{name}{re.escape(UNFINISHED)}')]

    def _pattern(self) -> str:
        return re.escape(self.filename_tmpl).replace(r'\{\}', r'(\d+)')

    def _matching(self, pattern: str) -> list[tuple[re.Match[str], Path]]:
        files = [path for path in Path(self.out_dir).glob('*') if path.is_file()]
        matches = ((re.fullmatch(pattern, path.name), path) for path in files)
        return [(match, path) for match, path in matches if match]

    def _remove(self, paths: Sequence[Path]) -> None:
        for path in paths:
            path.unlink(missing_ok=True)


def _model(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model


def _validate_if_due(runner: Runner) -> None:
    """Run the validation that the killed run missed, by the rule of mmengine's loops."""
    loop = runner.train_loop
    loop._decide_current_val_interval()
    epochs = isinstance(loop, EpochBasedTrainLoop)
    done, last = (loop.epoch, loop.max_epochs) if epochs else (loop.iter, loop.max_iters)
    due = done >= loop.val_begin and (done % loop.val_interval == 0 or done == last)
    if runner.val_loop is not None and due:
        runner.val_loop.run()
