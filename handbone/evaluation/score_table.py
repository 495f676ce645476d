"""Scores of every image and class: their means, their tables, their files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from prettytable import PrettyTable

from handbone.csv_files import csv_bytes
from handbone.files import write_atomically

from .bootstrap import Interval, bootstrap_mean
from .scores import DISTANCES, column_title

#: Columns of the file in front of the scores.
KEYS = ('image', 'patient', 'class')


@dataclass(frozen=True)
class ScoreTable:
    """Scores of N images and C classes.

    Attributes:
        images: Names of the images.
        patients: Patient of each image.
        classes: Names of the classes.
        scores: Float64 (N, C) by column, as :func:`handbone.evaluation.scores.score_columns` names
            them. A distance is infinite where one of the two masks is empty.
        groups: Names of groups and the class names in each.
        unit: Unit of distances.
    """

    images: tuple[str, ...]
    patients: tuple[str, ...]
    classes: tuple[str, ...]
    scores: Mapping[str, np.ndarray]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unit: str = 'px'

    @property
    def ranking(self) -> str:
        """The column that images are ranked by: the first."""
        return next(iter(self.scores))

    def part(self, column: str, name: str | None = None) -> np.ndarray:
        """Take the scores of a class, a group, or all classes.

        Args:
            column: The score.
            name: Class or group; None for all classes. A group goes before a class of its name.

        Returns:
            Float64 (N, n).
        """
        members = self.classes if name is None else self.groups.get(name, (name,))
        return self.scores[column][:, [self.classes.index(member) for member in members]]

    def mean(self, column: str, name: str | None = None) -> float:
        """Take the mean over images and classes, without infinite distances.

        Args:
            column: The score.
            name: Class or group; None for all classes.

        Returns:
            The mean, NaN where no score is finite.
        """
        return finite_mean(self.part(column, name))

    def interval(self, column: str, name: str | None = None, resamples: int = 10_000) -> Interval:
        """Compute the 95 % interval of a mean by drawing patients.

        Args:
            column: The score.
            name: Class or group; None for all classes.
            resamples: Number of draws.

        Returns:
            Mean and interval.
        """
        return bootstrap_mean(self.part(column, name), self.patients, resamples=resamples)

    def worst(self, count: int) -> list[int]:
        """Find the images that score worst in the first column.

        Args:
            count: How many.

        Returns:
            Row numbers, the worst first.
        """
        scores = self.scores[self.ranking]
        badness = scores if self.ranking in DISTANCES else -scores
        return np.argsort(-badness.mean(axis=1), kind='stable')[:count].tolist()

    def worst_class(self, row: int) -> int:
        """Find the class that scores worst in an image.

        Args:
            row: Number of the image.

        Returns:
            Class index.
        """
        scores = self.scores[self.ranking][row]
        return int(scores.argmax() if self.ranking in DISTANCES else scores.argmin())

    def chosen(self, images: Sequence[str]) -> 'ScoreTable':
        """Keep some images.

        Args:
            images: Their names, in the order wanted.

        Returns:
            A table of these.
        """
        row_of = {image: row for row, image in enumerate(self.images)}
        rows = [row_of[image] for image in images]
        return ScoreTable(
            images=tuple(images),
            patients=tuple(self.patients[row] for row in rows),
            classes=self.classes,
            scores={column: values[rows] for column, values in self.scores.items()},
            groups=self.groups,
            unit=self.unit,
        )

    def means_table(self, intervals: bool = True) -> str:
        """Draw the means of classes and groups, and of all.

        Args:
            intervals: Add the 95 % intervals of the means of all.

        Returns:
            Text.
        """
        distances = [column for column in self.scores if column in DISTANCES]
        titles = [column_title(column, self.unit) for column in self.scores]
        counted = ['One empty'] if distances else []
        table = PrettyTable(['Class', *titles, *counted, 'Worst in'])
        table.align = 'r'
        table.align['Class'] = table.align['Worst in'] = 'l'
        names = [(name, name) for name in (*self.classes, *self.groups)]
        for label, name in [*names, ('mean', None)]:
            if label == 'mean' or label == next(iter(self.groups), None):
                table.add_divider()
            cells = [f'{self.mean(column, name):.4f}' for column in self.scores]
            if distances:
                cells.append(str(int(np.isinf(self.part(distances[0], name)).sum())))
            scores = self.part(self.ranking, name).mean(axis=1)
            row = int(scores.argmax() if self.ranking in DISTANCES else scores.argmin())
            table.add_row([label, *cells, self.images[row]])
        if not intervals:
            return table.get_string()
        ends = [self.interval(column) for column in self.scores]
        for label, index in (('95 % from', 1), ('95 % to', 2)):
            blanks = [''] * (len(counted) + 1)
            table.add_row([label, *(f'{interval[index]:.4f}' for interval in ends), *blanks])
        return table.get_string()

    def write_csv(self, path: Path) -> None:
        """Write a row for each image and class, beside the target, and rename it.

        Args:
            path: The file; its folder is made.

        Raises:
            OSError: If it cannot be written; what was there before is kept.
        """
        rows = [[*KEYS, *self.scores]]
        for row, (image, patient) in enumerate(zip(self.images, self.patients, strict=True)):
            for index, name in enumerate(self.classes):
                values = (scores[row, index] for scores in self.scores.values())
                rows.append([image, patient, name, *(f'{value:.6f}' for value in values)])
        write_atomically(path, csv_bytes(rows))


def finite_mean(scores: np.ndarray) -> float:
    """Take the mean of the finite scores.

    Args:
        scores: Float array.

    Returns:
        The mean, NaN without any.
    """
    finite = scores[np.isfinite(scores)]
    return float(finite.mean()) if finite.size else np.nan
