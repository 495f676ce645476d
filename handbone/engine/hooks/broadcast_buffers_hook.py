"""Makes all processes validate the same model."""

from mmengine import dist
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class BroadcastBuffersHook(Hook):
    """Give every process the main process's buffers before validation.

    Without SyncBN each process has its own running statistics, and the checkpoint stores those of
    the main process: validation would score different models from the one that is saved.
    """

    # after EMAHook, which first puts its averaged statistics into the model
    priority = 'LOW'

    def before_val_epoch(self, runner: Runner) -> None:
        """Broadcast the buffers.

        Args:
            runner: The runner of the training.
        """
        for buffer in runner.model.buffers():
            dist.broadcast(buffer, src=0)
