"""Whether one set of scores is better than a second one, or only luckier."""

import math

from handbone.evaluation.bootstrap import Difference, bootstrap_difference
from handbone.evaluation.drawn_tables import draw_table, plain_text
from handbone.evaluation.score_names import DISTANCES, column_title
from handbone.evaluation.score_table import Part, ScoreTable


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
        means = (f'{each.mean(column, part):.4f}' for each in (table, other))
        return [label, *means, *map(_signed, found[:3]), f'{found.better:.1%}']

    header = ['This', 'Other', 'Difference', '95 % from', '95 % to', 'Better in']
    scores = [row(column_title(column, table.unit), column, None) for column in table.scores]
    sections = [
        [row(part.name, table.ranking, part) for part in table.parts if part.kind == kind]
        for kind in ('class', 'group')
    ]
    title = column_title(table.ranking, table.unit)
    texts = [
        plain_text(draw_table(['Score', *header], [scores], left=['Score'])),
        plain_text(draw_table([title, *header], filter(None, sections), left=[title])),
        *(
            f'{name}, pairs left out without a distance: {count}'
            for name, count in left_out.items()
        ),
    ]
    if len(table.classes) > 1:
        texts.append('Of 20 classes without any difference, about one has an interval without 0.')
    return '\n'.join(texts)


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


def _signed(value: float) -> str:
    return '–' if math.isnan(value) else f'{value:+.4f}'
