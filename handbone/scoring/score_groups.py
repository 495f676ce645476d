"""Scores by what is known of the images: the sex of the patient, a bent wrist and so on."""

from collections.abc import Mapping, Sequence

from handbone.datasets.attribute_values import UNKNOWN, banded, bend_degrees, bend_word, side_of
from handbone.errors import HandboneError, listed
from handbone.evaluation.drawn_tables import draw_table, plain_text, score_text
from handbone.evaluation.score_names import column_title
from handbone.evaluation.score_table import ScoreTable
from handbone.metadata.patient_table import PatientTable

from .mask_scores import MaskScorer


def check_attributes(by: Sequence[str], table: PatientTable | None, masks: bool) -> None:
    """Make sure that all attributes of images can be known, before anything is scored.

    Args:
        by: Attributes, as for :func:`image_values`.
        table: Table of patients.
        masks: Whether there are reference masks.

    Raises:
        HandboneError: If an attribute is not known.
    """
    for name in by:
        if name == 'side' or (name == 'bend' and masks):
            continue
        if table is not None and name in table.columns:
            continue
        remedy = 'Add --table CSV with this column'
        if name == 'bend':
            remedy = 'It is measured from reference masks; add a REFERENCE'
        elif table is not None:
            remedy = f'{table.path} has the columns {listed(list(table.columns), 12)}'
        raise HandboneError(f'--by {name}: nothing tells it. {remedy}.')


def image_values(
    by: Sequence[str], scores: ScoreTable, table: PatientTable | None, scorer: MaskScorer | None
) -> dict[str, list[str]]:
    """Find the value of each image of a table of scores.

    Args:
        by: Attributes that :func:`check_attributes` lets pass: ``side`` (from the names of images),
            ``bend`` of the wrist (from the reference masks), and columns of the table of patients;
            numbers are divided into bands.
        scores: The table of scores.
        table: Table of patients.
        scorer: The reference masks; None where the scores were read from a file.

    Returns:
        Values by attribute, in the order of the images.

    Raises:
        HandboneError: If no patient is in the table, or a size that a bend needs is not known.
    """
    found = {}
    for name in dict.fromkeys(by):
        if table is not None and name in table.columns:
            found[name] = banded(name, table.values(name, scores.patients))
        elif name == 'side':
            found[name] = [side_of(image) for image in scores.images]
        elif scorer is not None:
            found[name] = _bends(scorer, scores)
    return found


def images_by_value(of_image: Sequence[str]) -> dict[str, list[int]]:
    """Sort the images by their value of an attribute.

    Args:
        of_image: Value of each image.

    Returns:
        Numbers of the images by value, what is unknown last.
    """
    return {
        value: [number for number, each in enumerate(of_image) if each == value]
        for value in sorted(set(of_image), key=lambda text: (text == UNKNOWN, text))
    }


def groups_text(scores: ScoreTable, values: Mapping[str, Sequence[str]], resamples: int) -> str:
    """Write the means of the images with each value.

    Args:
        scores: The table of scores.
        values: Value of each image by attribute.
        resamples: Number of draws of the intervals.

    Returns:
        A table: of each value its images and patients, the mean of each score, and the 95 %
        interval of the first one.
    """
    titles = [column_title(column, scores.unit) for column in scores.scores]
    sections = []
    for name, of_image in values.items():
        rows = []
        for value, images in images_by_value(of_image).items():
            part = scores.chosen(images)
            interval = part.interval(part.ranking, resamples=resamples)
            means = (part.mean(column) for column in part.scores)
            counts = [str(len(part.images)), str(len(set(part.patients)))]
            numbers = map(score_text, (*means, interval.low, interval.high))
            rows.append([f'{name} {value}', *counts, *numbers])
        sections.append(rows)
    header = ['By', 'Images', 'Patients', *titles, '95 % from', '95 % to']
    return plain_text(draw_table(header, sections, left=['By']))


def _bends(scorer: MaskScorer, scores: ScoreTable) -> list[str]:
    """Tell of each image whether its wrist is bent."""
    bends = []
    for image in scores.images:
        key = scorer.pairs[image]
        size = scorer.reference.size(key)
        if size is None:
            raise HandboneError(
                f'{scorer.reference.place} does not tell the size of the images, which --by bend '
                'needs: add --size HEIGHT WIDTH or --images FOLDER.'
            )
        degrees = bend_degrees(scorer.reference.undrawn(key), size, scorer.classes)
        bends.append(bend_word(degrees))
    return bends
