"""Ends the trial of a search whose validation score falls behind."""

import math
from pathlib import Path
from typing import Any

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from handbone.errors import HandboneError
from handbone.search.storage import make_pruner, open_storage, storage_errors

#: The user attribute of a trial that was pruned.
PRUNED = 'pruned'


@HOOKS.register_module()
class PruningHook(Hook):
    """Report each validation score to a study of Optuna, and stop the training if it says so.

    ``handbone search`` adds this hook to the config of every trial. A pruned training ends as one
    does that has come to its end; the trial then has the user attribute ``pruned``, the iteration.

    Args:
        storage: File of the study; see :func:`~handbone.search.storage.open_storage`.
        study: Name of the study.
        trial: Number of the trial in the study.
        metric: Name of the score.
        pruner: ``'median'`` stops a trial that is below the median of the others at the same
            iteration, ``'halving'`` keeps the best of each generation, ``'none'`` stops nothing.

    Raises:
        HandboneError: If there is no such pruner.
    """

    # after the scores are complete, before a checkpoint is saved
    priority = 'LOW'

    def __init__(
        self, storage: str, study: str, trial: int, metric: str = 'mDice', pruner: str = 'median'
    ) -> None:
        self.storage = Path(storage)
        self.study = study
        self.trial = trial
        self.metric = metric
        self.pruner = make_pruner(pruner)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Report the score, and stop the training if it falls behind.

        Args:
            runner: The runner of the training.
            metrics: The scores by name.

        Raises:
            HandboneError: If there is no such score, or it is not a number, or the study cannot
                be read or written.
        """
        answer: list[Any] = [None]
        if is_main_process():
            answer[0] = self._report(metrics or {}, runner.iter)
        broadcast_object_list(answer)
        if answer[0]:
            runner.logger.info(f'{answer[0]} at iteration {runner.iter}: the trial is pruned')
            runner.train_loop.stop_training = True

    def _report(self, metrics: dict[str, float], step: int) -> str | None:
        score = metrics.get(self.metric)
        if score is None:
            names = ', '.join(metrics) or 'none'
            raise HandboneError(f'there is no score {self.metric} to search by; there are {names}')
        if not math.isfinite(score):
            raise HandboneError(f'{self.metric} is {score} at iteration {step}')
        import optuna

        with storage_errors(self.storage):
            study = optuna.load_study(
                study_name=self.study,
                storage=open_storage(self.storage),
                # nothing is drawn here, so the simplest one
                sampler=optuna.samplers.RandomSampler(),
                pruner=self.pruner,
            )
            trial = optuna.trial.Trial(study, study.trials[self.trial]._trial_id)
            # a resumed training may validate again what was reported before the interruption
            if step not in study.trials[self.trial].intermediate_values:
                trial.report(float(score), step)
            if not trial.should_prune():
                return None
            trial.set_user_attr(PRUNED, step)
            return f'{self.metric} is {score:.4f}'
