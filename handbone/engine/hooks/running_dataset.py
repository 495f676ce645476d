"""What a runner is about to do, for hooks that are called before the loop starts."""

from mmengine.runner import BaseLoop, Runner
from torch.utils.data import Dataset


def dataset_to_run(runner: Runner) -> Dataset | None:
    """Find the dataset of the loop that a runner has built: training, testing or validation.

    Args:
        runner: The runner.

    Returns:
        The loop's dataset, or None if no loop is built yet.
    """
    loop = _loop_to_run(runner)
    return None if loop is None else loop.dataloader.dataset


def must_fit(runner: Runner) -> bool:
    """Tell whether a checkpoint is resumed, tested or validated, not the start of a training.

    Args:
        runner: The runner.

    Returns:
        True if so; False also if no loop is built yet, so that the purpose is unknown.
    """
    loop = _loop_to_run(runner)
    return loop is not None and (loop is not runner._train_loop or runner._resume)


def _loop_to_run(runner: Runner) -> BaseLoop | None:
    loops = (runner._train_loop, runner._test_loop, runner._val_loop)
    return next((loop for loop in loops if isinstance(loop, BaseLoop)), None)
