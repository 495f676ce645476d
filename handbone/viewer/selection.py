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
from .sentences import Sentence, no_layer

#: Orders by Dice, which :attr:`Wish.score` limits.
SCORES = ('dice', 'difference')
#: Values of each image by the name of the column of the table of patients.
Columns = Mapping[str, Sequence[str]]


class Wish(NamedTuple):
    """What the page asks for.

    Attributes:
        text: Part of the name.
        patient: The patient, or a part that the names of several have; empty for all.
        mark: A mark; 'none' for images without one, empty for all.
        check: A check of the doctor that has found something; 'any' for all of them.
        column: A column of the table of patients.
        value: Its value; ``<50``, ``>50``, ``<=50`` and ``>=50`` compare numbers.
        present: A class that the first layer has, by its number; -1 for all images.
        score: Limits of the Dice or the difference that is sorted by, written as those of a value;
            images without a score are left out.
        sort: 'name', 'patient', 'findings' (their number), 'column', 'dice', or 'difference' of
            Dice between ``layer`` and ``against``.
        sort_column: The column of the table of patients that is sorted by: numbers by size, before
            texts.
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
    sort_column: str = ''
    layer: int = 1
    against: int = 1
    class_index: int = -1
    descending: bool = False


class _Order(NamedTuple):
    """What images are sorted by.

    Attributes:
        keys: float (N,), the smallest first; NaN comes last.
        values: What the page shows of it, image by image; None for the keys themselves.
    """

    keys: np.ndarray
    values: Sequence[str] | None = None


def select(
    wish: Wish,
    gallery: Gallery,
    board: ScoreBoard,
    marks: Marks,
    columns: Columns,
    findings: Findings | None,
) -> tuple[list[int], list[float | str | None]]:
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
        kept &= _of_patient(gallery.patients, wish.patient)
    if wish.mark:
        wanted = '' if wish.mark == 'none' else wish.mark
        kept &= [mark == wanted for mark in marks.all()]
    if wish.check and findings is not None:
        kept &= [_has(found, wish.check) for found in findings.of_image]
    if wish.column and wish.value:
        kept &= _fits(columns, wish.column, wish.value)
    if wish.present >= 0:
        kept &= board.present[:, _class(wish.present, board)]
    order = _order(wish, gallery, board, columns, findings)
    if wish.score.strip() and wish.sort in SCORES and order is not None:
        kept &= _compares(order.keys, wish.score.strip())
    found = np.flatnonzero(kept)
    if order is None:
        return (found[::-1] if wish.descending else found).tolist(), [None] * len(found)
    keys = -order.keys if wish.descending else order.keys
    found = found[np.argsort(np.nan_to_num(keys[found], nan=np.inf), kind='stable')]
    if order.values is not None:
        return found.tolist(), [order.values[int(index)] or None for index in found]
    return found.tolist(), [
        None if np.isnan(key) else round(float(key), 4) for key in order.keys[found]
    ]


def _of_patient(patients: Sequence[str], wanted: str) -> np.ndarray:
    """Tell which images are of a patient, bool (N,); of all that have the word, if none is it."""
    word = normal_form(wanted).strip().lower()
    names = [normal_form(name).lower() for name in patients]
    exact = np.array([name == word for name in names])
    return exact if exact.any() else np.array([word in name for name in names])


def _has(found: Sequence[Mapping[str, object]], check: str) -> bool:
    return bool(found) and (check == 'any' or any(each['check'] == check for each in found))


def _order(
    wish: Wish,
    gallery: Gallery,
    board: ScoreBoard,
    columns: Columns,
    findings: Findings | None,
) -> _Order | None:
    """Find what images are sorted by; None to sort by name."""
    if wish.sort == 'name':
        return None
    if wish.sort == 'patient':
        # the list shows the folder of each image anyway
        return _ranked(gallery.patients)._replace(values=[''] * len(gallery))
    if wish.sort == 'column':
        return _ranked(_column(columns, wish.sort_column))
    if wish.sort == 'findings':
        counts = [len(found) for found in findings.of_image] if findings else [0] * len(gallery)
        return _Order(np.array(counts, float), [str(count) for count in counts])
    if wish.sort not in SCORES:
        raise HandboneError(
            Sentence('said_no_order', 'Images cannot be sorted by {order}.', order=shown(wish.sort))
        )
    first = _dice(wish.layer, wish.class_index, board)
    if wish.sort == 'dice':
        return _Order(first)
    return _Order(first - _dice(wish.against, wish.class_index, board))


def _ranked(texts: Sequence[str]) -> _Order:
    """Sort by cells of a table: numbers by size, then texts; empty cells have no place."""
    keys = {text: _cell_key(text) for text in texts if text.strip()}
    ranks = {key: rank for rank, key in enumerate(sorted({*keys.values()}))}
    found = [float(ranks[keys[text]]) if text in keys else np.nan for text in texts]
    return _Order(np.array(found), texts)


def _cell_key(text: str) -> tuple[bool, float, str]:
    number = _as_number(text)
    if np.isnan(number):
        return True, 0.0, normal_form(text).casefold()
    return False, number, ''


def _dice(layer: int, class_index: int, board: ScoreBoard) -> np.ndarray:
    if not 0 <= layer < len(board.dice):
        raise HandboneError(no_layer(layer))
    scores = board.dice[layer]
    if class_index >= 0:
        return scores[:, _class(class_index, board)]
    known = ~np.isnan(scores)
    sums = np.where(known, scores, 0).sum(axis=1, dtype=np.float64)
    return np.where(known.any(axis=1), sums / np.maximum(known.sum(axis=1), 1), np.nan)


def _fits(columns: Columns, column: str, wanted: str) -> np.ndarray:
    """Tell which images have a value, bool (N,)."""
    values = _column(columns, column)
    if wanted[0] not in '<>':
        return np.array([value.casefold() == wanted.strip().casefold() for value in values])
    return _compares(np.array([_as_number(value) for value in values]), wanted)


def _column(columns: Columns, name: str) -> Sequence[str]:
    if name not in columns:
        raise HandboneError(
            Sentence('said_no_column', 'The table has no column {name}.', name=shown(name))
        )
    return columns[name]


def _compares(numbers: np.ndarray, wanted: str) -> np.ndarray:
    """Tell which numbers are below or above a bound, bool (N,); without a sign, below."""
    sign = wanted[0] if wanted[0] in '<>' else '<'
    limit = wanted.removeprefix(sign)
    try:
        bound = float(limit.removeprefix('='))
    except ValueError as error:
        raise HandboneError(
            Sentence('said_no_number', '{text} does not end in a number.', text=shown(wanted))
        ) from error
    found = numbers < bound if sign == '<' else numbers > bound
    return found | (numbers == bound) if limit.startswith('=') else found


def _as_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float('nan')


def _class(number: int, board: ScoreBoard) -> int:
    if not 0 <= number < board.present.shape[1]:
        raise HandboneError(Sentence('said_no_class', 'There is no class {number}.', number=number))
    return number
