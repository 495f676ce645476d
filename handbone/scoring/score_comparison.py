"""Whether one set of scores is better than another, or only luckier."""

from prettytable import PrettyTable

from handbone.evaluation.bootstrap import Difference, bootstrap_difference
from handbone.evaluation.score_table import ScoreTable
from handbone.evaluation.scores import DISTANCES, column_title


def difference(
    table: ScoreTable, other: ScoreTable, column: str, name: str | None, resamples: int
) -> Difference:
    """Compute the paired difference of a score.

    Args:
        table: Scores.
        other: Scores of the same images and classes.
        column: The score.
        name: Class or group; None for all classes.
        resamples: Number of draws.

    Returns:
        First minus second, with its 95 % interval.
    """
    return bootstrap_difference(
        table.part(column, name),
        other.part(column, name),
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
    means = _Table('Score')
    for column in table.scores:
        name = column_title(column, table.unit)
        means.add(name, table, other, column, None, resamples)
    first = table.ranking
    classes = _Table(column_title(first, table.unit))
    for name in (*table.classes, *table.groups):
        if name == next(iter(table.groups), None):
            classes.add_divider()
        classes.add(name, table, other, first, name, resamples)
    left_out = means.left_out | classes.left_out
    notes = [
        f'{name}, pairs left out without a distance: {count}' for name, count in left_out.items()
    ]
    if len(table.classes) > 1:
        notes.append('Of 20 classes without any difference, about one has an interval without 0.')
    return '\n'.join([means.text(), classes.text(), *notes])


def verdict(found: Difference, title: str) -> str:
    """Say in one sentence what a difference means.

    Args:
        found: The difference.
        title: Name of the score.

    Returns:
        The sentence.
    """
    change = f'{title}: {found.mean:+.4f}, 95 % interval {found.low:+.4f} to {found.high:+.4f}'
    if not found.low <= found.high:
        return f'{title}: {found.mean:+.4f}; one patient gives no interval.'
    if found.low <= 0 <= found.high:
        return f'{change}: this may be chance.'
    return f'{change}: more than chance.'


class _Table:
    """A table of differences."""

    def __init__(self, title: str) -> None:
        self._table = PrettyTable(
            [title, 'This', 'Other', 'Difference', '95 % from', '95 % to', 'Better in']
        )
        self._table.align = 'r'
        self._table.align[title] = 'l'
        self.left_out: dict[str, int] = {}

    def add(
        self,
        label: str,
        table: ScoreTable,
        other: ScoreTable,
        column: str,
        name: str | None,
        resamples: int,
    ) -> None:
        found = difference(table, other, column, name, resamples)
        if found.left_out:
            self.left_out[label] = found.left_out
        self._table.add_row(
            [
                label,
                f'{table.mean(column, name):.4f}',
                f'{other.mean(column, name):.4f}',
                *(f'{value:+.4f}' for value in found[:3]),
                f'{found.better:.1%}',
            ]
        )

    def add_divider(self) -> None:
        self._table.add_divider()

    def text(self) -> str:
        return self._table.get_string()
