"""Files of scores: what a test writes, what ``evaluate --out`` writes, and the reader of both."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from handbone.csv_files import csv_bytes, read_records, read_table, row_error
from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.listing import normal_form, normal_forms

from .score_names import DISTANCES, OVERLAP_SCORES, SURFACE_SCORES
from .score_table import Part, ScoreTable

#: First columns of ``dice_per_image.csv``; one column per class follows.
PER_IMAGE = ('image', 'patient', 'mean')
#: Those of files that were written before patients were in them.
WITHOUT_PATIENT = ('image', 'mean')
#: First columns of a table of scores; one column per score follows.
KEYS = ('image', 'patient', 'class')
#: Cell of what was not scored: a pair of classes without overlap in the reference of an image.
NOT_SCORED = 'NA'
#: Scores are written with six digits, so they may be off by this.
ROUNDING = 1e-6


def write_dice_files(table: ScoreTable, folder: Path) -> None:
    """Write ``dice_per_class.csv`` and ``dice_per_image.csv``.

    Args:
        table: Dice of every image and class, with the pixels of the reference.
        folder: It is made if it is not there.

    Raises:
        OSError: If a file cannot be written; the files that were there before are kept.
    """
    header = ('kind', 'name', 'group', 'dice', 'lowest', 'lowest_image', 'images_with_truth')
    rows = [header, *(_class_row(table, part) for part in table.parts)]
    write_atomically(folder / 'dice_per_class.csv', csv_bytes(rows))
    write_atomically(folder / 'dice_per_image.csv', csv_bytes(dice_rows(table)))


def dice_rows(table: ScoreTable) -> list[list[str]]:
    """List the rows of ``dice_per_image.csv``, the header first.

    Args:
        table: Dice of every image and class. Where an image is its own patient, the patient is not
            known and its cell is empty.

    Returns:
        Rows of cells.
    """
    scores = table.scores['dice']
    means = table.image_means('dice')
    return [
        [*PER_IMAGE, *table.classes],
        *(
            [image, '' if patient == image else patient, *map(_cell, (mean, *of_image))]
            for image, patient, mean, of_image in zip(
                table.images, table.patients, means, scores.tolist(), strict=True
            )
        ),
    ]


def write_scores(table: ScoreTable, path: Path) -> None:
    """Write a row for each image and class.

    Args:
        table: The scores.
        path: The CSV file; its folder is made.

    Raises:
        OSError: If it cannot be written; what was there before is kept.
    """
    rows = [[*KEYS, *table.scores]]
    for row, (image, patient) in enumerate(zip(table.images, table.patients, strict=True)):
        for index, name in enumerate(table.classes):
            values = (scores[row, index] for scores in table.scores.values())
            rows.append([image, patient, name, *map(_cell, values)])
    write_atomically(path, csv_bytes(rows))


def is_score_file(path: Path) -> bool:
    """Tell by its first line whether a file is a table of scores.

    Args:
        path: A file.

    Returns:
        True for ``dice_per_image.csv`` and for what :func:`write_scores` writes.

    Raises:
        OSError: If it cannot be read.
    """
    try:
        with path.open('rb') as file:
            header = tuple(field.decode() for field in next(read_records(file, path)).fields)
    except (HandboneError, UnicodeDecodeError):
        return False
    return any(header[: len(keys)] == keys for keys in (PER_IMAGE, WITHOUT_PATIENT, KEYS))


def read_score_file(
    path: Path, groups: Mapping[str, Sequence[str]] | None = None, unit: str = 'px'
) -> ScoreTable:
    """Read a table of scores.

    Args:
        path: ``dice_per_image.csv`` of a test, or what :func:`write_scores` wrote.
        groups: Names of groups and the class names in each; those of other classes are left out.
        unit: Unit of distances.

    Returns:
        The scores. Where a patient is not known, the image is its own.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the file is cut off, has a row twice, or has a cell that is not a score;
            names file and line.
    """
    header, rows = read_table(path, names=KEYS[:2])
    header = list(normal_forms(header))
    layouts = (PER_IMAGE, WITHOUT_PATIENT, KEYS)
    keys = next((keys for keys in layouts if tuple(header[: len(keys)]) == keys), None)
    if keys is None:
        raise row_error(
            path, 1, f'the header {shown(",".join(header))} is not that of scores', HINT
        )
    per_image = keys != KEYS
    columns = ['dice'] if per_image else header[len(KEYS) :]
    _check_header(path, header, columns)
    cells: dict[tuple[str, str], list[float]] = {}
    patients: dict[str, str] = {}
    for line, row in rows:
        image, values = row[0], row[len(keys) :]
        patient = '' if keys == WITHOUT_PATIENT else row[1]
        if per_image and not patient:
            patient = image
        if not image or image in patients and (per_image or patients[image] != patient):
            fault = f'second row of image {shown(image)}' if image else 'the image has no name'
            raise row_error(path, line, fault, 'Keep one row for each image and class.')
        patients[image] = patient
        found = (
            {name: [cell] for name, cell in zip(header[len(keys) :], values, strict=True)}
            if per_image
            else {normal_form(row[2]): values}
        )
        for name, of_class in found.items():
            if (image, name) in cells:
                fault = f'second row of image {shown(image)}, class {shown(name)}'
                raise row_error(path, line, fault, 'Keep one.')
            cells[image, name] = [
                _score(path, line, column, value)
                for column, value in zip(columns, of_class, strict=True)
            ]
    classes = tuple(dict.fromkeys(name for _, name in cells))
    lacking = next(
        ((image, name) for image in patients for name in classes if (image, name) not in cells),
        None,
    )
    if lacking:
        fault = f'image {shown(lacking[0])} has no class {shown(lacking[1])}'
        raise HandboneError(f'{path}: {fault}. The file may be cut off; write it again.')
    if not cells:
        raise row_error(path, 1, 'there is no score below the header', 'The file may be cut off.')
    scores = np.array([[cells[image, name] for name in classes] for image in patients])
    fitted = {
        group: tuple(name for name in normal_forms(names) if name in classes)
        for group, names in (groups or {}).items()
    }
    return ScoreTable(
        images=tuple(patients),
        patients=tuple(patients.values()),
        classes=classes,
        scores={column: scores[:, :, index] for index, column in enumerate(columns)},
        groups={group: names for group, names in fitted.items() if names},
        unit=unit,
    )


#: What to do with a file that is not a table of scores.
HINT = 'Give dice_per_image.csv of a test, or what handbone evaluate --out wrote.'


def _check_header(path: Path, header: Sequence[str], columns: Sequence[str]) -> None:
    known = (*OVERLAP_SCORES, *SURFACE_SCORES)
    unknown = [column for column in columns if column.partition('@')[0] not in known]
    if unknown or not columns:
        fault = f'unknown scores {shown(", ".join(unknown))}' if unknown else 'no scores'
        raise row_error(path, 1, fault, HINT)
    twice = [name for name in header if not name or header.count(name) > 1]
    if twice:
        raise row_error(path, 1, f'a second column {shown(twice[0])}', 'Keep one.')


def _score(path: Path, line: int, column: str, cell: str) -> float:
    """Read a cell: from 0 to 1, or from 0 to infinity for distances; NaN for what was skipped."""
    if cell == NOT_SCORED:
        return np.nan
    try:
        score = float(cell) if '_' not in cell else np.nan
    except ValueError:
        score = np.nan
    highest = np.inf if column in DISTANCES else 1 + ROUNDING
    if not -ROUNDING <= score <= highest:
        what = 'a distance' if column in DISTANCES else 'a score from 0 to 1'
        raise row_error(path, line, f'{shown(cell)} is not {what}', 'Write the file again.')
    return score


def _class_row(table: ScoreTable, part: Part) -> list[object]:
    """List the cells of a row of ``dice_per_class.csv``."""
    group = part.name if part.kind == 'group' else ''
    if part.kind == 'class':
        group = next((name for name, members in table.groups.items() if part.name in members), '')
    (lowest,) = table.worst(1, part)
    return [
        part.kind,
        part.name,
        group,
        _cell(table.mean('dice', part)),
        _cell(float(table.image_means('dice', part)[lowest])),
        Path(table.images[lowest]).name,
        table.images_with(part),
    ]


def _cell(score: float) -> str:
    return NOT_SCORED if np.isnan(score) else f'{score:.6f}'
