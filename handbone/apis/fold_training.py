"""Train the folds of a cross-validation, each in its own process."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config
from mmengine.logging import MMLogger

from handbone.checkpoints import load_checkpoint_file, newest_checkpoint
from handbone.configuration.config_file import read_config_file
from handbone.configuration.dataset_configs import training_checkpoints
from handbone.configuration.fold_config import FINISHED, fold_settings, write_finished_fold
from handbone.engine.experiment import check_same_experiment
from handbone.errors import HandboneError
from handbone.folder_lock import FolderInUseError, locked_folder
from handbone.machine.graphics_cards import check_cards
from handbone.pseudo_labels import check_fold_leaks

from .kept_folds import keep_fold_file
from .training_process import OUTPUT, start_training, stop_trainings

#: Seconds between two checks of the running folds.
CHECK_INTERVAL = 0.5


class _Running(NamedTuple):
    """A fold in training.

    Attributes:
        fold: Its number.
        slot: Its GPU, or None.
        process: The process.
    """

    fold: int
    slot: str | None
    process: subprocess.Popen


class FoldTraining:
    """The trainings of a cross-validation in one folder: ``fold_0``, ``fold_1`` and so on.

    Args:
        config: Configuration file.
        work_dir: The folder.
        num_folds: Number of folds.
        options: Settings as ``key=value``, as ``--cfg-options`` takes them.
        arguments: Further arguments of `handbone train`.
        fold_file: CSV of ``handbone folds``. A copy stays in the folder and is used from then on.
    """

    def __init__(
        self,
        config: str,
        work_dir: str | Path,
        num_folds: int,
        options: Sequence[str] = (),
        arguments: Sequence[str] = (),
        fold_file: str | Path | None = None,
    ) -> None:
        self.config = config
        self.work_dir = Path(work_dir)
        self.num_folds = num_folds
        self.options = list(options)
        self.arguments = list(arguments)
        self.fold_file = fold_file

    def train(self, folds: Sequence[int], slots: Sequence[str | None]) -> None:
        """Train folds, one per slot at a time.

        Finished folds are skipped, others continue from their newest checkpoint.

        Args:
            folds: Which ones.
            slots: One entry per training that may run at the same time: its GPU, or None for any.

        Raises:
            HandboneError: If a fold does not exist, belongs to a different experiment, or fails, a
                GPU does not exist, the CSV of folds does not fit, or a joined dataset has patients
                of the folds.
        """
        self.fold_file = keep_fold_file(self.work_dir, self.fold_file, self.num_folds)
        waiting = [fold for fold in folds if not self._is_finished(fold)]
        if waiting:
            check_cards(slots)
            check_fold_leaks(read_config_file(self.config, self.options))
        for fold in folds:
            if fold not in waiting:
                print(f'fold {fold} is finished: {self._folder(fold)}', flush=True)
        free, failed = list(slots), {}
        running: list = []
        try:
            while waiting or running:
                while waiting and free:
                    fold, slot = waiting.pop(0), free.pop(0)
                    try:
                        running.append(self._start(fold, slot, quiet=len(slots) > 1))
                    except FolderInUseError as error:
                        failed[fold] = str(error)
                        free.append(slot)
                time.sleep(CHECK_INTERVAL)
                for each in [each for each in running if each.process.poll() is not None]:
                    running.remove(each)
                    free.append(each.slot)
                    self._end(each, failed)
        finally:
            stop_trainings(each.process for each in running)
        if failed:
            raise HandboneError(
                f'{len(failed)} of {len(folds)} folds are not trained: '
                + ', '.join(f'{fold} ({reason})' for fold, reason in failed.items())
                + '; their output says why. Run the same command again to continue'
            )

    def _folder(self, fold: int) -> Path:
        return self.work_dir / f'fold_{fold}'

    def _settings(self, fold: int) -> tuple[Config, list[str]]:
        cfg = read_config_file(self.config, self.options)
        settings = fold_settings(cfg, fold, self.num_folds, self.fold_file)
        cfg.merge_from_dict(settings)
        return cfg, [f'{key}={value}' for key, value in settings.items()]

    def _is_finished(self, fold: int) -> bool:
        cfg, _ = self._settings(fold)
        folder = self._folder(fold)
        if not (folder / FINISHED).is_file():
            return False
        checkpoint = newest_checkpoint(training_checkpoints(cfg, folder), resumable=False)
        if checkpoint is None:
            return False
        meta = load_checkpoint_file(checkpoint, mmap=True).get('meta') or {}
        check_same_experiment(str(checkpoint), meta, cfg, MMLogger.get_current_instance())
        return True

    def _start(self, fold: int, slot: str | None, quiet: bool) -> _Running:
        """Start a training, unless a different process is training the fold."""
        folder = self._folder(fold)
        with locked_folder(folder):
            pass  # the training takes the lock itself; this only reports at once that it cannot
        cfg, of_fold = self._settings(fold)
        settings = [*self.options, *of_fold]
        command = [self.config, *self.arguments, '--work-dir', str(folder)]
        command += ['--cfg-options', *settings]
        if any(training_checkpoints(cfg, folder).glob('*.pth')):
            command.append('--resume')
        print(f'fold {fold} begins{f" on GPU {slot}" if slot else ""}: {folder}', flush=True)
        process = start_training(command, slot, folder / OUTPUT if quiet else None)
        return _Running(fold, slot, process)

    def _end(self, ended: _Running, failed: dict[int, str]) -> None:
        """Record how a training ended."""
        fold, code = ended.fold, ended.process.returncode
        folder = self._folder(fold)
        if code:
            failed[fold] = f'exit code {code}'
            print(f'fold {fold} failed ({code}): {folder}', file=sys.stderr, flush=True)
            output = folder / OUTPUT
            if output.is_file():  # its last lines say what is wrong
                print(output.read_text(errors='replace').strip()[-1000:], file=sys.stderr)
            return
        write_finished_fold(folder, fold, self.num_folds)
        print(f'fold {fold} is finished: {folder}', flush=True)


def train_folds(
    config: str | Path,
    work_dir: str | Path,
    num_folds: int = 5,
    options: Sequence[str] = (),
    folds: Sequence[int] | None = None,
    slots: Sequence[str | None] = (None,),
    fold_file: str | Path | None = None,
) -> list[Path]:
    """Train a cross-validation; see :class:`FoldTraining`.

    >>> train_folds('configs/demo.py', 'work_dirs/folds', 5, slots=['0', '1'])  # on two GPUs

    Args:
        config: Configuration file.
        work_dir: Folder of ``fold_0``, ``fold_1`` and so on.
        num_folds: Number of folds.
        options: Settings as ``key=value``, as ``--cfg-options`` takes them.
        folds: The folds to train here; all by default.
        slots: One entry per training that may run at the same time: its GPU, or None for any.
        fold_file: CSV of ``handbone folds``. Default: folds of about as many images.

    Returns:
        The work dirs of the trained folds.

    Raises:
        HandboneError: If a fold does not exist, belongs to a different experiment, or fails, or a
            GPU does not exist.
    """
    chosen = list(range(num_folds)) if folds is None else list(folds)
    training = FoldTraining(str(config), work_dir, num_folds, options, fold_file=fold_file)
    training.train(chosen, slots)
    return [Path(work_dir) / f'fold_{fold}' for fold in chosen]
