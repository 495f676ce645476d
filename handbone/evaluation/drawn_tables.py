"""Tables for the terminal and for logs; all of them are drawn here."""

import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .score_names import DISTANCES, column_title
from .score_table import ScoreTable

if TYPE_CHECKING:
    from rich.table import Table

#: Columns of a console that breaks no line.
UNBROKEN = 100_000


def draw_table(
    header: Sequence[str],
    sections: Iterable[Sequence[Sequence[str]]],
    left: Sequence[str] = (),
    title: str | None = None,
) -> 'Table':
    """Draw a table.

    Args:
        header: Titles of the columns.
        sections: Rows of cells; a line is drawn between sections.
        left: Titles of the columns whose cells are aligned to the left, as names are.
        title: Stands above the table.

    Returns:
        The table, to be printed by a console of rich, or for :func:`plain_text`.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    # Text objects: names may hold what rich would take for its markup
    table = Table(box=box.ASCII2, title=title and Text(title), title_justify='left')
    for name in header:
        table.add_column(Text(name), justify='left' if name in left else 'right', overflow='fold')
    for rows in sections:
        for row in rows:
            table.add_row(*map(Text, row))
        table.add_section()
    return table


def plain_text(table: 'Table') -> str:
    """Write a table as text without colours, whatever the width of the terminal.

    Args:
        table: The table.

    Returns:
        Its lines.
    """
    from rich.console import Console

    file = io.StringIO()
    Console(file=file, width=UNBROKEN, color_system=None, legacy_windows=False).print(table)
    return '\n'.join(line.rstrip() for line in file.getvalue().splitlines())


def print_tables(tables: Iterable['Table | str']) -> None:
    """Print tables to standard output: in a terminal folded to its width, else unbroken.

    Args:
        tables: Tables, and sentences between them.
    """
    from rich.console import Console

    for table in tables:
        if isinstance(table, str):
            print(table)
        elif sys.stdout.isatty():
            Console(highlight=False).print(table)
        else:
            print(plain_text(table))


def means_table(table: ScoreTable, intervals: bool = False, resamples: int = 10_000) -> str:
    """Write the means of classes, groups and all classes, and where each scores worst.

    Args:
        table: The scores.
        intervals: Add the 95 % intervals of the means of all classes.
        resamples: Number of draws of the intervals.

    Returns:
        The table as text.
    """
    distances = [column for column in table.scores if column in DISTANCES]
    titles = [column_title(column, table.unit) for column in table.scores]
    counted = table.reference_pixels is not None
    sections: dict[str, list[list[str]]] = {}
    for part in table.parts:
        cells = [score_text(table.mean(column, part)) for column in table.scores]
        if distances:
            cells.append(str(int(np.isinf(table.part_scores(distances[0], part)).sum())))
        worst = table.worst(1, part)[0]
        score = float(table.image_means(table.ranking, part)[worst])
        image = Path(table.images[worst])
        cells += [score_text(score), image.name if image.is_absolute() else str(image)]
        cells += [str(table.images_with(part))] if counted else []
        sections.setdefault(part.kind, []).append([part.name, *cells])
    header = ['Class', *titles, *['One empty'] * bool(distances), 'Worst', 'Worst in']
    header += ['Images with it'] if counted else []
    if intervals:
        ends = [table.interval(column, resamples=resamples) for column in table.scores]
        for label, index in (('95 % from', 1), ('95 % to', 2)):
            row = [label, *(score_text(interval[index]) for interval in ends)]
            sections['mean'].append(row + [''] * (len(header) - len(row)))
    return plain_text(draw_table(header, sections.values(), left=('Class', 'Worst in')))


def worst_text(table: ScoreTable, row: int) -> str:
    """Say how bad an image is.

    Args:
        table: The scores.
        row: Number of the image.

    Returns:
        For example ``Dice 0.913, worst Pisiform 0.402``.
    """
    index = table.worst_class(row)
    mean, score = table.image_means(table.ranking)[row], table.scores[table.ranking][row, index]
    title = column_title(table.ranking, table.unit)
    return f'{title} {mean:.3f}, worst {table.classes[index]} {score:.3f}'


def score_text(score: float) -> str:
    """Write a score for a table.

    Args:
        score: The score.

    Returns:
        Four digits after the point, or a dash for NaN.
    """
    return '–' if np.isnan(score) else f'{score:.4f}'
