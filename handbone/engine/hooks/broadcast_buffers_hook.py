"""Lets all processes validate the same model."""

from mmengine import dist
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class BroadcastBuffersHook(Hook):
    """Give every process the main process's buffers before validation.

    Without SyncBN each process has running statistics of its own, and the checkpoint has those of
    the main process: validation would score other models than the one that is saved.
    """

    # after EMAHook, which puts its averaged statistics into the model first
    priority = 'LOW'

    def before_val_epoch(self, runner: Runner) -> None:
        """Broadcast the buffers.

        Args:
            runner: The runner of the training.
        """
        for buffer in runner.model.buffers():
            dist.broadcast(buffer, src=0)
