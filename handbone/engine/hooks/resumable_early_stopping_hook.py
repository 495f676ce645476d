"""Early stopping that continues its count after a resume."""

from mmengine.hooks import EarlyStoppingHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

STATE = 'early_stopping'


@HOOKS.register_module()
class ResumableEarlyStoppingHook(EarlyStoppingHook):
    """mmengine's EarlyStoppingHook, whose count of validations survives a kill.

    Checkpoints hold the best score and the number of validations without improvement, under the
    name of the score, so a resumed training stops after the same validation as an uninterrupted
    one. The arguments are those of mmengine's hook.
    """

    # before the hook that saves a checkpoint after validation, which holds the count
    priority = 'LOW'

    def before_train(self, runner: Runner) -> None:
        """Stop a resumed training that had already stopped.

        Args:
            runner: The runner of the training.
        """
        if self.wait_count >= self.patience:
            runner.train_loop.stop_training = True
            runner.logger.info(
                f'{self.monitor} did not improve in the last {self.wait_count} validations of the '
                'resumed training, so it had stopped; raise patience to continue.'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the best score and the count.

        Args:
            runner: The runner; not used.
            checkpoint: What will be written.
        """
        state = dict(best_score=float(self.best_score), wait_count=self.wait_count)
        checkpoint.setdefault(STATE, {})[self.monitor] = state

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore them from the checkpoint of a resumed training.

        Args:
            runner: The runner.
            checkpoint: What was read.
        """
        state = checkpoint.get(STATE, {}).get(self.monitor)
        if runner._resume and state is not None:
            self.best_score, self.wait_count = state['best_score'], state['wait_count']
