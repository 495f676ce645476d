"""Measure the structures in masks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from handbone.bones import CLASSES
from handbone.csv_files import csv_bytes
from handbone.datasets.named_files import NamedFiles
from handbone.errors import HandboneError, shown
from handbone.files import open_atomically
from handbone.measuring.image_measures import LENGTH, Measure, measure_image
from handbone.measuring.trusted_spacing import Spacing, read_spacing
from handbone.radiographs.reading import SUFFIXES
from handbone.scoring.reference_masks import (
    AnnotationReference,
    ReferenceMasks,
    SubmissionReference,
)
from handbone.submissions import submission_classes

COLUMNS = ('image_name', 'measure', 'class', 'value', 'unit', 'length_px', 'spacing', 'reason')


class Measured(NamedTuple):
    """What came of measuring.

    Attributes:
        images: Number of images.
        measured: Number of values.
        refused: How often each reason stood against one, the most frequent first.
    """

    images: int
    measured: int
    refused: dict[str, int]


def measure(
    masks: str | Path,
    out: str | Path,
    images: str | Path | None = None,
    classes: Sequence[str] | None = None,
    spacing: Sequence[float] | None = None,
    magnification: float | None = None,
    size: tuple[int, int] | None = None,
) -> Measured:
    """Measure bone lengths and the cardiothoracic ratio into a CSV.

    >>> measure('predictions/predictions.csv', 'lengths.csv', 'scans', magnification=1.05)

    Args:
        masks: CSV of masks, or folder of JSON files.
        out: CSV to write, one row for each image and measure.
        images: Folder of the images: their sizes, and their spacing if none is given.
        classes: Class names. Default: those of the CSV; of JSON files, the bones of the hand.
        spacing: mm per pixel at the bone, one number or height and width, for all images.
        magnification: Magnification of the bones in the detector, by which the spacing of the
            detector is divided. Default: what the files say.
        size: Height and width of all images.

    Returns:
        How much could be measured.

    Raises:
        FileNotFoundError: If there are no such masks.
        HandboneError: If masks, images and options do not fit each other.
        OSError: If the CSV cannot be written.
    """
    given = _given(spacing, magnification)
    files = None if images is None else NamedFiles(Path(images), SUFFIXES)
    reference, classes = _reference(Path(masks), classes, size, files)
    values, refused = 0, Counter[str]()
    with open_atomically(out) as file:
        file.write(csv_bytes([COLUMNS]))
        for name in reference.names:
            of_image = given or _spacing_of(name, files, magnification)
            measures = measure_image(reference.labels(name), classes, of_image)
            file.write(csv_bytes(_rows(name, measures, of_image)))
            values += sum(each.value is not None for each in measures)
            refused.update(each.reason for each in measures if each.reason)
    return Measured(len(reference.names), values, dict(refused.most_common()))


def _given(spacing: Sequence[float] | None, magnification: float | None) -> Spacing | None:
    if spacing is None:
        return None
    if magnification is not None:
        raise HandboneError(
            '--spacing is that of the bone, so that --magnification has no effect: leave one out'
        )
    if len(spacing) not in (1, 2) or not all(0 < each < 100 for each in spacing):
        raise HandboneError(
            f'--spacing {shown(list(spacing))} is not the size of a pixel: give mm, one number or '
            'height and width'
        )
    return Spacing((spacing[0], spacing[-1]), 'given')


def _reference(
    masks: Path,
    classes: Sequence[str] | None,
    size: tuple[int, int] | None,
    files: NamedFiles | None,
) -> tuple[ReferenceMasks, Sequence[str]]:
    if masks.is_dir():
        classes = classes or CLASSES
        return AnnotationReference(masks, classes, size, files), classes
    if classes is None:
        found = submission_classes(masks)
        classes = CLASSES if set(found) == set(CLASSES) else found
    return SubmissionReference(masks, classes, size, files), classes


def _spacing_of(name: str, files: NamedFiles | None, magnification: float | None) -> Spacing:
    if files is None:
        return Spacing(None, reason='no spacing is given: add --spacing or --images')
    path = files.path(name)
    if path is None:
        raise HandboneError(f'{files.folder} has no image {shown(name)}: correct --images')
    return read_spacing(path, magnification)


def _rows(name: str, measures: Sequence[Measure], spacing: Spacing) -> Iterator[Sequence[object]]:
    for each in measures:
        length = each.measure == LENGTH
        digits = 3 if length else 4
        value = '' if each.value is None else f'{each.value:.{digits}f}'
        pixels = '' if each.pixels is None else f'{each.pixels:.3f}'
        yield (
            *(name, each.measure, each.structure, value, 'mm' if length else ''),
            *(pixels, spacing.source if length else '', each.reason),
        )
