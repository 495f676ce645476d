"""The scores of a submission, and what they say in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from handbone.errors import counted
from handbone.evaluation.bootstrap import Difference
from handbone.evaluation.drawn_tables import means_table, worst_text
from handbone.evaluation.score_names import OVERLAP_SCORES, column_title
from handbone.evaluation.score_table import ScoreTable

from .score_comparison import comparison_tables, difference, group_comparison, verdict
from .score_groups import groups_text

#: Fewer patients than this give intervals that are clearly too narrow.
FEW_PATIENTS = 10
#: Draws of the bootstrap.
RESAMPLES = 10_000
#: Below this mean, masks and reference have nothing to do with each other.
UNRELATED = 0.05


@dataclass(frozen=True)
class Evaluation:
    """Scores of a submission.

    Attributes:
        scores: Of every image and class.
        others: Those of the submission to compare with, of the same images.
        overlaps: Scores within the overlap of pairs of classes, if asked for: the table's classes
            are the pairs, and what does not overlap in the reference is NaN. None if none does.
        other_overlaps: Those of the submission to compare with.
        values: Value of each image by attribute, of those asked for.
        pictures: Files of the worst images that were drawn, the sheet of all of them last.
        notes: What could not be scored, and why.
    """

    scores: ScoreTable
    others: ScoreTable | None = None
    overlaps: ScoreTable | None = None
    other_overlaps: ScoreTable | None = None
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pictures: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def means(self) -> dict[str, float]:
        """Mean of each score over images and classes, without infinite distances."""
        return {column: self.scores.mean(column) for column in self.scores.scores}

    @property
    def difference(self) -> Difference | None:
        """How much better the first score is than that of the others, with its 95 % interval."""
        if self.others is None:
            return None
        return difference(self.scores, self.others, self.scores.ranking, None, RESAMPLES)

    def text(self, worst: int = 8) -> str:
        """Write the means with their intervals, the worst images, and what needs a word.

        Args:
            worst: Number of images to list.

        Returns:
            Several lines.
        """
        table = self.scores
        num_patients = len(set(table.patients))
        lines = [
            *self.notes,
            f'{counted(len(table.images), "image")} of {counted(num_patients, "patient")}, '
            f'{counted(len(table.classes), "class")}',
            means_table(table, intervals=True, resamples=RESAMPLES),
            f'95 % intervals: {counted(num_patients, "patient")}, drawn {RESAMPLES} times with '
            'replacement.',
            *_warnings(table, num_patients),
        ]
        if self.overlaps is not None:
            lines.append('Within the overlap of pairs, where the reference has one:')
            lines.append(means_table(self.overlaps, intervals=True, resamples=RESAMPLES))
        if self.values:
            lines.append(groups_text(table, self.values, RESAMPLES))
        rows = table.worst(worst)
        if rows:
            lines.append(f'Worst images by {column_title(table.ranking, table.unit)}:')
        lines += [f'  {table.images[row]}: {worst_text(table, row)}' for row in rows]
        return '\n'.join(lines)

    def comparison(self) -> str:
        """Write the differences to the others, and in one sentence what they mean.

        Returns:
            Several lines; empty if there is nothing to compare with.
        """
        found = self.difference
        if self.others is None or found is None:
            return ''
        tables = comparison_tables(self.scores, self.others, RESAMPLES)
        if self.overlaps is not None and self.other_overlaps is not None:
            of_pairs = comparison_tables(self.overlaps, self.other_overlaps, RESAMPLES)
            tables += f'\nWithin the overlap of pairs:\n{of_pairs}'
        if self.values:
            by_value = group_comparison(self.scores, self.others, self.values, RESAMPLES)
            tables += f'\n{by_value}'
        return f'{tables}\n{verdict(found, column_title(self.scores.ranking, self.scores.unit))}'


def _warnings(table: ScoreTable, num_patients: int) -> list[str]:
    """Say what a reader of the table should know."""
    lines = []
    if num_patients < FEW_PATIENTS:
        lines.append(f'Intervals from fewer than {FEW_PATIENTS} patients are too narrow.')
    elif num_patients == len(table.images):
        lines.append(
            'Every image counts as a patient; if that is wrong, the intervals are too narrow.'
        )
    empty = max(int(np.isinf(scores).sum()) for scores in table.scores.values())
    if empty:
        lines.append(
            f'One empty: in {empty} cases one of the masks is empty, so there is no distance. They '
            'are left out of the mean distances; the other scores count them as 0.'
        )
    if table.mean(table.ranking) < UNRELATED and table.ranking in OVERLAP_SCORES:
        lines.append(
            'Masks and reference hardly touch: were they made for images of a different size?'
        )
    return lines
