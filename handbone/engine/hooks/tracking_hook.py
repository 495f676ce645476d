"""Gives trackers what mmengine's own hooks do not: Dice per class, checkpoints, a failure."""

from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from handbone.engine.tracking.tracker import TrackedCheckpoint, Tracker
from handbone.engine.training_events import ERROR, INTERRUPT, ListeningHook
from handbone.evaluation.dice_metric import dice_table
from handbone.file_hash import file_hash


@HOOKS.register_module()
class TrackingHook(ListeningHook):
    """Send Dice per class, hashes of checkpoints and failures to the trackers of the visualizer.

    Losses, scores, learning rates and the load of the machine reach every backend by mmengine's
    LoggerHook, and contact sheets by MultilabelVisualizationHook. This hook adds, for
    ``ResumableTensorboardVisBackend``, ``BufferedMLflowVisBackend`` and
    ``ResumableWandbVisBackend``, the Dice of each class after each validation, name and SHA-256 of
    the best and the last checkpoint at the end, and that a training failed.
    """

    # after the hooks that write scores and checkpoints, before LoggerHook closes the backends
    priority = 'LOWEST'

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Send the Dice of each class.

        Args:
            runner: The runner.
            metrics: The scores; groups that are there are not sent again.
        """
        table = dice_table(runner.val_loop.evaluator) if is_main_process() else None
        if table is not None:
            scores = {
                f'Dice/{name}': mean for name, mean in table.means('dice', ('class',)).items()
            }
            new = {name: mean for name, mean in scores.items() if name not in (metrics or {})}
            for tracker in _trackers(runner):
                tracker.add_scalars(new, runner.iter)

    def after_train(self, runner: Runner) -> None:
        """Send the hashes of the checkpoints.

        Args:
            runner: The runner of the training.
        """
        trackers = _trackers(runner)
        for checkpoint in _checkpoints(runner) if trackers else []:
            for tracker in trackers:
                tracker.add_checkpoint(checkpoint, runner.iter)

    def after_event(self, runner: Runner, event: str, text: str) -> None:
        """Send that the training failed.

        Args:
            runner: The runner of the training.
            event: What kind of event.
            text: What happened; not sent.
        """
        if event in (ERROR, INTERRUPT):
            for tracker in _trackers(runner):
                tracker.fail()


def _trackers(runner: Runner) -> list:
    backends = runner.visualizer._vis_backends.values() if is_main_process() else []
    return [backend for backend in backends if isinstance(backend, Tracker)]


def _checkpoints(runner: Runner) -> list[TrackedCheckpoint]:
    hook = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    files = dict(best=getattr(hook, 'best_ckpt_path', None), last=getattr(hook, 'last_ckpt', None))
    return [
        TrackedCheckpoint(kind, Path(file), file_hash(Path(file)))
        for kind, file in files.items()
        if file and Path(file).is_file()
    ]
