"""Dice scores of a dataset as a table for the log and as CSV files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from prettytable import PrettyTable

from handbone.csv_files import csv_bytes
from handbone.errors import HandboneError
from handbone.files import write_atomically


class DiceReport:
    """Scores of every image and class, and the ways to show them.

    Args:
        images: Names or paths of the N images.
        classes: Names of the C classes.
        groups: Names of groups and the class names in each.
        scores: Dice, float (N, C).
        truth_pixels: Pixels of each class in the truth, int (N, C).

    Raises:
        HandboneError: If a group has no class or a class that is not in ``classes``.
    """

    def __init__(
        self,
        images: Sequence[str],
        classes: Sequence[str],
        groups: Mapping[str, Sequence[str]],
        scores: np.ndarray,
        truth_pixels: np.ndarray,
    ) -> None:
        self.images = images
        self.classes = classes
        self.scores = scores
        self.truth_pixels = truth_pixels
        self._columns = {
            name: _columns_of(name, members, classes) for name, members in groups.items()
        }

    @property
    def mean(self) -> float:
        """Mean over images and classes."""
        return float(self.scores.mean())

    def class_means(self) -> dict[str, float]:
        """Mean over the images, by class."""
        return dict(zip(self.classes, self.scores.mean(axis=0).tolist(), strict=True))

    def group_means(self) -> dict[str, float]:
        """Mean over the images and the classes of a group, by group."""
        return {
            name: float(self.scores[:, columns].mean()) for name, columns in self._columns.items()
        }

    def rows(self) -> list[dict[str, object]]:
        """List classes, groups and the mean, with the image in which a class scores lowest.

        Returns:
            Dicts of the columns of ``dice_per_class.csv``.
        """
        group_of = {
            column: name for name, columns in reversed(self._columns.items()) for column in columns
        }
        rows = []
        for column, (name, score) in enumerate(self.class_means().items()):
            lowest = int(self.scores[:, column].argmin())
            rows.append(
                {
                    'kind': 'class',
                    'name': name,
                    'group': group_of.get(column, ''),
                    'dice': score,
                    'lowest': float(self.scores[lowest, column]),
                    'lowest_image': Path(self.images[lowest]).name,
                    'images_with_truth': int(np.count_nonzero(self.truth_pixels[:, column])),
                }
            )
        summaries = [('group', name, score) for name, score in self.group_means().items()]
        for kind, name, score in [*summaries, ('mean', 'mean', self.mean)]:
            columns = self._columns.get(name, slice(None)) if kind == 'group' else slice(None)
            image_means = self.scores[:, columns].mean(axis=1)
            lowest = int(image_means.argmin())
            present = self.truth_pixels[:, columns].any(axis=1)
            rows.append(
                {
                    'kind': kind,
                    'name': name,
                    'group': name if kind == 'group' else '',
                    'dice': score,
                    'lowest': float(image_means[lowest]),
                    'lowest_image': Path(self.images[lowest]).name,
                    'images_with_truth': int(np.count_nonzero(present)),
                }
            )
        return rows

    def table(self) -> str:
        """Draw the table for the log."""
        table = PrettyTable(['Class', 'Dice', 'Lowest', 'Lowest in', 'Images with it'])
        table.align = 'r'
        table.align['Class'] = table.align['Lowest in'] = 'l'
        previous = 'class'
        for row in self.rows():
            if row['kind'] != previous:
                table.add_divider()
                previous = row['kind']
            table.add_row(
                [
                    row['name'],
                    f'{row["dice"]:.4f}',
                    f'{row["lowest"]:.4f}',
                    row['lowest_image'],
                    row['images_with_truth'],
                ]
            )
        return table.get_string()

    def write_csv(self, folder: Path) -> None:
        """Write ``dice_per_class.csv`` and ``dice_per_image.csv``.

        Args:
            folder: Made if it is not there.

        Raises:
            OSError: If a file cannot be written; the files that were there before are kept.
        """
        rows = self.rows()
        per_class = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
        write_atomically(folder / 'dice_per_class.csv', csv_bytes(per_class))
        header = ['image', 'mean', *self.classes]
        lines = (
            [image, *map(_cell, (float(scores.mean()), *scores.tolist()))]
            for image, scores in zip(self.images, self.scores, strict=True)
        )
        write_atomically(folder / 'dice_per_image.csv', csv_bytes([header, *lines]))


def _columns_of(group: str, members: Sequence[str], classes: Sequence[str]) -> list[int]:
    unknown = [name for name in members if name not in classes]
    if unknown or not members:
        what = f'the unknown classes {unknown}' if unknown else 'no class'
        raise HandboneError(f'Group {group!r} has {what}; the classes are {list(classes)}.')
    return [classes.index(name) for name in members]


def _cell(value: object) -> object:
    return f'{value:.6f}' if isinstance(value, float) else value
