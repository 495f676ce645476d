"""Out-of-fold scores of a cross-validation as tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from prettytable import PrettyTable

from handbone.errors import HandboneError
from handbone.files import write_atomically


class FoldScores:
    """Dice of every training image, by the model that has not seen it.

    Args:
        tables: ``dice_per_image.csv`` of every fold, in fold order.
        groups: Names of groups and the class names in each.

    Raises:
        HandboneError: If an image is in two folds.
    """

    def __init__(
        self, tables: Sequence[str | Path], groups: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        frames = [pd.read_csv(table) for table in tables]
        #: One row an image: image, fold, mean and a column a class.
        self.images = pd.concat(frames, keys=range(len(frames)), names=['fold']).reset_index(0)
        twice = self.images.image[self.images.image.duplicated()].tolist()
        if twice:
            raise HandboneError(
                f'{len(twice)} images are in two folds, the first is {twice[0]}: the data were '
                'changed between the tests; test all folds again'
            )
        # as the dataset orders them: by folder, then by name
        order = sorted(range(len(self.images)), key=self._parts)
        self.images = self.images.iloc[order]
        self._groups = groups or {}

    def _parts(self, row: int) -> tuple[str, ...]:
        return Path(self.images.image.iloc[row]).parts

    def by_fold(self) -> pd.DataFrame:
        """Average the Dice over the images of each fold and over all images.

        Returns:
            A row a class, group and the mean of all; a column a fold and ``all``.
        """
        scores = self.images.drop(columns=['image', 'mean']).set_index('fold')
        classes = list(scores.columns)
        for name, members in self._groups.items():
            scores[f'group {name}'] = scores[list(members)].mean(axis=1)
        scores['mean'] = scores[classes].mean(axis=1)
        table = scores.groupby('fold').mean().T
        table.columns = [f'fold {fold}' for fold in table.columns]
        table['all'] = scores.mean()
        return table

    def table(self) -> str:
        """Draw the table for the terminal."""
        means = self.by_fold()
        drawn = PrettyTable(['Class', *means.columns])
        drawn.align = 'r'
        drawn.align['Class'] = 'l'
        for number, (name, row) in enumerate(means.iterrows()):
            last = number == len(means) - len(self._groups) - 2
            drawn.add_row([name, *(f'{score:.4f}' for score in row)], divider=last)
        counts = self.images.fold.value_counts().sort_index()
        drawn.add_row(['images', *counts, len(self.images)])
        return drawn.get_string()

    def write_csv(self, folder: Path) -> None:
        """Write ``dice_by_fold.csv`` and ``dice_out_of_fold.csv``.

        Args:
            folder: Made if it is not there.

        Raises:
            OSError: If a file cannot be written; the files that were there before are kept.
        """
        by_fold = self.by_fold()
        by_fold.index.name = 'name'
        for name, frame in (
            ('dice_by_fold.csv', by_fold.reset_index()),
            ('dice_out_of_fold.csv', self.images),
        ):
            text = frame.to_csv(index=False, float_format='%.6f', lineterminator='\n')
            write_atomically(folder / name, text.encode(errors='surrogateescape'))
