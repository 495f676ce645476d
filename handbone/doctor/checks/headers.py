"""What image files say beside their pixels: side, spacing, patient, view, and text in the image."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from handbone.datasets.attribute_values import UNKNOWN, side_of
from handbone.errors import counted
from handbone.metadata.cells import read_sex
from handbone.metadata.patient_table import PatientTable
from handbone.radiographs.picture_header import SOUND_SPACING

from ..examined import Examined
from ..finding import Finding
from ..image_record import ImageRecord

#: What at least this share of the images has is usual.
USUAL = 0.9
#: Height and width of a pixel that differ by more than this factor.
UNEQUAL = 1.02
#: Years by which ages may differ: images are taken at different times.
MOST_YEARS = 2.0
#: Elements of which few images have another value than nearly all, by check.
KINDS = {'view-position': 'ViewPosition', 'body-part': 'BodyPartExamined', 'modality': 'Modality'}
#: Years in a unit of DICOM's ages.
YEARS = {'Y': 1.0, 'M': 1 / 12, 'W': 7 / 365.25, 'D': 1 / 365.25}


def check_headers(examined: Examined) -> Iterator[Finding]:
    """Report headers that contradict a name, a table, the pixels' purpose, or the other images.

    Args:
        examined: The data.

    Yields:
        ``white-is-zero``, ``odd-spacing``, ``no-spacing``, ``side-in-header``, ``burnt-in-text``,
        ``view-position``, ``body-part``, ``modality``, ``patient-in-header`` and ``unlike-table``.
    """
    records = [record for record in examined.survey.records if record.pixels is not None]
    for record in records:
        yield from _own(record)
    yield from _unusual(records)
    yield from _patients(records)
    if examined.patients is not None:
        yield from _table(examined.survey.records, examined.patients)


def _own(record: ImageRecord) -> Iterator[Finding]:
    """What a header says wrongly by itself."""
    place, header = (record.split, record.name), record.header
    if header.spacing is not None:
        height, width = header.spacing
        low, high = SOUND_SPACING
        if not (low <= min(height, width) and max(height, width) <= high):
            reason = f'its header says that a pixel has {height:g} x {width:g} mm'
            yield Finding('odd-spacing', *place, '', reason, 0.8)
        elif max(height, width) > UNEQUAL * min(height, width):
            reason = f'its header says that pixels are not square: {height:g} x {width:g} mm'
            yield Finding('odd-spacing', *place, '', reason, 0.7)
    side, named = header.dicom.get('Laterality', ''), side_of(record.name)
    if side in ('L', 'R') and named not in (side, UNKNOWN):
        reason = f'its header says {_side(side)}, its name {_side(named)}'
        yield Finding('side-in-header', *place, '', reason, 0.9)
    if header.dicom.get('BurnedInAnnotation') == 'YES':
        reason = 'its header says that text is part of the image: it may name the patient'
        yield Finding('burnt-in-text', *place, '', reason, 0.7)


def _side(letter: str) -> str:
    return 'right' if letter == 'R' else 'left'


def _unusual(records: Sequence[ImageRecord]) -> Iterator[Finding]:
    """What few headers say otherwise than nearly all."""
    inverted = sum(record.header.inverted for record in records)
    spaced = sum(record.header.spacing is not None for record in records)
    kinds = {
        check: Counter(filter(None, (record.header.dicom.get(keyword) for record in records)))
        for check, keyword in KINDS.items()
    }
    for record in records:
        place, header = (record.split, record.name), record.header
        if header.inverted and inverted <= (1 - USUAL) * len(records):
            reason = f'0 is white in its file, as in {inverted} of {len(records)}: programs that '
            reason += 'pass over the header see it inverted'
            yield Finding('white-is-zero', *place, '', reason, 0.6)
        if header.spacing is None and spaced >= USUAL * len(records):
            reason = f'its header has no size of a pixel, those of {spaced} images have one'
            yield Finding('no-spacing', *place, '', reason, 0.5)
        for check, keyword in KINDS.items():
            value = header.dicom.get(keyword)
            usual = kinds[check].most_common(1)
            if value and value != usual[0][0] and usual[0][1] >= USUAL * kinds[check].total():
                reason = f'its header says {value}, those of {usual[0][1]} images {usual[0][0]}'
                yield Finding(check, *place, '', reason, 0.6)


def _patients(records: Sequence[ImageRecord]) -> Iterator[Finding]:
    """One patient with several identities, and one identity with several patients."""
    of_patient: dict[str, Counter[str]] = defaultdict(Counter)
    of_identity: dict[str, set[str]] = defaultdict(set)
    for record in records:
        identity = record.header.dicom.get('PatientID')
        if identity:
            of_patient[record.patient][identity] += 1
            of_identity[identity].add(record.patient)
    # anonymised files often share one
    shared = {identity for identity, names in of_identity.items() if len(names) == 2}
    for record in records:
        place, identity = (record.split, record.name), record.header.dicom.get('PatientID')
        if not identity:
            continue
        if len(of_patient[record.patient]) > 1:
            reason = f'the headers of {record.patient} name '
            reason += f'{counted(len(of_patient[record.patient]), "patient")}; this one {identity}'
            yield Finding('patient-in-header', *place, '', reason, 0.8)
        elif identity in shared:
            other = next(iter(of_identity[identity] - {record.patient}))
            reason = f'its header names the patient of {other}: {identity}'
            yield Finding('patient-in-header', *place, '', reason, 0.8)


def _table(records: Sequence[ImageRecord], table: PatientTable) -> Iterator[Finding]:
    """Sex and age that differ from those of the table."""
    names = [record.patient for record in records]
    sexes, ages = (
        table.values(column, names) if column in table.columns else [''] * len(names)
        for column in ('sex', 'age')
    )
    for record, sex, age in zip(records, sexes, ages, strict=True):
        place, dicom = (record.split, record.name), record.header.dicom
        own = read_sex(dicom.get('PatientSex', ''))
        if own and sex and own != sex:
            reason = f'its header says sex {own}, the table {sex}'
            yield Finding('unlike-table', *place, '', reason, 0.8)
        years = _years(dicom.get('PatientAge', ''))
        if years is not None and age and abs(years - float(age)) > MOST_YEARS:
            reason = f'its header says age {years:.3g}, the table {age}'
            yield Finding('unlike-table', *place, '', reason, 0.7)


def _years(text: str) -> float | None:
    """Read an age such as 034Y or 006M."""
    found = re.fullmatch(r'(\d{3})([YMWD])', text)
    return None if found is None else int(found[1]) * YEARS[found[2]]
