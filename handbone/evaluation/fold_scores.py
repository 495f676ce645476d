"""Out-of-fold scores of a cross-validation as tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from handbone.csv_files import csv_bytes
from handbone.errors import HandboneError, counted
from handbone.files import write_atomically

from .drawn_tables import draw_table, plain_text
from .score_files import dice_rows, read_score_file
from .score_table import ScoreTable


class FoldScores:
    """Dice of every training image, by the model that has not seen it.

    Args:
        tables: ``dice_per_image.csv`` of every fold, in fold order.
        groups: Names of groups and the class names in each.

    Attributes:
        scores: The Dice of all images, as the dataset orders them: by folder, then by name.
        folds: The fold of each image.

    Raises:
        HandboneError: If a file is not a table of Dice, the folds differ in their classes, or an
            image is in two folds.
    """

    def __init__(
        self, tables: Sequence[str | Path], groups: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        parts = [read_score_file(Path(table), groups) for table in tables]
        for path, part in zip(tables, parts, strict=True):
            if part.classes != parts[0].classes:
                raise HandboneError(
                    f'{path} and {tables[0]} have different classes; test all folds again'
                )
        joined = _join(parts)
        order = sorted(range(len(joined.images)), key=lambda row: Path(joined.images[row]).parts)
        folds = [fold for fold, part in enumerate(parts) for _ in part.images]
        self.scores = joined.chosen(order)
        self.folds = tuple(folds[row] for row in order)

    @property
    def images(self) -> tuple[str, ...]:
        """The images, in the order of the scores."""
        return self.scores.images

    def by_fold(self) -> tuple[list[str], dict[str, list[float]]]:
        """Average the Dice over the images of each fold and over all images.

        Returns:
            The names of the columns, and their means by class, ``group NAME`` and ``mean``.
        """
        numbers = sorted(set(self.folds))
        tables = [
            self.scores.chosen([row for row, fold in enumerate(self.folds) if fold == number])
            for number in numbers
        ]
        means = {
            f'group {part.name}' if part.kind == 'group' else part.name: [
                table.mean('dice', part) for table in (*tables, self.scores)
            ]
            for part in self.scores.parts
        }
        return [*(f'fold {number}' for number in numbers), 'all'], means

    def table(self) -> str:
        """Draw the table for the terminal."""
        columns, means = self.by_fold()
        rows = [[name, *(f'{mean:.4f}' for mean in of_name)] for name, of_name in means.items()]
        counts = [self.folds.count(number) for number in sorted(set(self.folds))]
        images = ['images', *map(str, counts), str(len(self.folds))]
        last = len(self.scores.classes)
        sections = [rows[:last], [*rows[last:], images]]
        return plain_text(draw_table(['Class', *columns], sections, left=['Class']))

    def write_csv(self, folder: Path) -> None:
        """Write ``dice_by_fold.csv`` and ``dice_out_of_fold.csv``.

        Args:
            folder: It is made if it is not there.

        Raises:
            OSError: If a file cannot be written; the files that were there before are kept.
        """
        columns, means = self.by_fold()
        rows = [[name, *(f'{mean:.6f}' for mean in of_name)] for name, of_name in means.items()]
        write_atomically(folder / 'dice_by_fold.csv', csv_bytes([['name', *columns], *rows]))
        header, *scores = dice_rows(self.scores)
        lines = [[str(fold), *row] for fold, row in zip(self.folds, scores, strict=True)]
        write_atomically(folder / 'dice_out_of_fold.csv', csv_bytes([['fold', *header], *lines]))


def _join(parts: Sequence[ScoreTable]) -> ScoreTable:
    """Put the images of all folds into one table."""
    images = [image for part in parts for image in part.images]
    twice = [image for image, count in Counter(images).items() if count > 1]
    if twice:
        raise HandboneError(
            f'{counted(len(twice), "image is", "images are")} in two folds, the first is '
            f'{twice[0]}: the data were changed between the tests; test all folds again'
        )
    return ScoreTable(
        images=tuple(images),
        patients=tuple(patient for part in parts for patient in part.patients),
        classes=parts[0].classes,
        scores={'dice': np.concatenate([part.scores['dice'] for part in parts])},
        groups=parts[0].groups,
    )
