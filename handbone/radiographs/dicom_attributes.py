"""What a DICOM segmentation takes over from the header of its image."""

import datetime
import re
from typing import TYPE_CHECKING, Any

from handbone.extras import import_extra

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

UTF_8 = 'ISO_IR 192'
#: Character sets of several bytes, which need code extensions, as some writers name them without.
WITHOUT_EXTENSIONS = re.compile(r'ISO_IR (58|87|149|159)')
SEXES = ('M', 'F', 'O')
TEXTS = ('LO', 'LT', 'SH', 'ST', 'UC', 'UT')
NUMBERS = ('DS', 'FD', 'FL', 'IS', 'SL', 'SS', 'UL', 'US')
RAISE = 2  # pydicom.config.RAISE, known before pydicom is imported
UNDECODED = '\N{REPLACEMENT CHARACTER}'
DATE = re.compile(r'(\d{4})[-./]?(\d\d)[-./]?(\d\d)')
TIME = re.compile(r'([01]\d|2[0-3])(:?([0-5]\d)(:?([0-5]\d|60)(\.\d{1,6})?)?)?')
UID = re.compile(r'[0-9.]{1,64}')


def sound_attributes(header: 'Dataset') -> 'Dataset':
    """Copy the attributes of a header that are valid, with all texts in UTF-8.

    Names and other texts are kept in every character set that can be decoded, with a space where
    DICOM allows no backslash; dates and times with punctuation are rewritten. Values that cannot be
    kept are left out, and with them private attributes and binary ones.

    Args:
        header: Header of an image.

    Returns:
        New data set.
    """
    sound = _sound_elements(header)
    sound.SpecificCharacterSet = UTF_8
    return sound


def _sound_elements(header: 'Dataset') -> 'Dataset':
    pydicom = import_extra('pydicom', 'dicom')
    _name_character_set(header)
    sound = pydicom.Dataset()
    for tag in list(header.keys()):
        if tag.is_private:
            continue
        try:
            element = header[tag]
            expected = pydicom.datadict.dictionary_VR(tag).split(' or ')
            value = _sound_value(element) if element.VR in expected else None
            if value is not None:
                sound.add_new(tag, element.VR, value)
        except Exception:  # pydicom raises whatever damaged bytes lead it to
            continue
    return sound


def _name_character_set(header: 'Dataset') -> None:
    """Let pydicom decode with the character set that was meant."""
    match = WITHOUT_EXTENSIONS.fullmatch(str(header.get('SpecificCharacterSet')).strip())
    if match:
        meant = import_extra('pydicom.charset', 'dicom').convert_encodings(
            f'ISO 2022 IR {match.group(1)}'
        )
        implicit, little = header.original_encoding
        header.set_original_encoding(implicit, little, meant)


def _sound_value(element: 'DataElement') -> Any:
    """Return what can be kept of a value, ``None`` for nothing."""
    representation = element.VR
    if representation == 'SQ':
        return [_sound_elements(item) for item in element.value]
    values = [] if element.value is None else [element.value]
    if element.VM > 1:
        values = list(element.value)
    if representation == 'PN' or (representation in TEXTS and not _may_have_several(element)):
        return _sound_text(' '.join(str(value) for value in values))
    if representation in TEXTS:
        return [_sound_text(str(value)) or '' for value in values]
    if representation in NUMBERS:
        validate = import_extra('pydicom.valuerep', 'dicom').validate_value
        for value in values:
            validate(representation, str(value) if representation in ('DS', 'IS') else value, RAISE)
        return values or None
    if len(values) > 1 and not _may_have_several(element):
        return None
    sound = [_sound_code(element, str(value).strip()) for value in values]
    return None if None in sound or not sound else sound


def _may_have_several(element: 'DataElement') -> bool:
    dictionary = import_extra('pydicom.datadict', 'dicom')
    return dictionary.dictionary_VM(element.tag) != '1'


def _sound_text(text: str) -> str | None:
    if UNDECODED in text:
        return None
    return ''.join(each if each.isprintable() or each in '\r\n\t' else ' ' for each in text).strip()


def _sound_code(element: 'DataElement', text: str) -> str | None:
    """Check a date, a time, an identifier or a code word."""
    if element.VR == 'DA':
        match = DATE.fullmatch(text)
        return None if match is None or not _is_date(*match.groups()) else ''.join(match.groups())
    if element.VR == 'TM':
        return text.replace(':', '') if TIME.fullmatch(text) else None
    if element.VR == 'UI':
        return text if UID.fullmatch(text) else None
    if element.VR not in ('AS', 'CS', 'DT', 'AE'):
        return None
    text = text.upper()
    if element.keyword == 'PatientSex':
        return text if text in SEXES else None
    import_extra('pydicom.valuerep', 'dicom').validate_value(element.VR, text, RAISE)
    return text


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        datetime.date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
