"""The columns of a table of patients, and the headers that mean them in English and Korean."""

import re
from typing import NamedTuple

from handbone.listing import normal_form

from .cells import FACTORS

PATIENT = 'patient'
#: Columns that hold numbers, with their units.
UNITS = {'age': 'years', 'height': 'cm', 'weight': 'kg'}
#: Headers by the column that they mean, in lower case without spaces and underscores.
HEADERS = {
    PATIENT: (
        *('id', 'patient', 'patientid', 'pid', 'case', 'caseid', 'subject', 'subjectid', 'folder'),
        *('환자', '환자번호', '환자id', '번호', '아이디', '등록번호', '폴더', '폴더명'),
    ),
    'age': ('age', 'ageyears', 'patientage', '나이', '연령', '만나이'),
    'sex': ('sex', 'gender', 'patientsex', '성별'),
    'height': ('height', 'bodyheight', 'stature', '신장', '키'),
    'weight': ('weight', 'bodyweight', '체중', '몸무게'),
    'notes': (
        *('notes', 'note', 'remark', 'remarks', 'comment', 'comments'),
        *('비고', '특이사항', '메모'),
    ),
}
_COLUMN = {header: column for column, headers in HEADERS.items() for header in headers}
#: A unit in brackets at the end of a header, as in ``height (cm)`` or ``키[m]``.
_BRACKETS = re.compile(r'\s*[(\[（]\s*([^)\]）]*?)\s*[)\]）]\s*$')
_BETWEEN_WORDS = re.compile(r'[\s_.-]+')


class Header(NamedTuple):
    """What a header means.

    Attributes:
        column: One of :data:`HEADERS`, or the header itself where it is none of them.
        unit: The unit in its brackets, or its last word if that is one, in lower case; else empty.
        known: Whether the header is one of :data:`HEADERS`.
    """

    column: str
    unit: str
    known: bool


def read_header(text: str) -> Header:
    """Find out what a header means.

    Args:
        text: The header.

    Returns:
        Its column and unit.

    >>> read_header('키 (cm)')
    Header(column='height', unit='cm', known=True)
    >>> read_header('age_months')
    Header(column='age', unit='months', known=True)
    """
    name = normal_form(text).strip()
    found = _BRACKETS.search(name)
    bare = name[: found.start()] if found else name
    unit = found[1].casefold() if found else ''
    words = [word for word in _BETWEEN_WORDS.split(bare.casefold()) if word]
    column = _COLUMN.get(''.join(words))
    if column is None and words and not found:
        *words, unit = words
        column = _COLUMN.get(''.join(words))
        column = column if unit in FACTORS.get(column or '', ()) else None
    if column is None:
        return Header(name, '', known=False)
    return Header(column, unit, known=True)
