"""Masks that a model predicted for images which it was not trained on, compared with the labels."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from handbone.errors import HandboneError, listed, shown
from handbone.listing import normal_form
from handbone.masks import Region, decode, dice, overlap_counts, regions
from handbone.submissions.missing_rows import missing_rows
from handbone.submissions.submission_rows import SubmissionRows

from .finding import Box
from .image_record import Agreement

#: The check that compares labels with predictions.
UNLIKE_PREDICTION = 'unlike-prediction'
#: Bad rows that are named one by one.
MOST_PROBLEMS = 3
#: Where masks differ, what is thinner than this share of the thickest place is left out.
THIN = 1 / 3


class Predictions:
    """A CSV of runs, read image by image.

    Args:
        path: The CSV, with the columns ``image_name``, ``class`` and ``rle``.
        classes: Class names of the dataset in bit order.

    Attributes:
        path: The CSV.
        problems: What is wrong with rows that were read.

    Raises:
        FileNotFoundError: There is no such file.
        HandboneError: It is not such a CSV, or has none of the classes.
    """

    def __init__(self, path: Path, classes: Sequence[str]) -> None:
        self._rows = SubmissionRows(path)
        self._classes = classes
        self.path = path
        self.problems: list[HandboneError] = []
        if not {normal_form(name) for name in classes} & set(self._rows.classes):
            self._rows.close()
            named = next(iter(self._rows.classes), '')
            raise HandboneError(
                f'{path}: none of its classes, such as {shown(named)}, is a class of the data. '
                'Name the CSV of this dataset.'
            )

    def read(self, name: str, height: int, width: int) -> tuple[np.ndarray, set[int]] | None:
        """Read the prediction of an image.

        Args:
            name: Name of the image; the CSV may have its path, its file name or its stem.
            height: Rows of the image.
            width: Columns of the image.

        Returns:
            The packed map, (H, W) or (H, W, P), and the indices of classes whose row does not hold
            runs of an image of this size, which are left out of it; None if the CSV does not have
            the image.
        """
        known = self._rows.find(name)
        if known is None:
            return None
        try:
            runs = self._rows.read(known, self._classes, height * width)
            return decode(runs.by_class(len(self._classes)), height, width), set()
        except HandboneError:
            pass  # the other classes are read all the same
        found: list[np.ndarray] = []
        bad: set[int] = set()
        for index, class_name in enumerate(self._classes):
            try:
                runs = self._rows.read(known, [class_name], height * width)
                found += runs.by_class(1)
            except HandboneError as error:
                self.problems.append(error)
                found.append(np.zeros((0, 2), np.int64))
                bad.add(index)
        return decode(found, height, width), bad

    def compare(
        self, name: str, packed: np.ndarray, unknown: Collection[int] = ()
    ) -> Agreement | None:
        """Compare the labels of an image with its prediction.

        Args:
            name: Name of the image.
            packed: Its labels, (H, W) or (H, W, P).
            unknown: Indices of the classes that the labels do not tell about.

        Returns:
            The agreement; None if the CSV does not have the image.
        """
        found = self.read(name, *packed.shape[:2])
        if found is None:
            return None
        prediction, bad = found
        count = len(self._classes)
        counts = overlap_counts(prediction, packed, count)
        scores = dice(counts).astype(np.float32)
        scores[(counts.prediction == 0) & (counts.reference == 0)] = np.nan
        scores[[*unknown, *bad]] = np.nan
        boxes = np.zeros((count, 4), np.int32)
        for region in regions(prediction ^ packed, count):
            boxes[region.class_index] = largest_part(region)
        return Agreement(scores, boxes, counts.prediction > 0)

    def gaps(self, names: Sequence[str]) -> list[str]:
        """Say what the CSV lacks, and which of the rows that were read are bad.

        Args:
            names: Names of the images of the data.

        Returns:
            Sentences; none where all is well.
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
        found += (f'{each} That mask was not compared.' for each in self.problems[:MOST_PROBLEMS])
        if more := len(self.problems[MOST_PROBLEMS:]):
            found.append(f'{self.path} has {more} more such rows, which were not compared.')
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._rows.close()


def largest_part(difference: Region) -> Box:
    """Find the place where two masks of a class differ most: the largest connected part.

    Outlines by two hands differ all around by a little, which connects the place where they differ
    by much with the whole outline. So what is much thinner than the thickest place is left out.

    Args:
        difference: Where one of the masks is, and the other one is not.

    Returns:
        The box around it.
    """
    mask, left, top = _largest(difference.mask.view(np.uint8))
    depth = cv2.distanceTransform(
        cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_C, 3
    )
    least = int(THIN * depth.max()) + 1
    kernel = np.ones((2 * least - 1, 2 * least - 1), np.uint8)
    thick = cv2.dilate((depth >= least).view(np.uint8), kernel)[1:-1, 1:-1]
    part, more_left, more_top = _largest(np.ascontiguousarray(thick))
    left, top = difference.left + left + more_left, difference.top + top + more_top
    return left, top, left + part.shape[1], top + part.shape[0]


def _largest(mask: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Cut out the largest connected part of a mask, uint8; its left and top edge."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(mask)
    number = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    left, top, width, height, _ = statistics[number].tolist()
    part = labels[top : top + height, left : left + width] == number
    return part.view(np.uint8), left, top
