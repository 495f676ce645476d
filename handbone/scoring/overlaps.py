"""Scores within the overlap of pairs of classes, of masks that are given as runs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from handbone.evaluation.pair_names import PairName, read_pairs
from handbone.evaluation.pair_scores import PairScores, pair_scores, pair_table
from handbone.evaluation.score_names import score_columns
from handbone.evaluation.score_table import ScoreTable
from handbone.masks import decode
from handbone.progress import progress_bar

from .mask_scores import MaskScorer

#: Scores of the overlap of two classes.
SCORES = ('dice', 'surface_dice')


class _PackedImage(NamedTuple):
    """The packed maps of an image.

    Attributes:
        name: Its name.
        patient: Its patient.
        reference: The reference masks.
        predictions: The masks of each file.
    """

    name: str
    patient: str
    reference: np.ndarray
    predictions: list[np.ndarray]


def score_overlaps(
    scorer: MaskScorer,
    named: str | Sequence[PairName] | None,
    tolerances: Sequence[float],
    spacing: tuple[float, float] | None,
) -> list[ScoreTable] | None:
    """Score the overlaps of pairs of classes, one image at a time.

    Args:
        scorer: The masks of one or two files, and the reference masks.
        named: The pairs. None: those that overlap in the reference masks of each image.
        tolerances: Tolerances of the surface Dice, in mm with a spacing, else in pixels.
        spacing: Height and width of a pixel in mm.

    Returns:
        Dice and surface Dice of every image and pair, of each file; None if no pair overlaps in
        any reference mask.

    Raises:
        HandboneError: If a pair is not of two classes.
    """
    pairs, num_classes = read_pairs(named, scorer.classes), len(scorer.classes)
    lengths, unit = spacing or (1.0, 1.0), 'px' if spacing is None else 'mm'
    images: list[str] = []
    patients: list[str] = []
    results: list[list[PairScores]] = []
    for image in _packed_images(scorer):
        images.append(image.name)
        patients.append(image.patient)
        results.append(
            [
                pair_scores(
                    predicted, image.reference, num_classes, pairs, SCORES, tolerances, lengths
                )
                for predicted in image.predictions
            ]
        )
    columns = score_columns(SCORES, tolerances)
    tables = [
        pair_table(images, patients, scorer.classes, of_file, columns, pairs, unit)
        for of_file in zip(*results, strict=True)
    ]
    found = [table for table in tables if table is not None]
    return found or None


def _packed_images(scorer: MaskScorer) -> Iterator[_PackedImage]:
    """Draw image by image the reference masks and the masks of one or two files."""
    names_of = [{key: name for name, key in keys.items()} for _, keys in scorer.sets]
    for name, key in progress_bar(scorer.pairs.items(), 'Scoring overlaps'):
        labels = scorer.reference.labels(key)
        predictions = [
            decode(scorer.predicted(masks, names[key], key), *labels.shape[:2])
            for (masks, _), names in zip(scorer.sets, names_of, strict=True)
        ]
        yield _PackedImage(name, scorer.reference.patient(key), labels, predictions)
