"""Tables of scores that were written before, read back to compare them or find their intervals."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.errors import HandboneError
from handbone.evaluation.score_table import KEYS, ScoreTable
from handbone.evaluation.scores import OVERLAP_SCORES, SURFACE_SCORES
from handbone.submissions.image_names import name_images

from .reference_masks import patient_of

#: First columns of ``dice_per_image.csv``, as `handbone test` writes it.
PER_IMAGE = ('image', 'mean')


def is_score_file(path: Path) -> bool:
    """Tell by its first line whether a file is a table of scores.

    Args:
        path: A file.

    Returns:
        True for ``dice_per_image.csv`` and for what ``handbone evaluate --out`` writes.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open(encoding='utf-8-sig', errors='replace') as file:
        header = tuple(file.readline(2**16).rstrip('\n').split(','))
    return header[: len(PER_IMAGE)] == PER_IMAGE or header[: len(KEYS)] == KEYS


def read_score_file(path: Path, groups: dict[str, Sequence[str]], unit: str) -> ScoreTable:
    """Read a table of scores.

    Args:
        path: ``dice_per_image.csv`` of `handbone test`, or what ``handbone evaluate --out`` wrote.
        groups: Names of groups and the class names in each; those of other classes are left out.
        unit: Unit of distances.

    Returns:
        The scores.

    Raises:
        HandboneError: If the file is cut off, has a row twice or a cell that is no number; names
            file and line.
    """
    cells: dict[tuple[str, str], list[float]] = {}
    patients: dict[str, str] = {}
    classes: dict[str, None] = {}
    with path.open(newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file)
        header = next(reader)
        per_image = tuple(header[: len(PER_IMAGE)]) == PER_IMAGE
        columns = ['dice'] if per_image else header[len(KEYS) :]
        _check_columns(path, columns)
        for row in reader:
            place = f'{path}, line {reader.line_num}'
            if len(row) != len(header):
                raise HandboneError(
                    f'{place}: {len(row)} fields where the header has {len(header)}. The file may '
                    'be cut off; write it again.'
                )
            image = row[0]
            if per_image:
                found = {name: [row[2 + index]] for index, name in enumerate(header[2:])}
                patients[image] = ''
            else:
                found = {row[2]: row[len(KEYS) :]}
                patients[image] = row[1]
            for name, values in found.items():
                if (image, name) in cells:
                    raise HandboneError(f'{place}: second row of image {image!r}. Keep one.')
                cells[image, name] = _numbers(place, values)
                classes[name] = None
    if per_image:  # whole paths: the patients are the folders below the one that holds all images
        names = name_images(list(patients), 'path')
        patients = {image: patient_of(name) for image, name in zip(patients, names, strict=True)}
    lacking = [
        key for image in patients for key in ((image, c) for c in classes) if key not in cells
    ]
    if lacking or not cells:
        what = f'image {lacking[0][0]!r} has no class {lacking[0][1]!r}' if lacking else 'no scores'
        raise HandboneError(f'{path}: {what}. The file may be cut off; write it again.')
    scores = np.array([[cells[image, name] for name in classes] for image in patients])
    fitted = {
        group: tuple(name for name in names if name in classes) for group, names in groups.items()
    }
    return ScoreTable(
        images=tuple(patients),
        patients=tuple(patients.values()),
        classes=tuple(classes),
        scores={column: scores[:, :, index] for index, column in enumerate(columns)},
        groups={group: names for group, names in fitted.items() if names},
        unit=unit,
    )


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    known = (*OVERLAP_SCORES, *SURFACE_SCORES)
    unknown = [column for column in columns if column.partition('@')[0] not in known]
    if unknown or not columns:
        raise HandboneError(
            f'{path}, line 1: {f"unknown scores {unknown}" if unknown else "no scores"}. Give '
            'dice_per_image.csv of `handbone test` or what `handbone evaluate --out` wrote.'
        )


def _numbers(place: str, values: Sequence[str]) -> list[float]:
    try:
        numbers = [float(value) for value in values]
    except ValueError as error:
        raise HandboneError(f'{place}: {error}. Write the file again.') from error
    if np.isnan(numbers).any():
        raise HandboneError(f'{place}: a score is not a number. Write the file again.')
    return numbers
