"""A training in a process of its own, as ``handbone train`` runs it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from handbone.configuration.shipped import config_folder
from handbone.machine.graphics_cards import only_card

#: Seconds that a stopped training has to end before it is killed.
STOP_TIMEOUT = 30
#: What the output of a training that nobody watches is called, in its work dir.
OUTPUT = 'output.txt'
#: Of Linux: the signal that a process gets when its parent ends.
PR_SET_PDEATHSIG = 1


def start_training(
    arguments: Sequence[str],
    gpu: str | None = None,
    output: Path | None = None,
    folder: str | None = None,
) -> subprocess.Popen:
    """Start a training, which ends with this process.

    Args:
        arguments: The words after ``handbone train``.
        gpu: The GPU that it sees, or None for all.
        output: The file that its output is appended to; by default that of this process.
        folder: The folder that it runs in; by default that of this process.

    Returns:
        The process.

    Raises:
        OSError: If the output cannot be written.
    """
    command = [sys.executable, str(config_folder().parent / 'tools' / 'train.py'), *arguments]
    environment = dict(os.environ)
    if gpu is not None:
        environment.update(only_card(gpu))
    file = None
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        file = output.open('a')
    try:
        return subprocess.Popen(
            command,
            stdout=file,
            stderr=file,
            env=environment,
            cwd=folder,
            preexec_fn=_end_with_parent if sys.platform == 'linux' else None,
        )
    finally:
        if file is not None:
            file.close()


def stop_trainings(processes: Iterable[subprocess.Popen]) -> None:
    """End trainings, which can be resumed.

    Args:
        processes: The processes.
    """
    stopped = list(processes)
    for each in stopped:
        each.terminate()
    for each in stopped:
        try:
            each.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()


_library = ctypes.CDLL(None)


def _end_with_parent() -> None:
    """Have the system end this process when its parent is gone, even if that was killed."""
    _library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
