"""Measure how far one call lifts the memory of a fresh process.

    python -m benchmarks.harness.memory logits 0

prints the bytes by which the call of way 0 of row ``logits`` raises the peak above what the
process held before it. The call is made once beforehand, so that what libraries load on their
first use is not counted. Work that runs on a GPU is measured by its allocator.
"""

import ctypes
import gc
import os
import resource
import subprocess
import sys
from pathlib import Path

import torch

from .row import row_named

STATUS = Path('/proc/self/status')


def extra_memory(name: str, way: int) -> int:
    """Measure one way of a row in a process of its own.

    Args:
        name: Name of the row, as :func:`row_named` takes it.
        way: Index among the row's ways.

    Returns:
        Bytes.

    Raises:
        RuntimeError: If the process fails.
    """
    # Without a fixed threshold glibc keeps freed arrays, and a second call would seem to need none.
    environment = os.environ | {'MALLOC_MMAP_THRESHOLD_': '65536'}
    command = [sys.executable, '-W', 'ignore', '-m', 'benchmarks.harness.memory', name, str(way)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'{" ".join(command[1:])} failed:\n{done.stderr}')
    return int(done.stdout.split()[-1])


def resident_peak() -> int:
    """Read the largest memory of this process since its program started, in bytes."""
    if STATUS.exists():
        return _status('VmHWM')  # what getrusage says begins with the memory of the parent
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def resident_now() -> int:
    """Read the memory that this process holds now, in bytes; Linux alone tells it."""
    return _status('VmRSS')


def forget_peak() -> None:
    """Set the peak of this process back to what it holds now; Linux alone can."""
    Path('/proc/self/clear_refs').write_text('5')


def _status(field: str) -> int:
    """Read a field of the process's status in bytes."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(field + ':'):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def _measure(name: str, way: int) -> int:
    work = row_named(name).ways[way].prepare()
    work()
    gc.collect()
    if torch.cuda.is_available() and torch.cuda.memory_allocated():
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        result = work()
        del result
        return torch.cuda.max_memory_allocated() - before
    if not STATUS.exists():  # not Linux: the peak of the process counts the first call as well
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work()
        return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    ctypes.CDLL(None).malloc_trim(0)
    forget_peak()
    before = _status('VmRSS')
    result = work()
    after = _status('VmHWM')
    del result
    return max(0, after - before)


if __name__ == '__main__':
    print(_measure(sys.argv[1], int(sys.argv[2])))
