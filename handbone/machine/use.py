"""What this machine does at the moment, as a row of a table."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from socket import gethostname

import psutil

from handbone.passwords import without_passwords

from .graphics_cards import GIGABYTE, GraphicsCard, graphics_cards, user_of

#: Words of a command line that begin a run of handbone, after Python and its options.
PROGRAMS = ('handbone', 'handbone_command.py', 'train.py')
#: Most characters of a command that are shown.
SHOWN = 60


@dataclass(frozen=True)
class Job:
    """A program that uses the machine.

    Attributes:
        user: Who started it.
        since: When.
        command: Its command line, shortened; of another program than handbone only its name.
    """

    user: str
    since: datetime
    command: str


@dataclass(frozen=True)
class MachineUse:
    """What a machine does at one moment.

    Attributes:
        machine: Its name.
        seen: The moment.
        cpu: Processor time in use, in percent of all cores, since the last look.
        cores: Number of cores.
        memory: Memory in use, in GB.
        memory_total: Memory in GB.
        disk_free: Free space of the disk of the present folder, in GB.
        cards: Its GPUs.
        jobs: Runs of handbone, and what computes on a GPU, the oldest first.
    """

    machine: str
    seen: datetime
    cpu: float
    cores: int
    memory: float
    memory_total: float
    disk_free: float
    cards: tuple[GraphicsCard, ...]
    jobs: tuple[Job, ...]

    def row(self) -> dict[str, str | int | float | None]:
        """Write it as a row of a table, with the machine as the key.

        Returns:
            Cells by column.
        """
        oldest = self.jobs[0] if self.jobs else None
        return {
            'machine': self.machine,
            'seen': self.seen.isoformat(' ', 'seconds'),
            'cpu %': round(self.cpu, 1),
            'cores': self.cores,
            'memory GB': round(self.memory, 1),
            'of GB': round(self.memory_total, 1),
            'disk free GB': round(self.disk_free, 1),
            'GPUs': '; '.join(map(card_text, self.cards)),
            'who': ', '.join(sorted({job.user for job in self.jobs})),
            'since': oldest.since.isoformat(' ', 'seconds') if oldest else '',
            'runs': '; '.join(job.command for job in self.jobs),
        }


def machine_use(folder: Path = Path(), with_own: bool = False) -> MachineUse:
    """Look at this machine.

    Args:
        folder: A folder on the disk whose free space counts.
        with_own: Whether this process is one of the runs.

    Returns:
        What it does. The first call of a process does not know the processor's load and says 0.
    """
    memory = psutil.virtual_memory()
    cards = graphics_cards()
    return MachineUse(
        machine=gethostname(),
        seen=datetime.now().astimezone(),
        cpu=psutil.cpu_percent(),
        cores=os.cpu_count() or 1,
        memory=(memory.total - memory.available) / GIGABYTE,
        memory_total=memory.total / GIGABYTE,
        disk_free=shutil.disk_usage(folder).free / GIGABYTE,
        cards=tuple(cards),
        jobs=tuple(sorted(_jobs(cards, with_own), key=lambda job: job.since)),
    )


def card_text(card: GraphicsCard) -> str:
    """Describe a GPU in a few words.

    Args:
        card: The GPU.

    Returns:
        For example ``0: 97 %, 61 of 80 GB, anna``.
    """
    told = [] if card.busy is None else [f'{card.busy:.0f} %']
    if card.used is not None:
        told.append(f'{card.used:.0f} of {card.total:.0f} GB')
    told += sorted({user_of(pid) for pid in card.processes})
    return f'{card.index}: {", ".join(told or ["?"])}'


def _jobs(cards: list[GraphicsCard], with_own: bool) -> Iterator[Job]:
    """Find the runs of handbone, without their workers, and what computes on GPUs."""
    on_cards = {pid for card in cards for pid in card.processes}
    found: dict[int, psutil.Process] = {}
    parents: dict[int, int] = {}
    for process in psutil.process_iter(['cmdline', 'ppid']):
        parents[process.pid] = process.info['ppid'] or 0
        words = process.info['cmdline'] or []
        if process.pid == os.getpid() and not with_own:
            continue
        if process.pid in on_cards or _is_run(words):
            found[process.pid] = process
    for pid, process in found.items():
        if parents[pid] in found:
            continue
        try:
            since = datetime.fromtimestamp(process.create_time()).astimezone()
            yield Job(user_of(pid), since, _command(process.cmdline()))
        except psutil.Error:  # it has just ended
            continue


def _is_run(words: list[str]) -> bool:
    python = bool(words) and Path(words[0]).name.startswith('python')
    places = words[1:] if python else words
    program = next((word for word in places if not word.startswith('-')), '')
    return Path(program).name in PROGRAMS


def _command(words: list[str]) -> str:
    """Shorten a command line; other programs lose their arguments, which may be secret."""
    if not words:
        return '?'
    python = Path(words[0]).name.startswith('python')
    if not _is_run(words):
        script = next((word for word in words[1:] if word.endswith('.py')), None)
        return Path(script if python and script else words[0]).name
    words = words[python:]
    text = without_passwords(' '.join([Path(words[0]).name, *words[1:]]))
    return text if len(text) <= SHOWN else f'{text[: SHOWN - 1]}…'
