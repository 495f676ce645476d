"""A runner that prints in the terminal only what people read. The log file has everything."""

import contextlib
import io
import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Self

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

from handbone.configuration.formatted_config import FormattedConfig
from handbone.registration import import_notes
from handbone.user_message import error_line

from .hooks.terminal_hook import TerminalHook
from .tracking.tracker import Tracker
from .training_events import ERROR, INTERRUPT, report_event

#: Default hooks that mmengine's runner adds where a config does not name them.
OWN_HOOKS = (
    'runtime_info',
    'timer',
    'sampler_seed',
    'logger',
    'param_scheduler',
    'checkpoint',
)
PACKAGE = str(Path(__file__).resolve().parents[1])
_runs = count()  # of this process


class ReportingRunner(Runner):
    """mmengine's runner with a quiet terminal.

    The terminal gets warnings and the messages of handbone itself, most of them from
    :class:`TerminalHook`. The log file also has the environment, the config, the notes of imports
    and every logged value. ``log_level = 'DEBUG'`` in the config shows everything in the terminal.
    """

    @classmethod
    def from_cfg(cls, cfg: Config) -> Self:
        """Build a runner from a config, whose text it formats only once.

        Args:
            cfg: The config of the run.

        Returns:
            The runner.
        """
        return super().from_cfg(FormattedConfig.of(cfg))

    def build_logger(
        self, log_level: int | str = 'INFO', log_file: str | None = None, **kwargs: Any
    ) -> MMLogger:
        """Build the logger of the run; see mmengine's Runner.

        Args:
            log_level: Lowest level that is logged.
            log_file: The log file; by default a file in the folder of the run.
            **kwargs: Further arguments of the logger.

        Returns:
            The logger.
        """
        logger = super().build_logger(log_level, log_file, **kwargs)
        if log_level not in ('DEBUG', logging.DEBUG):
            for handler in logger.handlers:
                if not isinstance(handler, logging.FileHandler):
                    handler.addFilter(_for_readers)
                    handler.setFormatter(_TerminalFormatter())
        for note in import_notes():
            logger.info(note, extra={'file_only': True})
        return logger

    def build_visualizer(self, visualizer: Visualizer | dict | None = None) -> Visualizer:
        """Build the visualizer, for this run alone.

        mmengine hands all runs of a process the one that was first built under a name, which goes
        on writing into the folder of the first run.

        Args:
            visualizer: A visualizer or its config.

        Returns:
            The visualizer.
        """
        if isinstance(visualizer, dict):
            name = f'{visualizer.get("name", "visualizer")}_{next(_runs)}'
            visualizer = dict(visualizer, name=name)
        return super().build_visualizer(visualizer)

    def register_hooks(
        self,
        default_hooks: dict[str, Any] | None = None,
        custom_hooks: list[Any] | None = None,
    ) -> None:
        """Register the hooks of the config and :class:`TerminalHook`.

        Args:
            default_hooks: Hooks by name; None leaves one out, whoever brings it.
            custom_hooks: Further hooks.
        """
        if default_hooks is not None:
            # mmengine knows None only for the hooks that it would add itself
            default_hooks = {
                name: hook
                for name, hook in default_hooks.items()
                if hook is not None or name in OWN_HOOKS
            }
        super().register_hooks(default_hooks, custom_hooks)
        self.register_hook(TerminalHook())

    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> dict:
        """Load a checkpoint; see mmengine's Runner.

        Args:
            filename: The checkpoint.
            *args: Further arguments.
            **kwargs: Further arguments.

        Returns:
            Its content.
        """
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            content = super().load_checkpoint(filename, *args, **kwargs)
        self.logger.info(printed.getvalue().strip(), extra={'file_only': True})
        return content

    def train(self) -> torch.nn.Module:
        """Train; see mmengine's Runner.

        Returns:
            The model.
        """
        with _warnings_into(self.logger):
            try:
                return super().train()
            except BaseException as error:
                event = INTERRUPT if isinstance(error, KeyboardInterrupt) else ERROR
                report_event(self, event, error_line(error))
                raise

    def val(self) -> dict[str, float]:
        """Validate without a training; see mmengine's Runner. Trackers get nothing of it.

        Returns:
            The metrics.
        """
        self._leave_out_trackers()
        with _warnings_into(self.logger):
            return super().val()

    def test(self) -> dict[str, float]:
        """Test; see mmengine's Runner. Trackers get nothing of it.

        Returns:
            The metrics.
        """
        self._leave_out_trackers()
        with _warnings_into(self.logger):
            return super().test()

    def _leave_out_trackers(self) -> None:
        # the run in the work dir is that of the training, which a new one would replace
        backends = self.visualizer._vis_backends
        for name, backend in list(backends.items()):
            if isinstance(backend, Tracker):
                del backends[name]


class _TerminalFormatter(logging.Formatter):
    """The time and the text; the level only for warnings and errors."""

    def format(self, record: logging.LogRecord) -> str:
        level = f'{record.levelname.lower()}: ' if record.levelno >= logging.WARNING else ''
        return f'{self.formatTime(record, "%H:%M:%S")}  {level}{record.getMessage()}'


def _for_readers(record: logging.LogRecord) -> bool:
    """Let through warnings, except deprecations in the host, and messages of handbone."""
    if getattr(record, 'file_only', False):
        return False
    if record.levelno >= logging.WARNING:
        return 'deprecated' not in record.getMessage()
    return record.pathname.startswith(PACKAGE)


@contextlib.contextmanager
def _warnings_into(logger: MMLogger) -> Iterator[None]:
    """Write Python's warnings into the log file while a run takes place."""
    files = [handler for handler in logger.handlers if isinstance(handler, logging.FileHandler)]
    of_python = logging.getLogger('py.warnings')
    for handler in files:
        of_python.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for handler in files:
            of_python.removeHandler(handler)
