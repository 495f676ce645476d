"""The structure of data that a file holds: checked in one place, told in one line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import json_files
from .errors import HandboneError, counted, shown
from .listing import normal_forms

#: Most characters of a text in a message.
LONGEST_TEXT = 240
#: Names of types for messages.
NAMES = {
    int: 'a whole number',
    float: 'a number',
    str: 'a text',
    bool: 'true or false',
    dict: 'an object',
    None: 'empty',
}


@dataclass(frozen=True)
class Fields:
    """The structure of a mapping whose keys are known.

    Attributes:
        required: Structure of the value by key, for keys that must be there.
        optional: The same for keys that may be there. Other keys are left alone.
    """

    required: Mapping[str, Any] = field(default_factory=dict)
    optional: Mapping[str, Any] = field(default_factory=dict)


def parse_json(text: bytes | str, place: str) -> Any:
    """Read JSON.

    Args:
        text: The JSON, with or without a byte-order mark.
        place: What messages call it, such as the name of the file.

    Returns:
        The value.

    Raises:
        HandboneError: If it is not valid JSON.
    """
    data = text.encode('utf-8', 'surrogatepass') if isinstance(text, str) else text
    try:
        return json_files.parse_json(data)
    except HandboneError as error:
        raise HandboneError(f'{place}: {one_line(error)}') from error


def check_structure(value: Any, structure: Any, place: str) -> None:
    """Compare a value with the structure that it must have.

    Args:
        value: What a file holds.
        structure: A type; ``None``; a tuple of alternatives; ``[structure]`` for a list or tuple
            of any length; ``{str: structure}`` for a mapping with any keys of a type;
            :class:`Fields`; or ``object`` for anything. ``float`` takes whole numbers as well,
            ``int`` and ``float`` take no truth values.
        place: What messages call the value.

    Raises:
        HandboneError: If they differ; it names the place.
    """
    if isinstance(structure, Fields):
        _check_fields(value, structure, place)
    elif isinstance(structure, tuple):
        if not any(_fits(value, each) for each in structure):
            raise _wrong(value, structure, place)
        for each in structure:
            if _fits(value, each):
                check_structure(value, each, place)
                return
    elif isinstance(structure, list):
        _require(value, structure, place)
        for index, element in enumerate(value):
            check_structure(element, structure[0], f'{place}[{index}]')
    elif isinstance(structure, dict):
        _require(value, structure, place)
        ((kind, inner),) = structure.items()
        for key, element in value.items():
            if not isinstance(key, kind):
                raise HandboneError(
                    f'{place} has the key {one_line(shown(key))}, which is not {_name(kind)}'
                )
            check_structure(element, inner, f'{place}.{one_line(key)}')
    else:
        _require(value, structure, place)


def check_class_list(classes: Any, palette: Any, place: str) -> None:
    """Check the names and colours of classes.

    Args:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class; or none at all.
        place: The file, for messages.

    Raises:
        HandboneError: If a name occurs twice or is not a text in UTF-8, or the colours are not as
            many.
    """
    check_structure(classes, [str], f'{place}: classes')
    if not classes or len(set(normal_forms(classes))) < len(classes):
        raise HandboneError(f'{place}: the list of classes is empty, or names one of them twice')
    for name in classes:
        if any('\ud800' <= character <= '\udfff' for character in name):
            raise HandboneError(f'{place}: the class {shown(name)} cannot be written as UTF-8')
    check_structure(palette, [[int]], f'{place}: palette')
    if palette and len(palette) != len(classes):
        raise HandboneError(
            f'{place}: {counted(len(classes), "class")} with {counted(len(palette), "colour")}'
        )
    for color in palette:
        if len(color) != 3 or not all(0 <= value <= 255 for value in color):
            raise HandboneError(
                f'{place}: {one_line(shown(color))} is not a colour; colours are three numbers, '
                '0 to 255'
            )


def one_line(text: object) -> str:
    """Shorten a text, or the text of an error, to a part of a line that can be printed.

    Args:
        text: Text or error.

    Returns:
        The text without line breaks, surrogates and a full stop at its end.
    """
    printable = str(text).encode('utf-8', 'backslashreplace').decode()
    text = ' '.join(printable.split())
    shortened = text if len(text) <= LONGEST_TEXT else f'{text[:LONGEST_TEXT]}…'
    return shortened.rstrip('.')


def _check_fields(value: Any, fields: Fields, place: str) -> None:
    if not isinstance(value, Mapping):
        raise _wrong(value, dict, place)
    for key, structure in (*fields.required.items(), *fields.optional.items()):
        if key in value:
            check_structure(value[key], structure, f'{place}.{key}')
        elif key in fields.required:
            raise HandboneError(f'{place} has no {key!r}')


def _require(value: Any, structure: Any, place: str) -> None:
    if not _fits(value, structure):
        raise _wrong(value, structure, place)


def _fits(value: Any, structure: Any) -> bool:
    """Tell whether a value is of a structure's outermost type."""
    if structure is None:
        return value is None
    if isinstance(structure, list):
        return isinstance(value, (list, tuple))
    if isinstance(structure, (dict, Fields)):
        return isinstance(value, Mapping)
    if structure in (int, float):
        kinds = int if structure is int else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, structure)


def _wrong(value: Any, structure: Any, place: str) -> HandboneError:
    return HandboneError(f'{place} is {one_line(shown(value))}, not {_name(structure)}')


def _name(structure: Any) -> str:
    if isinstance(structure, tuple):
        return ' or '.join(map(_name, structure))
    if isinstance(structure, list):
        return 'a list'
    if isinstance(structure, (dict, Fields)):
        return NAMES[dict]
    return NAMES.get(structure) or f'a {structure.__name__}'
