"""A study: its trials, who runs which, and whether it is the study of this config and space."""

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.folder_lock import FolderInUseError, locked_folder

from .parameters import Parameter, suggest
from .storage import FILES, PATIENCE, make_pruner, open_storage, storage_errors

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

#: The user attributes of a study and of its trials.
IDENTITY, ERROR, PRUNED, SECONDS = 'handbone', 'error', 'pruned', 'seconds'
SAMPLERS = ('tpe', 'random')


class ClaimedTrial(NamedTuple):
    """A trial that this process may run.

    Attributes:
        number: Its number in the study.
        settings: Its values by dotted key.
        resumed: Whether a process that has ended began it.
        lock: What keeps others from it, to be closed.
    """

    number: int
    settings: dict[str, Any]
    resumed: bool
    lock: contextlib.ExitStack


class SearchStudy:
    """A study in a folder, whose trials several processes and machines may run.

    The next trial depends on the seed and on the trials before it alone, so that a study that was
    interrupted goes on as it would have without. A trial whose process has ended is taken over.

    Args:
        folder: The folder.
        space: What may vary.
        kind: ``'sqlite'``, or ``'journal'`` for disks of a network.
        sampler: ``'tpe'`` learns from the trials before, ``'random'`` does not.
        pruner: See :func:`~handbone.search.storage.make_pruner`.
        seed: Seed of the sampler.

    Raises:
        HandboneError: If the file is not a study, or damaged.
    """

    def __init__(
        self,
        folder: Path,
        space: Sequence[Parameter],
        kind: str = 'sqlite',
        sampler: str = 'tpe',
        pruner: str = 'median',
        seed: int = 0,
    ) -> None:
        for name, value, known in (('storage', kind, FILES), ('sampler', sampler, SAMPLERS)):
            if value not in known:
                raise HandboneError(f'there is no {name} {value}; there are {", ".join(known)}')
        self.folder, self.space = folder, list(space)
        self._sampler, self._seed = sampler, seed
        self.path = self._file(kind)
        with self._alone(), storage_errors(self.path):
            self._study = self._open(pruner)

    @property
    def name(self) -> str:
        """What the storage calls the study."""
        return str(self._study.study_name)

    def identify(self, identity: Mapping[str, Any]) -> dict[str, Any]:
        """Say what the study searches, and find out what it was begun with.

        Args:
            identity: What makes it this study, plain values.

        Returns:
            That of the first call for this study.

        Raises:
            HandboneError: If the study cannot be read or written.
        """
        with self._alone(), storage_errors(self.path):
            attributes = self._study.user_attrs
            if IDENTITY not in attributes:
                if self._study.get_trials(deepcopy=False):
                    raise HandboneError(
                        f'{self.path} is a study that `handbone search` did not begin; give '
                        'another --work-dir'
                    )
                self._study.set_user_attr(IDENTITY, json.dumps(identity))
            stored: dict[str, Any] = json.loads(self._study.user_attrs[IDENTITY])
            return stored

    @property
    def trials(self) -> 'list[FrozenTrial]':
        """All trials in order, those in progress too."""
        with storage_errors(self.path):
            return list(self._study.get_trials(deepcopy=False))

    def settings(self, trial: 'FrozenTrial') -> dict[str, Any]:
        """Say what a trial has been given.

        Args:
            trial: A trial of this study.

        Returns:
            Values by dotted key.
        """
        optuna = import_extra('optuna', 'search')
        return suggest(self.space, optuna.trial.FixedTrial(trial.params))

    @property
    def best(self) -> 'FrozenTrial | None':
        """The complete trial with the highest score, the earliest of equal ones."""
        complete = [trial for trial in self.trials if trial.state.name == 'COMPLETE']
        return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)

    def claim(self, wanted: int, new: bool = True) -> ClaimedTrial | None:
        """Take a trial: one that was interrupted, or a new one.

        Args:
            wanted: How many trials the study shall have.
            new: Whether a new one may begin.

        Returns:
            The trial, or None if there is nothing to begin.

        Raises:
            HandboneError: If the study cannot be read or written.
        """
        optuna = import_extra('optuna', 'search')
        with self._alone(), storage_errors(self.path):
            trials = self._study.get_trials(deepcopy=False)
            for trial in trials:
                lock = self._lock(trial.number) if trial.state.name == 'RUNNING' else None
                if lock is not None:
                    begun = optuna.trial.Trial(self._study, trial._trial_id)
                    return ClaimedTrial(trial.number, suggest(self.space, begun), True, lock)
            if len(trials) >= wanted or not new:
                return None
            self._study.sampler = self._make_sampler(len(trials))
            drawn = self._study.ask()
            lock = self._lock(drawn.number)
            assert lock is not None
            return ClaimedTrial(drawn.number, suggest(self.space, drawn), False, lock)

    def finish(self, number: int, seconds: float) -> 'FrozenTrial':
        """Note that a training has ended.

        The score is the best of its validations.

        Args:
            number: Number of the trial.
            seconds: What it took.

        Returns:
            The trial, complete, pruned or, if nothing was validated, failed.

        Raises:
            HandboneError: If the study cannot be written.
        """
        trial = self.trials[number]
        scores = trial.intermediate_values.values()
        if not scores:
            return self.fail(number, 'the training ended without a validation', seconds)
        state = 'PRUNED' if PRUNED in trial.user_attrs else 'COMPLETE'
        return self._tell(trial, state, {SECONDS: seconds}, max(scores))

    def fail(self, number: int, reason: str, seconds: float) -> 'FrozenTrial':
        """Note that a training has failed.

        Args:
            number: Number of the trial.
            reason: Why, one line.
            seconds: What it took.

        Returns:
            The trial.

        Raises:
            HandboneError: If the study cannot be written.
        """
        return self._tell(self.trials[number], 'FAIL', {SECONDS: seconds, ERROR: reason})

    def _tell(
        self,
        trial: 'FrozenTrial',
        state: str,
        attributes: Mapping[str, Any],
        score: float | None = None,
    ) -> 'FrozenTrial':
        optuna = import_extra('optuna', 'search')
        with storage_errors(self.path):
            for name, value in attributes.items():
                self._study._storage.set_trial_user_attr(trial._trial_id, name, value)
            states = optuna.trial.TrialState
            value = score if state == 'COMPLETE' else None
            return self._study.tell(trial.number, value, states[state])

    def _file(self, kind: str) -> Path:
        """Name the storage; what is there already stays in use."""
        there = [name for name in FILES.values() if (self.folder / name).exists()]
        return self.folder / (there[0] if there else FILES[kind])

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        return locked_folder(self.folder / 'locks' / 'study', wait=PATIENCE)

    def _lock(self, number: int) -> contextlib.ExitStack | None:
        stack = contextlib.ExitStack()
        try:
            stack.enter_context(locked_folder(self.folder / 'locks' / f'trial_{number:04d}'))
        except FolderInUseError:
            return None
        return stack

    def _open(self, pruner: str) -> 'Study':
        optuna = import_extra('optuna', 'search')
        storage = open_storage(self.path)
        names = optuna.get_all_study_names(storage)
        if not names:
            names = [self.folder.resolve().name]
            optuna.create_study(study_name=names[0], storage=storage, direction='maximize')
        return optuna.load_study(study_name=names[0], storage=storage, pruner=make_pruner(pruner))

    def _make_sampler(self, trials: int) -> 'BaseSampler':
        samplers = import_extra('optuna', 'search').samplers
        # neighbouring seeds would draw neighbouring values
        seed = int(np.random.SeedSequence([self._seed, trials]).generate_state(1)[0])
        if self._sampler == 'random':
            return samplers.RandomSampler(seed=seed)
        return samplers.TPESampler(seed=seed)
