"""One check: a command with a time limit, and what came of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal, NamedTuple

State = Literal['passed', 'failed', 'stopped', 'left out']


class Check(NamedTuple):
    """What is run, in a process of its own, so that a crash or a hang ends this check alone.

    Attributes:
        name: Words for the report, different for each check.
        words: What follows ``python``; ``{out}`` stands for the folder of results.
        limit: Seconds after which it is stopped.
    """

    name: str
    words: tuple[str, ...]
    limit: float


class Outcome(NamedTuple):
    """What came of a check.

    Attributes:
        name: Name of the check.
        state: ``'stopped'`` at its time limit, ``'left out'`` where the time was spent before.
        seconds: How long it ran.
        found: The last line that it printed; of a failed check the line with its error.
    """

    name: str
    state: State
    seconds: float
    found: str


def run_check(check: Check, out: Path, remaining: float) -> Outcome:
    """Run a check; what it prints goes to a log of its own.

    Args:
        check: What to run.
        out: Folder of results; the log is ``<out>/logs/<name>.log``.
        remaining: Seconds that are left for all checks.

    Returns:
        What came of it; a command that fails raises nothing.
    """
    limit = min(check.limit, remaining)
    if limit <= 0:
        return Outcome(check.name, 'left out', 0.0, 'no time was left')
    log = out / 'logs' / f'{check.name.replace(" ", "_")}.log'
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, *(word.replace('{out}', str(out)) for word in check.words)]
    begin = time.monotonic()
    with log.open('w') as file:
        # a session of its own, so that its workers are stopped with it
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            _stop(process)
            seconds = time.monotonic() - begin
            return Outcome(check.name, 'stopped', seconds, f'not finished after {limit:.0f} s')
        except BaseException:  # this process is stopped
            _stop(process)
            raise
    lines = [line.strip() for line in log.read_text(errors='replace').splitlines() if line.strip()]
    seconds = time.monotonic() - begin
    if status == 0:
        return Outcome(check.name, 'passed', seconds, lines[-1] if lines else '')
    return Outcome(check.name, 'failed', seconds, _error(lines, status))


def _stop(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _error(lines: list[str], status: int) -> str:
    """Find the line that names the error: the last one that looks like one."""
    if status < 0:
        return f'ended by signal {signal.Signals(-status).name}'
    named = [line for line in lines if 'error' in line.lower()]
    return (named or lines or [f'exit status {status}'])[-1]
