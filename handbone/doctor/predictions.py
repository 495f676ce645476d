"""Masks that a model predicted for images which it was not trained on, compared with the labels."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_form
from handbone.masks import class_boxes, decode, dice, overlap_counts
from handbone.submissions.missing_rows import missing_rows
from handbone.submissions.submission_rows import SubmissionRows

from .image_record import Agreement


class Predictions:
    """A CSV of runs, read image by image.

    Args:
        path: The CSV, with the columns ``image_name``, ``class`` and ``rle``.
        classes: Class names of the dataset in bit order.

    Raises:
        FileNotFoundError: There is no such file.
        HandboneError: It is not such a CSV, or has none of the classes.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        self._rows = SubmissionRows(path)
        self._classes = classes
        self.path = path
        if not {normal_form(name) for name in classes} & set(self._rows.classes):
            self._rows.close()
            named = next(iter(self._rows.classes), '')
            raise HandboneError(
                f'{path}: none of its classes, such as {shown(named)}, is a class of the data. '
                'Name the CSV of this dataset.'
            )

    def compare(
        self, name: str, packed: np.ndarray, unknown: Collection[int] = ()
    ) -> Agreement | None:
        """Compare the labels of an image with its prediction.

        Args:
            name: Name of the image; the CSV may have its path, its file name or its stem.
            packed: Its labels, (H, W) or (H, W, P).
            unknown: Indices of the classes that the labels do not tell about.

        Returns:
            The agreement; None if the CSV does not have the image.

        Raises:
            HandboneError: A row does not hold runs of an image of this size.
        """
        known = self._rows.find(name)
        if known is None:
            return None
        height, width = packed.shape[:2]
        found = self._rows.read(known, self._classes, height * width)
        spans = np.stack([found.starts, found.stops - found.starts], axis=1)
        count = len(self._classes)
        runs = [spans[found.classes == index] for index in range(count)]
        prediction = decode(runs, height, width)
        counts = overlap_counts(prediction, packed, count)
        scores = dice(counts).astype(np.float32)
        scores[(counts.prediction == 0) & (counts.reference == 0)] = np.nan
        scores[list(unknown)] = np.nan
        boxes = np.zeros((count, 4), np.int32)
        for index, (rows, columns) in class_boxes(prediction ^ packed, count).items():
            boxes[index] = columns.start, rows.start, columns.stop, rows.stop
        return Agreement(scores, boxes, counts.prediction > 0)

    def gaps(self, names: Sequence[str]) -> list[str]:
        """Say what the CSV lacks.

        Args:
            names: Names of the images of the data.

        Returns:
            Sentences; none where nothing is missing.
        """
        found = [
            f'{each}: those masks were taken as empty.'
            for each in missing_rows(self._rows, self._classes)
        ]
        absent = [name for name in names if self._rows.find(name) is None]
        if absent:
            found.append(
                f'{self.path} lacks {len(absent)} of the {len(names)} images with labels '
                f'({listed(absent)}), which were not compared.'
            )
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._rows.close()
