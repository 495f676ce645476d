"""The page of a report."""

import math
import os
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from handbone.errors import counted
from handbone.evaluation.score_names import column_title
from handbone.evaluation.score_table import ScoreTable
from handbone.pages.curves import curve_html
from handbone.pages.page import asset, page_html
from handbone.pages.table import table_html
from handbone.runs import RunRecord
from handbone.runs.run_record import LOSS, MEAN, PREFIX
from handbone.scoring.score_comparison import difference, verdict
from handbone.visualization.difference import BOTH, MIXED, ONLY_FIRST, ONLY_SECOND

from .tables import class_table, difference_table, image_table

#: Draws of the bootstrap over patients.
RESAMPLES = 10_000


class Picture(NamedTuple):
    """A picture of the report.

    Attributes:
        file: Its path below the folder of the page.
        text: What it shows.
    """

    file: str
    text: str


class Content(NamedTuple):
    """What a report is about.

    Attributes:
        name: What was scored.
        table: Its scores; None for a run that has none by image.
        other_name: What it is compared with; empty without.
        other: Scores of that.
        run: The training that it comes from.
        worst: Pictures of the worst images.
        differing: Pictures of where both differ most.
        notes: What could not be done, and why.
    """

    name: str
    table: ScoreTable | None = None
    other_name: str = ''
    other: ScoreTable | None = None
    run: RunRecord | None = None
    worst: Sequence[Picture] = ()
    differing: Sequence[Picture] = ()
    notes: Sequence[str] = ()


def report_html(content: Content) -> str:
    """Make the page.

    Args:
        content: What it is about.

    Returns:
        A whole HTML document; pictures lie beside it.
    """
    table, other, names = content.table, content.other, (content.name, content.other_name)
    parts = [f'<p class="note">{escape(note)}</p>' for note in content.notes]
    tables = []
    if table is not None:
        parts.append(_summary(table))
        if other is not None:
            parts.append(_verdict(table, other))
            tables.append(difference_table(table, other, names, RESAMPLES))
        tables += [class_table(table), image_table(table)]
    if content.run is not None:
        parts += [_validations(content.run), _losses(content.run)]
    signs = _signs(names) if content.differing else ''
    parts.append(_pictures('Where both differ most', content.differing, signs))
    parts.append(_pictures('Worst images', content.worst))
    parts += [table_html(each, number) for number, each in enumerate(tables) if each.rows]
    title = f'{content.name} against {content.other_name}' if other else content.name
    style = asset('handbone.pages', 'curves.css') + asset('handbone.reports', 'report.css')
    return page_html(title, parts, style)


def _summary(table: ScoreTable) -> str:
    """The mean of every score with its interval, as tiles."""
    tiles = [('images', str(len(table.images)), f'{counted(len(set(table.patients)), "patient")}')]
    for column in table.scores:
        found = table.interval(column, None, RESAMPLES)
        span = f'{found.low:.4f} to {found.high:.4f}' if found.low <= found.high else 'no interval'
        tiles.append((column_title(column, table.unit), f'{found.mean:.4f}', span))
    drawn = ''.join(
        f'<div><span>{escape(name)}</span><b>{value}</b><small>{span}</small></div>'
        for name, value, span in tiles
    )
    return f'<div class="tiles">{drawn}</div>'


def _verdict(table: ScoreTable, other: ScoreTable) -> str:
    found = difference(table, other, table.ranking, None, RESAMPLES)
    title = f'Difference of {column_title(table.ranking, table.unit)}'
    return f'<p>{escape(verdict(found, title))}</p>'


def _validations(run: RunRecord) -> str:
    steps = sorted(run.scores)
    groups = run.groups_at(run.best_step)
    lines = {MEAN: [(step, run.scores[step][MEAN]) for step in steps]}
    for group in groups:
        named = [(step, run.scores[step].get(PREFIX + group)) for step in steps]
        lines[group] = [(step, value) for step, value in named if value is not None]
    best = f'best {MEAN} {run.scores[run.best_step][MEAN]:.4f} after {run.best_step} iterations'
    return curve_html(f'Validation, {best}', lines)


def _losses(run: RunRecord) -> str:
    steps = [step for step in sorted(run.losses) if math.isfinite(run.losses[step])]
    return curve_html('Training', {LOSS: [(step, run.losses[step]) for step in steps]})


def _signs(names: tuple[str, str]) -> str:
    """Say what the colours of differences mean."""
    entries = (
        (ONLY_FIRST, f'only {names[0]}'),
        (ONLY_SECOND, f'only {names[1]}'),
        (BOTH, 'both'),
        (MIXED, 'some classes only in one, some only in the other'),
    )
    drawn = ''.join(
        f'<span><i style="background:rgb{color}"></i>{escape(text)}</span>'
        for color, text in entries
    )
    return f'<p class="signs">{drawn}</p>'


def _pictures(title: str, pictures: Sequence[Picture], head: str = '') -> str:
    if not pictures:
        return ''
    # the bytes of the name, as names need not be UTF-8
    links = [quote(os.fsencode(each.file)) for each in pictures]
    figures = ''.join(
        f'<figure><a href="{link}"><img loading="lazy" alt="{escape(each.text)}" '
        f'src="{link}"></a><figcaption>{escape(each.text)}</figcaption></figure>'
        for link, each in zip(links, pictures, strict=True)
    )
    return f'<h2>{escape(title)}</h2>{head}<div class="pictures">{figures}</div>'


def picture_texts(table: ScoreTable, rows: Sequence[int]) -> Mapping[int, str]:
    """Say of images what they are and what they score.

    Args:
        table: The scores.
        rows: Rows of the images.

    Returns:
        A text by row.
    """
    means = table.image_means(table.ranking)
    title = column_title(table.ranking, table.unit)
    return {row: f'{table.images[row]}: mean {title} {means[row]:.4f}' for row in rows}
