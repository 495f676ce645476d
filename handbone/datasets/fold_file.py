"""The CSV of folds: one row per patient, with the fold that it is held out in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from handbone.csv_files import csv_bytes, read_table, row_error
from handbone.errors import HandboneError, counted, listed, shown
from handbone.files import write_atomically
from handbone.listing import normal_form
from handbone.text_files import refuse_other_encoding

HEADER = ('patient', 'fold')
#: What is done about a file that is not one of folds.
REMEDY = 'Write it with `handbone folds`.'


def write_fold_file(path: str | Path, folds: Mapping[str, int]) -> None:
    """Write a CSV of folds, whole or not at all.

    Args:
        path: The file.
        folds: The fold of each patient.

    Raises:
        OSError: If it cannot be written.
    """
    write_atomically(path, csv_bytes([HEADER, *folds.items()]))


def read_fold_file(path: str | Path) -> dict[str, int]:
    """Read a CSV of folds; columns after the first two are passed over.

    Args:
        path: The file.

    Returns:
        The fold of each patient, counted from 0, in the order of the file.

    Raises:
        OSError: If it cannot be read.
        HandboneError: If it is not such a file; names file, line, what is wrong and what to do.
    """
    path = Path(path)
    header, rows = read_table(path, names=HEADER[:1])
    if tuple(header[:2]) != HEADER:
        fault = f'the header {shown(",".join(header))} does not begin with patient,fold'
        raise row_error(path, 1, fault, REMEDY)
    folds: dict[str, int] = {}
    for line, (name, cell, *_) in rows:
        patient = normal_form(name)
        if not patient or patient in folds:
            fault = f'a second row of patient {shown(patient)}' if patient else 'no patient'
            raise row_error(path, line, fault, 'Keep one row per patient.')
        if not (cell.isascii() and cell.isdecimal() and len(cell) < 6):
            raise row_error(path, line, f'{shown(cell)} is not the number of a fold', REMEDY)
        folds[patient] = int(cell)
    number = max(folds.values(), default=0) + 1
    empty = sorted(set(range(max(number, 2))) - set(folds.values()))
    if empty:
        raise HandboneError(f'{path}: no patient is in fold {listed(empty)}. {REMEDY}')
    return folds


def folds_of(path: str | Path, patients: Sequence[str], num_folds: int) -> list[int]:
    """Look up the fold of each image.

    Args:
        path: The CSV of folds.
        patients: The patient of each image.
        num_folds: Number of folds that are expected.

    Returns:
        One fold per image.

    Raises:
        OSError: If the file cannot be read.
        HandboneError: If it is not valid, has a different number of folds, or lacks a patient.
    """
    try:
        folds = read_fold_file(path)
    except OSError as error:
        raise HandboneError(
            f'{path}: the CSV of folds cannot be read ({error.strerror}). Correct fold_file in '
            'the config, or write it with `handbone folds`.'
        ) from error
    number = max(folds.values()) + 1
    if number != num_folds:
        raise HandboneError(
            f'{path} has {counted(number, "fold")} where num_folds is {num_folds}. Set '
            f'num_folds={number}.'
        )
    missing = sorted(set(map(normal_form, patients)) - set(folds))
    if missing:
        refuse_other_encoding(Path(path), missing)
        raise HandboneError(
            f'{path} has no fold for {counted(len(missing), "patient")}: {listed(missing)}. The '
            f'images have changed since it was written. {REMEDY}'
        )
    return [folds[normal_form(patient)] for patient in patients]
