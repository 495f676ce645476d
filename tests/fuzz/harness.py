"""Reads mutated files and counts what came of them."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handbone.errors import HandboneError

from .mutations import mutate

#: Longer messages are no single clear line.
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Target:
    """A format and the reader that is tried on it.

    Attributes:
        name: Name of the format.
        suffix: Suffix of its files.
        samples: Makes the content of sound files.
        read: Reads a file: it returns what the file holds, or raises ``HandboneError`` or
            ``OSError`` with one line that names the file.
        check: Raises ``AssertionError`` where something was read that should have been refused.
        mutate: Makes a damaged file; formats may put cleverer damage here.
    """

    name: str
    suffix: str
    samples: Callable[[], Sequence[bytes]]
    read: Callable[[Path], Any]
    check: Callable[[Path, Any], None] = lambda path, content: None
    mutate: Callable[[bytes, np.random.Generator], bytes] = mutate


@dataclass
class Report:
    """What came of the files of a target.

    Attributes:
        refused: Files that a clear error refused.
        accepted: Files that were read and passed the check.
        faults: Number of the file and what happened, for everything else.
    """

    refused: int = 0
    accepted: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def run(target: Target, count: int, folder: Path, seed: int = 0) -> Report:
    """Read mutated files of a target.

    Args:
        target: The format.
        count: Number of files.
        folder: Where they are written, one at a time.
        seed: Seed of the mutations; file ``i`` depends on the seed and ``i`` alone.

    Returns:
        The counts and the faults.
    """
    samples, report = target.samples(), Report()
    path = folder / f'{target.name}{target.suffix}'
    for index in range(count):
        random = np.random.default_rng((seed, index))
        path.write_bytes(target.mutate(samples[index % len(samples)], random))
        _read(target, path, index, report)
    return report


def _read(target: Target, path: Path, index: int, report: Report) -> None:
    try:
        target.check(path, target.read(path))
    except (HandboneError, OSError) as error:
        fault = message_fault(str(error), path)
        if fault is None:
            report.refused += 1
        else:
            report.faults.append((index, f'{fault}: {str(error)[:300]!r}'))
    except Exception:
        report.faults.append((index, traceback.format_exc(limit=-4)))
    else:
        report.accepted += 1


def message_fault(message: str, path: Path) -> str | None:
    """Say what is wrong with a message.

    Args:
        message: Text of an error.
        path: The file that it is about.

    Returns:
        The fault, None for one clear line that names the file and can be printed.
    """
    if path.name not in message:
        return 'the message does not name the file'
    if '\n' in message or '\r' in message:
        return 'the message has several lines'
    if len(message) > LONGEST_MESSAGE:
        return f'the message has {len(message)} characters'
    if message.endswith('..'):
        return 'the message ends in two full stops'
    try:
        message.encode()
    except UnicodeEncodeError:
        return 'the message cannot be printed'
    return None
