"""Search for the settings of a config that give the best validation score."""

import contextlib
import gc
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.config import Config

from handbone.checkpoints.pretrained import fetch_pretrained
from handbone.configuration.completion import TRAINING, complete_config
from handbone.configuration.config_file import parse_options, read_config_file
from handbone.configuration.dataset_configs import dataset_metainfo
from handbone.configuration.dumped_config import (
    config_differences,
    describe_difference,
    parse_config_text,
)
from handbone.configuration.inheriting_config import inheriting_config
from handbone.configuration.options import set_options
from handbone.configuration.search_space import check_search_space, read_search_space
from handbone.engine.experiment import DIFFERENT_IN_EVERY_RUN
from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.machine.graphics_cards import check_cards
from handbone.progress import duration
from handbone.search.parameters import describe
from handbone.search.study import ERROR, ClaimedTrial, SearchStudy

from .search_result import write_importances, write_trials
from .training import resume
from .training_process import OUTPUT
from .trial_process import TrialProcess

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

#: Failed trials in a row after which a search ends.
MOST_FAILURES = 5


@dataclass
class Search:
    """A search for the settings of a config with the highest validation score.

    Every trial is a training in its own process and work dir. A study continues where it stopped;
    several processes, on several machines if they share the folder, may work on it.

    Args:
        config: Configuration file.
        space: File of the search space; see
            :func:`~handbone.configuration.search_space.read_search_space`.
        work_dir: Folder of the study and of its trials.
        options: Settings of all trials as ``key=value``.
        storage: ``'sqlite'``, or ``'journal'`` for disks of a network.
        sampler: ``'tpe'`` or ``'random'``.
        pruner: ``'median'``, ``'halving'`` or ``'none'``; see
            :class:`~handbone.engine.hooks.PruningHook`.
        metric: The validation score, from 0 to 1, higher is better.
        seed: Seed of the sampler.
        keep_checkpoints: Keep the checkpoints of all trials, not only of the best one.

    Raises:
        HandboneError: If a setting of the space would have no effect, the config has no
            validation, or the folder holds a study of something else.

    Example:
        >>> search = Search('configs/demo.py', 'configs/search/rate.yaml', 'work_dirs/rate')
        >>> search.run(trials=20, slots=['0', '1'])
    """

    config: str | Path
    space: str | Path
    work_dir: str | Path
    options: Sequence[str] = ()
    storage: str = 'sqlite'
    sampler: str = 'tpe'
    pruner: str = 'median'
    metric: str = 'mDice'
    seed: int = 0
    keep_checkpoints: bool = False
    _failures: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._folder = Path(self.work_dir)
        self._options = parse_options(self.options)
        self._base = read_config_file(self.config)
        cfg = self._changed({})
        complete_config(cfg, TRAINING)
        if cfg.get('val_dataloader') is None:
            raise HandboneError(f'{self.config} has no val_dataloader: trials are validated')
        parameters = read_search_space(self.space)
        check_search_space(parameters, cfg, self.space)
        self.study = SearchStudy(
            self._folder, parameters, self.storage, self.sampler, self.pruner, self.seed
        )
        self._refuse_other_study(cfg, describe(parameters))
        fetch_pretrained(cfg, lambda: dataset_metainfo(cfg, 'train_dataloader')['classes'])

    def run(
        self,
        trials: int = 20,
        slots: Sequence[str | None] = (None,),
        time_limit: float | None = None,
    ) -> Path | None:
        """Train trials until the study has as many as wanted.

        Args:
            trials: Number of trials of the study, those of earlier calls included.
            slots: One entry per training that may run at the same time: its GPU, or None for any.
            time_limit: Seconds after which no trial begins.

        Returns:
            The config of the best trial; None if no trial is complete.

        Raises:
            HandboneError: If a GPU does not exist, many trials in a row fail, or the study cannot
                be written.
        """
        check_cards(slots)
        end = time.monotonic() + time_limit if time_limit else float('inf')
        free = list(slots)
        running: list[tuple[ClaimedTrial, TrialProcess, str | None]] = []
        gc.freeze()  # mmengine collects garbage for each dataset, over all that is imported
        try:
            while True:
                while free:
                    claimed = self.study.claim(trials, new=time.monotonic() < end)
                    if claimed is None:
                        break
                    slot = free.pop(0)
                    running.append((claimed, self._start(claimed, slot), slot))
                if not running:
                    break
                wait([process.sentinel for _, process, _ in running])
                for each in [each for each in running if wait([each[1].sentinel], 0)]:
                    running.remove(each)
                    free.append(each[2])
                    self._end(each[0], each[1])
        finally:
            for claimed, process, _ in running:
                process.stop()
                claimed.lock.close()
        return self.write_result()

    def write_result(self) -> Path | None:
        """Write ``best.py``, ``trials.csv`` and ``importances.png`` into the folder.

        Returns:
            The config of the best trial; None if no trial is complete.
        """
        write_trials(self.study, self._folder / 'trials.csv')
        write_importances(self.study, self.metric, self._folder / 'importances.png')
        return self._write_best()

    def trial_folder(self, number: int) -> Path:
        """Name the work dir of a trial.

        Args:
            number: Number of the trial.

        Returns:
            A folder of the study's folder.
        """
        return self._folder / f'trial_{number:04d}'

    def _start(self, claimed: ClaimedTrial, slot: str | None) -> TrialProcess:
        folder = self.trial_folder(claimed.number)
        cfg = self._changed(claimed.settings)
        cfg.work_dir, cfg.launcher = str(folder), 'none'
        hook = dict(
            type='PruningHook',
            storage=str(self.study.path),
            study=self.study.name,
            trial=claimed.number,
            metric=self.metric,
            pruner=self.pruner,
        )
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]
        if claimed.resumed:
            resume(cfg)
        doing = 'continues' if claimed.resumed else 'begins'
        place = f' on GPU {slot}' if slot else ''
        print(f'trial {claimed.number} {doing}{place}: {_written(claimed.settings)}', flush=True)
        return TrialProcess(cfg, slot)

    def _end(self, claimed: ClaimedTrial, process: TrialProcess) -> None:
        failure = process.failure()
        seconds = time.monotonic() - process.began
        with claimed.lock:
            if failure is None:
                trial = self.study.finish(claimed.number, seconds)
            else:
                trial = self.study.fail(claimed.number, failure, seconds)
        print(self._sentence(trial, seconds), flush=True)
        self._tidy(trial.number)
        self._failures = self._failures + 1 if trial.state.name == 'FAIL' else 0
        if self._failures >= MOST_FAILURES:
            raise HandboneError(
                f'{self._failures} trials in a row failed, the last one: '
                f'{self.study.trials[trial.number].user_attrs[ERROR]}; '
                f'{self.trial_folder(trial.number) / OUTPUT} has all of it'
            )

    def _sentence(self, trial: 'FrozenTrial', seconds: float) -> str:
        took = duration(seconds)
        if trial.state.name == 'FAIL':
            reason = self.study.trials[trial.number].user_attrs[ERROR]
            return f'trial {trial.number} failed after {took}: {reason}'
        score = max(trial.intermediate_values.values())
        pruned = ', pruned' if trial.state.name == 'PRUNED' else ''
        best = self.study.best
        so_far = f'; best {best.value:.4f} (trial {best.number})' if best else ''
        return f'trial {trial.number}: {self.metric} {score:.4f}{pruned}, {took}{so_far}'

    def _changed(self, settings: dict[str, Any]) -> Config:
        """Make the config of a trial; reading the file again would take longer."""
        cfg = deepcopy(self._base)
        set_options(cfg, self._options | settings)
        return cfg

    def _tidy(self, number: int) -> None:
        """Write the best config so far, and remove the checkpoints of worse trials."""
        # before the best one: a trial that another process ends from now on may be better
        finished = [trial for trial in self.study.trials if trial.state.is_finished()]
        best = self.study.best
        if best is not None and best.number == number:
            self._write_best()
        if self.keep_checkpoints or best is None:
            return
        for trial in finished:
            if trial.number != best.number:
                for checkpoint in self.trial_folder(trial.number).glob('*.pth'):
                    with contextlib.suppress(OSError):
                        checkpoint.unlink()

    def _write_best(self) -> Path | None:
        best = self.study.best
        if best is None:
            return None
        settings = self.study.settings(best)
        comment = (
            f'{self.metric} {best.value:.4f} in trial {best.number}, the best of the search in '
            f'{self._folder}'
        )
        out = self._folder / 'best.py'
        keys = [*self._options, *settings]
        text = inheriting_config(self._base, out, self._changed(settings), keys, comment)
        write_atomically(out, text.encode())
        return out

    def _refuse_other_study(self, cfg: Config, space: dict[str, Any]) -> None:
        kept = {name: value for name, value in cfg.items() if name not in DIFFERENT_IN_EVERY_RUN}
        identity = dict(config=Config(kept).pretty_text, space=space, metric=self.metric)
        stored = self.study.identify(identity)
        for each in (stored, identity):
            each['config'] = parse_config_text(str(each['config']))
        difference = next(config_differences(stored, identity), None)
        if difference is not None:
            raise HandboneError(
                f'{self.study.path} is the study of another search: '
                f'{describe_difference(*difference)}. Give another --work-dir, or the config and '
                'the space that it was begun with'
            )


def _written(settings: dict[str, Any]) -> str:
    return ', '.join(
        f'{key}={value:.4g}' if isinstance(value, float) else f'{key}={value}'
        for key, value in settings.items()
    )
