"""Whether one set of scores is better than a second one, or only luckier."""

import math
from collections.abc import Mapping, Sequence

from handbone.evaluation.bootstrap import Difference, bootstrap_difference
from handbone.evaluation.drawn_tables import draw_table, plain_text, score_text
from handbone.evaluation.score_names import DISTANCES, column_title
from handbone.evaluation.score_table import Part, ScoreTable

from .score_groups import images_by_value

HEADER = ('This', 'Other', 'Difference', '95 % from', '95 % to', 'Better in')


def difference(
    table: ScoreTable, other: ScoreTable, column: str, part: Part | None, resamples: int
) -> Difference:
    """Compute the paired difference of a score.

    Args:
        table: Scores.
        other: Scores of the same images and classes.
        column: The score.
        part: Class or group; None for all classes.
        resamples: Number of draws.

    Returns:
        First minus second, with its 95 % interval.
    """
    return bootstrap_difference(
        table.part_scores(column, part),
        other.part_scores(column, part),
        table.patients,
        lower_is_better=column in DISTANCES,
        resamples=resamples,
    )


def comparison_tables(table: ScoreTable, other: ScoreTable, resamples: int) -> str:
    """Draw the differences: of every score over all classes, and of the first one by class.

    Args:
        table: Scores.
        other: Scores of the same images and classes.
        resamples: Number of draws.

    Returns:
        Text.
    """
    left_out: dict[str, int] = {}

    def row(label: str, column: str, part: Part | None) -> list[str]:
        found = difference(table, other, column, part, resamples)
        if found.left_out:
            left_out[label] = found.left_out
        return [label, *_cells(table, other, column, part, found)]

    scores = [row(column_title(column, table.unit), column, None) for column in table.scores]
    sections = [
        [row(part.name, table.ranking, part) for part in table.parts if part.kind == kind]
        for kind in ('class', 'group')
    ]
    title = column_title(table.ranking, table.unit)
    texts = [
        plain_text(draw_table(['Score', *HEADER], [scores], left=['Score'])),
        plain_text(draw_table([title, *HEADER], filter(None, sections), left=[title])),
        *(
            f'{name}, pairs left out without a distance: {count}'
            for name, count in left_out.items()
        ),
    ]
    if len(table.classes) > 1:
        texts.append('Of 20 classes without any difference, about one has an interval without 0.')
    return '\n'.join(texts)


def group_comparison(
    table: ScoreTable, other: ScoreTable, values: Mapping[str, Sequence[str]], resamples: int
) -> str:
    """Draw the differences of the first score by what is known of the images.

    Args:
        table: Scores.
        other: Scores of the same images and classes.
        values: Value of each image by attribute.
        resamples: Number of draws.

    Returns:
        A table: of each value its images and patients, and the difference over all classes and by
        group of classes.
    """
    column = table.ranking
    sections = []
    for name, of_image in values.items():
        rows = []
        for value, images in images_by_value(of_image).items():
            pair = table.chosen(images), other.chosen(images)
            counts = str(len(images)), str(len(set(pair[0].patients)))
            for part in (table.whole, *(part for part in table.parts if part.kind == 'group')):
                found = difference(*pair, column, part, resamples)
                rows.append(
                    [f'{name} {value}', part.name, *counts, *_cells(*pair, column, part, found)]
                )
        sections.append(rows)
    title = column_title(column, table.unit)
    header = ['By', title, 'Images', 'Patients', *HEADER]
    return plain_text(draw_table(header, sections, left=['By', title]))


def verdict(found: Difference, title: str) -> str:
    """Say in one sentence what a difference means.

    Args:
        found: The difference.
        title: Name of the score.

    Returns:
        The sentence.
    """
    if not found.low <= found.high:
        return f'{title}: {found.mean:+.4f}; one patient gives no interval.'
    change = f'{title}: {found.mean:+.4f}, 95 % interval {found.low:+.4f} to {found.high:+.4f}'
    if found.low <= 0 <= found.high:
        return f'{change}: this may be chance.'
    return f'{change}: more than chance.'


def _cells(
    table: ScoreTable, other: ScoreTable, column: str, part: Part | None, found: Difference
) -> list[str]:
    """Write what stands under :data:`HEADER`."""
    means = (score_text(each.mean(column, part)) for each in (table, other))
    better = '–' if math.isnan(found.better) else f'{found.better:.1%}'
    return [*means, *map(_signed, found[:3]), better]


def _signed(value: float) -> str:
    return '–' if math.isnan(value) else f'{value:+.4f}'
