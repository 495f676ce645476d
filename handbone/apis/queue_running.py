"""Run the trainings of a queue, one after the other, on the GPUs or CPU slots that are free."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import TypeVar

from handbone.errors import HandboneError
from handbone.folder_lock import FolderInUseError, locked_folder
from handbone.machine.graphics_cards import busy_with, check_cards
from handbone.runs.training_queue import (
    CANCELLED,
    CANCELLING,
    FAILED,
    FINISHED,
    KEEPING,
    QueueEntry,
    TrainingQueue,
)
from handbone.sqlite_files import DatabaseFileError

from .training_process import OUTPUT, start_training, stop_trainings

#: Seconds between two looks at the queue.
INTERVAL = 1.0


Answer = TypeVar('Answer')


@dataclass
class _Running:
    entry: QueueEntry
    slot: str
    process: subprocess.Popen


@dataclass
class QueueRun:
    """One process that runs trainings of a queue.

    Several may work on one queue, on different GPUs or machines. When it ends, however it ends, so
    do its trainings; the next run of the queue continues them from their newest checkpoints.

    Args:
        queue: The queue.
        slots: One entry per training that may run at the same time: its GPU, or None for a CPU.
        wait: Go on when the queue is empty, for what is added later.
        retry_failed: Try failed trainings again, from their newest checkpoints.

    Raises:
        HandboneError: If another queue uses one of the GPUs or CPU slots.

    Example:
        >>> QueueRun(TrainingQueue(Path('work_dirs/queue.db')), ['0', '1']).run()
    """

    queue: TrainingQueue
    slots: Sequence[str | None] = (None,)
    wait: bool = False
    retry_failed: bool = False
    _running: list[_Running] = field(default_factory=list, init=False)
    _failed: list[QueueEntry] = field(default_factory=list, init=False)
    _untold: list[tuple[int, str, int | None]] = field(default_factory=list, init=False)
    _said: str = field(default='', init=False)

    def run(self) -> None:
        """Run trainings until none waits.

        Raises:
            HandboneError: If a GPU does not exist, a training fails, at the end of all, or the
                queue cannot be written.
        """
        check_cards(self.slots)
        free = slot_names(self.slots)
        self._failed.clear()
        with locked_slots(free), contextlib.ExitStack() as stack:
            runner, lock = self.queue.register()
            stack.enter_context(lock)
            self._release()
            stack.callback(lambda: stop_trainings(each.process for each in self._running))
            while True:
                self._cancel()
                for ended in [each for each in self._running if each.process.poll() is not None]:
                    self._running.remove(ended)
                    free.append(ended.slot)
                    if self._end(ended) == FAILED:
                        self._failed.append(ended.entry)
                self._tell()
                while self._start(free, runner):
                    pass
                if not (self._running or self._untold or self.wait):
                    break
                time.sleep(INTERVAL)
        if self._failed:
            numbers = ', '.join(f'{entry.id} ({entry.path / OUTPUT})' for entry in self._failed)
            raise HandboneError(f'trainings that failed: {numbers}')

    def _release(self) -> None:
        """Let interrupted trainings wait again and, if that is wanted, failed ones."""
        released = self.queue.release_interrupted(self.retry_failed)
        if not self.retry_failed:
            return
        entries = self.queue.entries()
        failed = [entry for entry in entries if entry.state == FAILED]
        owners = {entry.place: entry for entry in entries if entry.state in KEEPING}
        for entry in failed:
            if entry.place in owners:
                print(
                    f'training {entry.id} is not tried again: {entry.path} is the work dir of '
                    f'training {owners[entry.place].id} now',
                    flush=True,
                )
        if not failed and not any(entry.state == FAILED for entry in released):
            print(f'{self.queue.path} has no failed training to try again', flush=True)

    def _start(self, free: list[str], runner: str) -> bool:
        """Start the next training, if one waits and a slot is free."""
        slot = next((slot for slot in free if not self._is_busy(slot)), None)
        if slot is None:
            if free and not self._running and self._waiting():
                time.sleep(INTERVAL)
                return True
            return False
        entry = self._try(lambda: self.queue.claim(slot, runner))
        if entry is None:
            return False
        words = [entry.config, '--work-dir', entry.work_dir, *entry.arguments]
        if entry.begun is not None and '--resume' not in words:
            words.append('--resume')
        doing = 'begins' if entry.begun is None else 'continues'
        print(f'training {entry.id} {doing} on {slot}: {entry.path}', flush=True)
        gpu = slot.removeprefix('GPU ') if slot.startswith('GPU ') else None
        try:
            process = start_training(words, gpu, entry.path / OUTPUT, entry.folder)
        except OSError as error:
            print(f'training {entry.id} does not start: {error}', file=sys.stderr, flush=True)
            self._untold.append((entry.id, FAILED, None))
            self._failed.append(entry)
            return True
        free.remove(slot)
        self._running.append(_Running(entry, slot, process))
        return True

    def _waiting(self) -> bool:
        entries = self._try(self.queue.entries) or []
        return any(entry.state == 'waiting' for entry in entries)

    def _is_busy(self, slot: str) -> bool:
        """Tell whether somebody else computes on a GPU where no training of this queue runs.

        NVIDIA tells the processes, but in a container not by the ids that they have there.
        """
        if any(each.slot == slot for each in self._running):
            return False
        users = busy_with(slot.removeprefix('GPU ')) if slot.startswith('GPU ') else []
        if users:
            self._say(f'{slot} is in use by {", ".join(users)}: waiting')
        return bool(users)

    def _cancel(self) -> None:
        """Stop what was cancelled."""
        if not self._running:
            return
        entries = self._try(self.queue.entries) or []
        cancelled = {entry.id for entry in entries if entry.state == CANCELLING}
        stop_trainings(each.process for each in self._running if each.entry.id in cancelled)

    def _end(self, ended: _Running) -> str:
        entries = {entry.id: entry for entry in self._try(self.queue.entries) or []}
        code = ended.process.returncode
        state = FAILED if code else FINISHED
        if code and ended.entry.id in entries and entries[ended.entry.id].state == CANCELLING:
            state = CANCELLED
        self._untold.append((ended.entry.id, state, code))
        text = f'training {ended.entry.id} {state}: {ended.entry.path}'
        if state == FAILED:
            lines: list[str] = []
            with contextlib.suppress(OSError):  # somebody may have deleted the work dir
                output = (ended.entry.path / OUTPUT).read_text(errors='replace')
                lines = output.strip().splitlines()
            text += f' ({lines[-1] if lines else f"exit code {code}"})'
        print(text, file=sys.stderr if state == FAILED else sys.stdout, flush=True)
        return state

    def _tell(self) -> None:
        """Note how trainings ended; what a full disk does not take is noted later."""
        while self._untold:
            if not self._try(partial(self._note, *self._untold[0])):
                return
            self._untold.pop(0)

    def _note(self, number: int, state: str, code: int | None) -> bool:
        self.queue.end(number, state, code)
        return True

    def _try(self, use: Callable[[], Answer]) -> Answer | None:
        try:
            return use()
        except DatabaseFileError as error:
            if not self._running and not self._untold:
                raise
            self._say(f'{error}; trying again')
            return None

    def _say(self, text: str) -> None:
        """Say something once."""
        if text != self._said:
            print(text, file=sys.stderr, flush=True)
            self._said = text


def slot_names(slots: Sequence[str | None]) -> list[str]:
    """Name the places where trainings run.

    >>> slot_names(['0', '1']), slot_names([None, None])
    (['GPU 0', 'GPU 1'], ['CPU 0', 'CPU 1'])

    Args:
        slots: GPUs, or None for CPUs.

    Returns:
        A name for each; several trainings on one GPU have the same name.
    """
    return [f'GPU {slot}' if slot is not None else f'CPU {n}' for n, slot in enumerate(slots)]


@contextlib.contextmanager
def locked_slots(names: Sequence[str]) -> Iterator[None]:
    """Keep other queues of this user off GPUs and CPU slots of this machine.

    Args:
        names: Names of the slots.

    Yields:
        Nothing.

    Raises:
        HandboneError: If another queue has one; the message says which.
    """
    cache = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache')
    folder = cache / 'handbone' / 'slots' / gethostname()
    with contextlib.ExitStack() as stack:
        for name in dict.fromkeys(names):
            try:
                place = folder / name.replace(' ', '_').replace('/', '_')
                stack.enter_context(locked_folder(place))
            except FolderInUseError as error:
                raise HandboneError(
                    f'{name} of this machine is taken by another queue{error.holder}; wait until '
                    'it has ended, or give others by --gpus or --jobs'
                ) from error
        yield
