"""What happens to a training besides mmengine's own steps, for hooks that listen."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

#: The training ends by an exception; the text is its line.
ERROR = 'error'
#: Somebody interrupts it at the terminal.
INTERRUPT = 'interrupt'
#: A batch is left out because its loss or a gradient is NaN or infinite.
INVALID_LOSS = 'invalid_loss'


class ListeningHook(Hook):
    """A hook that is told of events."""

    def after_event(self, runner: Runner, event: str, text: str) -> None:
        """Take notice of an event.

        Args:
            runner: The runner of the training.
            event: One of the names in this module.
            text: What happened, in one line.
        """


def report_event(runner: Runner, event: str, text: str) -> None:
    """Tell the hooks that listen of an event.

    Args:
        runner: The runner of the training.
        event: One of the names in this module.
        text: What happened, in one line.
    """
    for hook in runner.hooks:
        if isinstance(hook, ListeningHook):
            try:
                hook.after_event(runner, event, text)
            except Exception as error:  # it must not hide what it is told of
                runner.logger.warning(f'{type(hook).__name__}: {type(error).__name__}: {error}')
