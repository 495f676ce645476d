"""NVIDIA's GPUs of this machine: how busy they are, and by whom."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import psutil

from handbone.errors import HandboneError
from handbone.extras import MissingExtraError, import_extra

GIGABYTE = 1024**3


@dataclass(frozen=True)
class GraphicsCard:
    """A GPU.

    Attributes:
        index: Its number, as nvidia-smi and :func:`only_card` count.
        name: What NVIDIA calls it; empty where it does not answer.
        busy: Percentage of time in which it computed, None where it does not tell.
        used: Memory in use, in GB, None where it does not tell.
        total: Its memory in GB, None where it does not tell.
        processes: The programs that compute on it, by process id.
    """

    index: int
    name: str
    busy: float | None
    used: float | None
    total: float | None
    processes: tuple[int, ...]


def graphics_cards() -> list[GraphicsCard]:
    """Look at the GPUs.

    Returns:
        The GPUs; none where there are none, or nvidia-ml-py (extra ``tracking``) is missing.
    """
    with _library() as library:
        if library is None:
            return []
        return [_card(library, index) for index in range(library.nvmlDeviceGetCount())]


def usable_cards() -> list[str]:
    """Name the GPUs that this process may use.

    Returns:
        What ``CUDA_VISIBLE_DEVICES`` says, as a cluster sets it for a job; without it, the numbers
        of all GPUs.
    """
    visible = os.environ.get('CUDA_VISIBLE_DEVICES')
    if visible is None:
        return [str(card.index) for card in graphics_cards()]
    return [name.strip() for name in visible.split(',') if name.strip() not in ('', '-1')]


def only_card(gpu: str) -> dict[str, str]:
    """Show one GPU to a process that has not used CUDA.

    Args:
        gpu: Its number, as of :class:`GraphicsCard`.

    Returns:
        Variables for the environment. By itself CUDA counts the fastest GPU as the first one, while
        NVIDIA's library counts by the place on the bus.
    """
    return {'CUDA_DEVICE_ORDER': 'PCI_BUS_ID', 'CUDA_VISIBLE_DEVICES': gpu}


def busy_with(gpu: str) -> list[str]:
    """Say who computes on a GPU.

    Args:
        gpu: Its number.

    Returns:
        A user and process for each program; none where that is not known.

    Raises:
        HandboneError: If this machine has no such GPU.
    """
    cards = graphics_cards()
    if not cards or not gpu.isdecimal():
        return []
    if int(gpu) >= len(cards):
        raise HandboneError(f'there is no GPU {gpu}: this machine has {len(cards)}, from 0 on')
    return [f'{user_of(pid)} (process {pid})' for pid in cards[int(gpu)].processes]


def user_of(pid: int) -> str:
    """Name the user of a process.

    Args:
        pid: Its id.

    Returns:
        The name, or 'somebody' where the system does not tell.
    """
    try:
        return str(psutil.Process(pid).username())
    except (psutil.Error, KeyError):
        return 'somebody'


@contextlib.contextmanager
def _library() -> Iterator[ModuleType | None]:
    """Open NVIDIA's library; None without it or without a driver."""
    try:
        pynvml = import_extra('pynvml', 'tracking')
    except MissingExtraError:
        yield None
        return
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _card(library: ModuleType, index: int) -> GraphicsCard:
    def told(what: str, of: Any) -> Any:
        """Ask; parts of a GPU, those that share the machine's memory and lost ones tell less."""
        with contextlib.suppress(library.NVMLError):
            return getattr(library, f'nvmlDeviceGet{what}')(of)
        return None

    handle = told('HandleByIndex', index)
    if handle is None:
        return GraphicsCard(index, '', None, None, None, ())
    name, load = told('Name', handle), told('UtilizationRates', handle)
    memory, running = told('MemoryInfo', handle), told('ComputeRunningProcesses', handle)
    return GraphicsCard(
        index,
        name.decode() if isinstance(name, bytes) else name or '',
        None if load is None else float(load.gpu),
        None if memory is None else memory.used / GIGABYTE,
        None if memory is None else memory.total / GIGABYTE,
        tuple(process.pid for process in running or ()),
    )
