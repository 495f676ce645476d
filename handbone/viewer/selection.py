"""Which images the list shows, and in which order."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from handbone.errors import HandboneError, shown
from handbone.listing import normal_form

from .findings import Findings
from .gallery import Gallery
from .marks import Marks
from .scores import ScoreBoard

#: Values of each image by the name of the column of the table of patients.
Columns = Mapping[str, Sequence[str]]


class Wish(NamedTuple):
    """What the page asks for.

    Attributes:
        text: Part of the name.
        patient: The patient; empty for all.
        mark: A mark; 'none' for images without one, empty for all.
        check: A check of the doctor that has found something; 'any' for all of them.
        column: A column of the table of patients.
        value: Its value; ``<50``, ``>50``, ``<=50`` and ``>=50`` compare numbers.
        present: A class that the first layer has, by its number; -1 for all images.
        score: Limits of the Dice or the difference that is sorted by, written as those of a value;
            images without a score are left out.
        sort: 'name', 'dice', or 'difference' of Dice between ``layer`` and ``against``.
        layer: The layer whose Dice counts.
        against: The other layer of a difference.
        class_index: The class whose Dice counts; -1 for the mean of all.
        descending: Whether the largest comes first.
    """

    text: str = ''
    patient: str = ''
    mark: str = ''
    check: str = ''
    column: str = ''
    value: str = ''
    present: int = -1
    score: str = ''
    sort: str = 'name'
    layer: int = 1
    against: int = 1
    class_index: int = -1
    descending: bool = False


def select(
    wish: Wish,
    gallery: Gallery,
    board: ScoreBoard,
    marks: Marks,
    columns: Columns,
    findings: Findings | None,
) -> tuple[list[int], list[float | None]]:
    """Choose and sort images.

    Args:
        wish: What the page asks for.
        gallery: The images.
        board: Their scores, as far as they are known.
        marks: Their marks.
        columns: What the table of patients says about them.
        findings: What the doctor has found.

    Returns:
        Numbers of the images in order, and the value that each is sorted by; None where there is
        none. Images without a value come last.

    Raises:
        HandboneError: There is no such layer, class or column, or a value is no number.
    """
    kept = np.ones(len(gallery), bool)
    if wish.text:
        words = normal_form(wish.text).lower().split()
        names = [normal_form(name).lower() for name in gallery.names]
        kept &= [all(word in name for word in words) for name in names]
    if wish.patient:
        kept &= [patient == wish.patient for patient in gallery.patients]
    if wish.mark:
        wanted = '' if wish.mark == 'none' else wish.mark
        kept &= [mark == wanted for mark in marks.all()]
    if wish.check and findings is not None:
        kept &= [_has(found, wish.check) for found in findings.of_image]
    if wish.column and wish.value:
        kept &= _fits(columns, wish.column, wish.value)
    if wish.present >= 0:
        kept &= board.present[:, _number(wish.present, board.present.shape[1], 'class')]
    values = _values(wish, board)
    if wish.score.strip() and values is not None:
        kept &= _compares(values, wish.score.strip())
    order = np.flatnonzero(kept)
    if values is None:
        return (order[::-1] if wish.descending else order).tolist(), [None] * len(order)
    keys = -values if wish.descending else values
    order = order[np.argsort(np.nan_to_num(keys[order], nan=np.inf), kind='stable')]
    return order.tolist(), [
        None if np.isnan(value) else round(float(value), 4) for value in values[order]
    ]


def _has(found: Sequence[Mapping[str, object]], check: str) -> bool:
    return bool(found) and (check == 'any' or any(each['check'] == check for each in found))


def _values(wish: Wish, board: ScoreBoard) -> np.ndarray | None:
    """Find the value of each image, float (N,); None to sort by name."""
    if wish.sort == 'name':
        return None
    if wish.sort not in ('dice', 'difference'):
        raise HandboneError(f'Images cannot be sorted by {shown(wish.sort)}.')
    first = _dice(wish.layer, wish.class_index, board)
    if wish.sort == 'dice':
        return first
    return first - _dice(wish.against, wish.class_index, board)


def _dice(layer: int, class_index: int, board: ScoreBoard) -> np.ndarray:
    scores = board.dice[_number(layer, len(board.dice), 'layer')]
    if class_index >= 0:
        return scores[:, _number(class_index, scores.shape[1], 'class')]
    known = ~np.isnan(scores)
    sums = np.where(known, scores, 0).sum(axis=1, dtype=np.float64)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def _fits(columns: Columns, column: str, wanted: str) -> np.ndarray:
    """Tell which images have a value, bool (N,)."""
    if column not in columns:
        raise HandboneError(f'The table has no column {shown(column)}.')
    values = columns[column]
    if wanted[0] not in '<>':
        return np.array([value.casefold() == wanted.strip().casefold() for value in values])
    return _compares(np.array([_as_number(value) for value in values]), wanted)


def _compares(numbers: np.ndarray, wanted: str) -> np.ndarray:
    """Tell which numbers are below or above a bound, bool (N,); without a sign, below."""
    sign = wanted[0] if wanted[0] in '<>' else '<'
    limit = wanted.removeprefix(sign)
    try:
        bound = float(limit.removeprefix('='))
    except ValueError as error:
        raise HandboneError(f'{shown(wanted)} does not end in a number.') from error
    found = numbers < bound if sign == '<' else numbers > bound
    return found | (numbers == bound) if limit.startswith('=') else found


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float('nan')


def _number(value: int, count: int, what: str) -> int:
    if not 0 <= value < count:
        raise HandboneError(f'There is no {what} {value}.')
    return value
