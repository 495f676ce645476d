"""Measure the rows and write the table."""

import platform
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from rich.table import Table

from .memory import extra_memory
from .row import Row

LIBRARIES = (
    'numpy',
    'opencv-python',
    'torch',
    'pycocotools',
    'albumentations',
    'torchmetrics',
    'monai',
)
HEADER = ('work', 'way', 'median', 'handbone is', 'extra memory')


class Measured(NamedTuple):
    """One way of a row, measured.

    Attributes:
        name: The way.
        seconds: Median of one call.
        memory: Bytes that one call takes at its peak, its result included.
    """

    name: str
    seconds: float
    memory: int


def measure(module: str, repetitions: int) -> tuple[Row, list[Measured]]:
    """Measure all ways of a row in turns, so that a busy machine slows all of them.

    Args:
        module: Name of the row's module.
        repetitions: Calls of each way, after one that is not timed.

    Returns:
        The row and its ways that could be run, in order.

    Raises:
        AssertionError: If the first and the last way give different results.
    """
    row = import_module(f'benchmarks.{module}').ROW
    works, seconds = {}, {}
    for index, way in enumerate(row.ways):
        try:
            works[index] = way.prepare()
        except ImportError as error:
            print(f'{row.work}: {way.name} is left out: {error}', file=sys.stderr)
            continue
        seconds[index] = []
    row.check(works[0](), works[len(row.ways) - 1]())
    for repetition in range(repetitions + 1):
        for index, work in works.items():
            begin = time.perf_counter()
            work()
            if repetition:
                seconds[index].append(time.perf_counter() - begin)
    return row, [
        Measured(row.ways[index].name, median(seconds[index]), extra_memory(module, index))
        for index in works
    ]


def cells(row: Row, measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """Write the ways of a row as lines of the table.

    Args:
        row: The row.
        measured: Its ways, handbone's last.

    Returns:
        One tuple of texts a line, as in :data:`HEADER`.
    """
    ours = measured[-1]
    lines = []
    for number, way in enumerate(measured):
        speed = f'{way.seconds / ours.seconds:.1f} x as fast' if way is not ours else ''
        lines.append(
            (
                f'{row.work} (target: {row.target})' if number == 0 else '',
                way.name,
                f'{way.seconds * 1000:.1f} ms',
                speed,
                f'{way.memory / 1e6:.0f} MB',
            )
        )
    return lines


def rich_table(rows: Sequence[Sequence[tuple[str, ...]]]) -> Table:
    """Make the table for a terminal.

    Args:
        rows: Lines of each row.

    Returns:
        Table, a rule between rows, handbone's line in bold.
    """
    table = Table(*HEADER)
    for column in table.columns[2:]:
        column.justify = 'right'
    for lines in rows:
        for line in lines:
            last = line is lines[-1]
            table.add_row(*line, style='bold' if last else None, end_section=last)
    return table


def markdown(rows: Sequence[Sequence[tuple[str, ...]]], command: str) -> str:
    """Make the table for a document, with machine and command.

    Args:
        rows: Lines of each row.
        command: The command that gives it.

    Returns:
        Markdown.
    """
    text = [
        f'Measured with `{command}` on {machine()}; {libraries()}. Medians of calls made in turns; '
        'memory is the peak above what a fresh process held before the call, result included.',
        '',
        '| ' + ' | '.join(HEADER) + ' |',
        '|---|---|---:|---:|---:|',
    ]
    for lines in rows:
        for line in lines:
            work, way, *figures = line
            way = f'**{way}**' if line is lines[-1] else way
            text.append('| ' + ' | '.join((work, way, *figures)) + ' |')
    return '\n'.join(text) + '\n'


def machine() -> str:
    """Describe the machine: processor, cores that may be used, system and Python."""
    processor = platform.processor() or platform.machine()
    information = Path('/proc/cpuinfo')
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith('model name'):
                processor = line.split(':', 1)[1].strip()
                break
    return (
        f'{processor}, {torch.get_num_threads()} threads, {platform.system()} '
        f'{platform.machine()}, Python {platform.python_version()}'
    )


def libraries() -> str:
    """List the versions of the libraries that are compared."""
    found = []
    for name in LIBRARIES:
        try:
            found.append(f'{name} {version(name)}')
        except PackageNotFoundError:
            continue
    return ', '.join(found)
