"""One trial of a search in a process of its own, forked from one that has imported everything."""

import contextlib
import multiprocessing
import os
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection, wait
from pathlib import Path
from signal import Signals

from mmengine.config import Config

from handbone.machine.graphics_cards import only_card
from handbone.structure import one_line

from .training import train
from .training_process import OUTPUT, STOP_TIMEOUT

#: Descriptors of the standard output and the standard error output.
OUTPUTS = (1, 2)


class TrialProcess:
    """A training that cannot take the search down, however it ends.

    Args:
        cfg: Complete configuration.
        gpu: The GPU that it sees, or None for all.
    """

    def __init__(self, cfg: Config, gpu: str | None) -> None:
        self.began = time.monotonic()
        self._reading, writing = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context('fork')
        self._process = context.Process(target=_train, args=(cfg, gpu, writing))
        self._process.start()
        writing.close()

    @property
    def sentinel(self) -> int:
        """Becomes ready when the training has ended."""
        return self._process.sentinel

    def failure(self) -> str | None:
        """Wait for the end of the training.

        Returns:
            Why it failed, in one line; None if it did not.
        """
        message = None
        with contextlib.suppress(EOFError):
            message = self._reading.recv()
        self._process.join()
        self._reading.close()
        code = self._process.exitcode
        if code is not None and code < 0:
            return f'killed by {Signals(-code).name}'
        return (message or f'exit code {code}') if code else None

    def stop(self) -> None:
        """End the training."""
        self._process.terminate()
        self._process.join(STOP_TIMEOUT)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _train(cfg: Config, gpu: str | None, messages: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    output = Path(cfg.work_dir) / OUTPUT
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open('a') as file:
        for descriptor in OUTPUTS:
            os.dup2(file.fileno(), descriptor)
    if gpu is not None:
        os.environ.update(only_card(gpu))
    try:
        train(cfg)
    except Exception as error:
        # sys.stderr may be something else than the output
        os.write(2, traceback.format_exc().encode(errors='replace'))
        messages.send(f'{type(error).__name__}: {one_line(error)}')
        sys.exit(1)


def _end_with_parent() -> None:
    """End a training whose search was killed: whoever resumes the trial needs its folder."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
