"""NVIDIA's GPUs of this machine: how busy they are, and by whom."""

import contextlib
import os
from collections.abc import Iterator, Sequence
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
        What ``CUDA_VISIBLE_DEVICES`` says, as a cluster sets it for a job; without it, those of
        :func:`trainable_cards`.
    """
    visible = _visible()
    return trainable_cards() if visible is None else visible


def trainable_cards() -> list[str]:
    """Name the GPUs that trainings can be given.

    Returns:
        The numbers of all GPUs of this machine; where NVIDIA's library does not tell them, what
        PyTorch finds. None where PyTorch is built for CPUs alone.
    """
    import torch

    if not torch.backends.cuda.is_built():
        return []
    cards = [str(card.index) for card in graphics_cards()]
    if cards:
        return cards
    count, visible = torch.cuda.device_count(), _visible()
    return [str(index) for index in range(count)] if visible is None else visible[:count]


def check_cards(slots: Sequence[str | None]) -> None:
    """Check that trainings will find their GPUs: without one, PyTorch takes the CPU silently.

    Args:
        slots: The GPU of each training, by number or by NVIDIA's own id; None for any.

    Raises:
        HandboneError: If there is no such GPU; the message says which there are.
    """
    named = [slot for slot in slots if slot is not None]
    if not named:
        return
    present = trainable_cards()
    for gpu in named:
        # ids of whole GPUs and of their parts are checked by CUDA
        if not present or (gpu.isdecimal() and gpu not in present):
            raise _no_card(gpu, present)


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
        raise _no_card(gpu, [str(card.index) for card in cards])
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


def _visible() -> list[str] | None:
    """Read ``CUDA_VISIBLE_DEVICES``; None where it is not set."""
    visible = os.environ.get('CUDA_VISIBLE_DEVICES')
    if visible is None:
        return None
    return [name.strip() for name in visible.split(',') if name.strip() not in ('', '-1')]


def _no_card(gpu: str, present: Sequence[str]) -> HandboneError:
    if present:
        return HandboneError(f'there is no GPU {gpu}; name some of these: {", ".join(present)}')
    return HandboneError(
        f'there is no GPU {gpu}: PyTorch can use none here. `handbone check` says why; without '
        '--gpus, trainings run on the CPU'
    )


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
