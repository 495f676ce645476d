"""NVIDIA's GPUs of this machine: how busy they are, and by whom."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import psutil

from handbone.errors import HandboneError
from handbone.extras import MissingExtraError, import_extra

GIGABYTE = 1024**3


@dataclass(frozen=True)
class GraphicsCard:
    """A GPU.

    Attributes:
        index: Its number, as nvidia-smi and :func:`only_card` count.
        name: What NVIDIA calls it.
        busy: Percentage of time in which it computed, None where it does not tell.
        used: Memory in use, in GB.
        total: Its memory in GB.
        processes: The programs that compute on it, by process id.
    """

    index: int
    name: str
    busy: float | None
    used: float
    total: float
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
    handle = library.nvmlDeviceGetHandleByIndex(index)
    memory = library.nvmlDeviceGetMemoryInfo(handle)
    busy, processes = None, ()
    # parts of a GPU tell neither
    with contextlib.suppress(library.NVMLError):
        busy = float(library.nvmlDeviceGetUtilizationRates(handle).gpu)
    with contextlib.suppress(library.NVMLError):
        running = library.nvmlDeviceGetComputeRunningProcesses(handle)
        processes = tuple(process.pid for process in running)
    name = library.nvmlDeviceGetName(handle)
    name = name.decode() if isinstance(name, bytes) else str(name)
    return GraphicsCard(
        index, name, busy, memory.used / GIGABYTE, memory.total / GIGABYTE, processes
    )
