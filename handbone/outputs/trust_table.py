"""A table of how far each mask can be trusted: one row for each image and class."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.appended_file import AppendedFile
from handbone.csv_files import csv_bytes, read_table, row_error
from handbone.errors import HandboneError, counted
from handbone.outputs.prediction import Prediction
from handbone.quality.model import QualityModel
from handbone.quality.signs import SIGNS, Signs, signs_of

from .writer import AppendedFileWriter

NAME = 'trust.csv'
COLUMNS = ('image_name', 'class', *SIGNS, 'predicted_dice')


class TrustTableWriter(AppendedFileWriter):
    """Writes ``trust.csv``: signs of how good each mask is, and its predicted Dice.

    The signs are those of :class:`handbone.quality.signs.Signs`. Cells are empty where a class has
    no mask, ``agreement`` without augmented views, and ``predicted_dice`` without a model of it.

    Args:
        out_dir: Folder of the outputs.
        classes: Names in class order.
        palette: Not used.
        quality: Predicts the Dice from the signs.

    Raises:
        HandboneError: If the model of quality was learnt for other classes.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
        quality: QualityModel | None = None,
    ) -> None:
        super().__init__(AppendedFile(Path(out_dir) / NAME, csv_bytes([COLUMNS])))
        self._classes = tuple(classes)
        self._quality = quality
        if quality is not None:
            quality.check_classes(classes, 'the model that predicts')

    def encode(self, prediction: Prediction) -> bytes:
        """Make the rows of one image; see the base class."""
        image_name = prediction.image_name or prediction.name
        signs = prediction_signs(prediction, self._classes).matrix()
        dice = np.full(len(signs), np.nan)
        if self._quality is not None:
            dice = self._quality.predict(signs[None])[0]
        return csv_bytes(
            (image_name, name, *map(_cell, row), _cell(score))
            for name, row, score in zip(self._classes, signs, dice, strict=True)
        )


def prediction_signs(prediction: Prediction, classes: Sequence[str]) -> Signs:
    """Find the signs of a prediction.

    Args:
        prediction: The image and its labels.
        classes: Names in class order.

    Returns:
        The signs.

    Raises:
        HandboneError: If the predictor was not asked how sure it is.
    """
    if prediction.summary is None:
        raise HandboneError(
            f'{prediction.name}: the predictor does not tell how sure it is: open it with '
            'summarise=True'
        )
    image = prediction.radiograph.image
    return signs_of(prediction.labels, image, prediction.summary, prediction.flags, classes)


def read_trust_table(path: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Read a table of trust.

    Args:
        path: A file of :class:`TrustTableWriter`.

    Returns:
        Names of images, names of classes, and the columns after them, float64 (N, C, columns): the
        signs and the predicted Dice, NaN where a cell is empty.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not such a table.
    """
    header, rows = read_table(path, names=COLUMNS[:1])
    if tuple(header) != COLUMNS:
        raise HandboneError(
            f'{path} is not a table of trust: give a trust.csv of `handbone predict --write trust`'
        )
    images = list(dict.fromkeys(cells[0] for _, cells in rows))
    classes = list(dict.fromkeys(cells[1] for _, cells in rows))
    if len(rows) != len(images) * len(classes):
        raise HandboneError(
            f'{path} has {counted(len(rows), "row")} for {counted(len(images), "image")} of '
            f'{counted(len(classes), "class")}: predict again, or give the file as it was written'
        )
    places = {name: index for index, name in enumerate(images)}
    indices = {name: index for index, name in enumerate(classes)}
    values = np.full((len(images), len(classes), len(COLUMNS) - 2), np.nan)
    for line, (image, name, *cells) in rows:
        try:
            values[places[image], indices[name]] = [float(cell or 'nan') for cell in cells]
        except ValueError as error:
            raise row_error(path, line, str(error), 'Correct the cell.') from error
    return images, classes, values


def _cell(value: float) -> str:
    return '' if np.isnan(value) else f'{value:.6g}'
