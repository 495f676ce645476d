"""Measure the rows and write the table."""

import gc
import platform
import re
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from rich.table import Table

from .memory import extra_memory
from .row import Row, row_named

LIBRARIES = (
    'numpy',
    'opencv-python',
    'torch',
    'pycocotools',
    'albumentations',
    'torchmetrics',
    'monai',
)
HEADER = ('way', 'median', 'fastest', 'of ours', 'extra memory')


class Measured(NamedTuple):
    """One way of a row, measured.

    Attributes:
        name: The way.
        median: Seconds of one call, median.
        fastest: Seconds of the fastest call; ratios are taken from these, because another
            program's work can only add to them.
        memory: Bytes that one call takes at its peak, its result included.
    """

    name: str
    median: float
    fastest: float
    memory: int


def measure(name: str, repetitions: int) -> tuple[Row, list[Measured]]:
    """Measure all ways of a row in turns, so that a busy machine slows all of them.

    Args:
        name: Name of the row, as :func:`row_named` takes it.
        repetitions: Calls of each way, after one that is not timed.

    Returns:
        The row and its ways that could be run, in order.

    Raises:
        AssertionError: If the first and the last way give different results.
    """
    row = row_named(name)
    works, seconds = {}, {}
    for index, way in enumerate(row.ways):
        try:
            works[index] = way.prepare()
        except ImportError as error:
            print(f'{row.work}: {way.name} is left out: {error}', file=sys.stderr)
            continue
        seconds[index] = []
    row.check(works[0](), works[max(works)]())
    for repetition in range(repetitions + 1):
        for index, work in works.items():
            begin = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if repetition:
                seconds[index].append(time.perf_counter() - begin)
    # what was measured makes room for the processes that measure memory
    work = None
    works.clear()
    gc.collect()
    torch.cuda.empty_cache()
    return row, [
        Measured(row.ways[index].name, median(each), min(each), extra_memory(name, index))
        for index, each in seconds.items()
    ]


def cells(row: Row, measured: Sequence[Measured]) -> list[tuple[str, ...]]:
    """Write the ways of a row as lines of the table.

    Args:
        row: The row.
        measured: The ways, handbone's last.

    Returns:
        One tuple of texts per line, as in :data:`HEADER`.
    """
    ours = measured[-1]
    return [
        (
            way.name,
            f'{way.median * 1000:.1f} ms' + _rate(row.images, way.median),
            f'{way.fastest * 1000:.1f} ms',
            f'{way.fastest / ours.fastest:.1f} x',
            f'{way.memory / 1e6:.0f} MB',
        )
        for way in measured
    ]


def _rate(images: int, seconds: float) -> str:
    return f', {images / seconds:.2f} images/s' if images else ''


def rich_table(row: Row, measured: Sequence[Measured]) -> Table:
    """Make the part of the table that shows one row, for a terminal.

    Args:
        row: The row.
        measured: Its ways, handbone's last.

    Returns:
        Table with the work as its title and handbone's line in bold.
    """
    table = Table(
        *HEADER, title=f'{row.work} (to reach: {row.target})', title_justify='left', expand=True
    )
    for column in table.columns[1:]:
        column.justify = 'right'
        column.no_wrap = True
    *others, ours = cells(row, measured)
    for line in others:
        table.add_row(*line)
    table.add_row(*ours, style='bold')
    return table


def markdown(rows: Sequence[tuple[Row, Sequence[Measured]]], command: str) -> str:
    """Make the table for a document, with machine and command.

    Args:
        rows: Each row with its ways, handbone's last.
        command: The command that gives it.

    Returns:
        Markdown.
    """
    text = [
        f'## `{command}`',
        '',
        f'On {machine()}; {libraries()}. All ways of a row are called '
        'in turns; "of ours" is the time of the fastest call divided by that of handbone, in '
        'bold; extra memory is the peak above what a fresh process held before the call, the '
        'result included.',
    ]
    for row, measured in rows:
        *others, ours = cells(row, measured)
        text += [
            '',
            f'**{row.work}** (to reach: {row.target})',
            '',
            '| ' + ' | '.join(HEADER) + ' |',
            '|---|---:|---:|---:|---:|',
            *('| ' + ' | '.join(line) + ' |' for line in others),
            '| ' + ' | '.join((f'**{ours[0]}**', *ours[1:])) + ' |',
        ]
    return '\n'.join(text) + '\n'


def with_section(document: str, section: str) -> str:
    """Put a section into a document, in the place of one with the same heading if there is one.

    Args:
        document: Markdown, or nothing yet.
        section: Markdown that begins with a heading of the second level.

    Returns:
        Markdown.
    """
    heading = section.splitlines()[0]
    head, *sections = re.split(r'^(?=## )', document or '# Performance\n\n', flags=re.MULTILINE)
    for index, each in enumerate(sections):
        if each.splitlines()[0] == heading:
            sections[index] = section
            break
    else:
        sections.append(section)
    return head + '\n'.join(each.rstrip('\n') + '\n' for each in sections)


def write_section(file: Path, section: str) -> None:
    """Put a section into a document on disk, which may not be there yet.

    Args:
        file: The document.
        section: Markdown that begins with a heading of the second level.
    """
    document = file.read_text('utf-8') if file.exists() else ''
    beside = file.with_name(file.name + '.part')
    beside.write_text(with_section(document, section), encoding='utf-8')
    beside.replace(file)


def machine() -> str:
    """Describe the machine: processor, cores that may be used, system and Python."""
    processor = platform.processor() or platform.machine()
    information = Path('/proc/cpuinfo')
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith('model name'):
                processor = line.split(':', 1)[1].strip()
                break
    if torch.cuda.is_available():
        processor = f'{torch.cuda.get_device_name()}, {processor}'
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
