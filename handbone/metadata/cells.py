"""Cells of a table of patients: numbers with units, and words for the sexes."""

import re
import unicodedata
from typing import NamedTuple

#: What units are worth in that of their column.
FACTORS = {
    'age': {
        **dict.fromkeys(('', 'y', 'yr', 'yrs', 'year', 'years', 'yo', '세', '살'), 1.0),
        **dict.fromkeys(('m', 'mo', 'month', 'months', '개월'), 1 / 12),
        **dict.fromkeys(('d', 'day', 'days', '일'), 1 / 365.25),
    },
    'height': {
        **dict.fromkeys(('', 'cm', '센티', '센티미터'), 1.0),
        **dict.fromkeys(('m', 'meter', 'metre', '미터'), 100.0),
        'mm': 0.1,
        **dict.fromkeys(('in', 'inch', 'inches', '"'), 2.54),
        **dict.fromkeys(('ft', 'feet'), 30.48),
    },
    'weight': {
        **dict.fromkeys(('', 'kg', 'kgs', '킬로', '킬로그램'), 1.0),
        **dict.fromkeys(('g', 'gram', '그램'), 0.001),
        **dict.fromkeys(('lb', 'lbs', 'pound', 'pounds', '파운드'), 0.45359237),
    },
}
#: Words for the sexes in lower case.
SEXES = {
    **dict.fromkeys(('f', 'female', 'woman', 'w', '여', '여자', '여성'), 'F'),
    **dict.fromkeys(('m', 'male', 'man', '남', '남자', '남성'), 'M'),
}
#: What stands for nothing.
NOTHING = ('', '-', '--', '.', '?', 'n/a', 'na', 'nan', 'none', 'null', 'unknown', '없음', '미상')
_NUMBER = re.compile(r'([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s.,]*)\.?')
_FEET = re.compile(r'(\d+)\s*(?:\'|ft|feet)\s*(\d+(?:\.\d+)?)\s*(?:"|\'\'|in|inches)?')


class Number(NamedTuple):
    """A number that a cell holds.

    Attributes:
        value: In the unit of the column.
        unit: The unit that the cell names; empty if it names none.
        comma: Whether it was written with a decimal comma.
    """

    value: float
    unit: str
    comma: bool


def read_number(text: str, column: str, header_unit: str = '') -> Number | None:
    """Read a number, with or without a unit.

    Args:
        text: The cell.
        column: ``age``, ``height`` or ``weight``.
        header_unit: The unit that the header names, for cells without one.

    Returns:
        The number in years, cm or kg; None if the cell is none.

    >>> read_number('1.65 m', 'height')
    Number(value=165.0, unit='m', comma=False)
    >>> read_number('018M', 'age').value
    1.5
    """
    text = unicodedata.normalize('NFKC', text).strip().casefold()
    feet = _FEET.fullmatch(text) if column == 'height' else None
    if feet:
        return Number(round(float(feet[1]) * 30.48 + float(feet[2]) * 2.54, 4), 'ft', comma=False)
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    number, unit = found[1], found[2]
    factor = FACTORS[column].get(unit or known_unit(column, header_unit))
    if factor is None:
        return None
    value = float(number.replace(',', '.')) * factor
    return Number(float(f'{value:.10g}'), unit, ',' in number)


def known_unit(column: str, unit: str) -> str:
    """Take the unit of a header if it is one of the column, else none."""
    return unit if unit in FACTORS[column] else ''


def read_sex(text: str) -> str | None:
    """Read a word for a sex.

    Returns:
        ``F`` or ``M``; None if it is neither.
    """
    return SEXES.get(unicodedata.normalize('NFKC', text).strip().casefold())


def number_text(value: float) -> str:
    """Write a number for a clean table.

    >>> number_text(165.0), number_text(1.25)
    ('165', '1.25')
    """
    return f'{value:.6g}'


def is_nothing(text: str) -> bool:
    """Tell whether a cell stands for nothing."""
    return unicodedata.normalize('NFKC', text).strip().casefold() in NOTHING
