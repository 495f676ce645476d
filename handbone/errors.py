"""The error that a user can correct, and values in its message."""

import reprlib
from collections.abc import Collection, Sequence

_short = reprlib.Repr()
_short.maxlevel, _short.maxdict, _short.maxlist = 2, 3, 4
_short.maxstring = _short.maxlong = _short.maxother = 80


class HandboneError(ValueError):
    """Something the user gave is not valid: a file, a setting or an argument.

    The message says where, what is wrong and what to do. The command line prints it as one line;
    every other exception but an ``OSError`` is a fault of the program and keeps its traceback.
    """


def shown(value: object) -> str:
    """Show a value from a file in an error message: on one line, short and printable.

    Args:
        value: Any value.

    Returns:
        Its representation, in which what is long is shortened in the middle.

    >>> shown({'width': 'wide', 'height': [48, None]})
    "{'height': [48, None], 'width': 'wide'}"
    """
    return _short.repr(value)


def listed(names: Sequence[object], count: int = 3) -> str:
    """List names from a file in an error message: the first ones, quoted, short and printable.

    Args:
        names: The names.
        count: How many to list; more of them end in "…".

    Returns:
        The names, separated by commas.

    >>> listed(['a.png', 'b.png'], count=1)
    "'a.png', …"
    """
    return ', '.join(map(shown, names[:count])) + (', …' if len(names) > count else '')


def counted(count: int, one: str, several: str = '') -> str:
    """Count things in a message.

    Args:
        count: How many there are.
        one: The noun, and what follows it, for a single one.
        several: The same for any other number; empty to append ``s``, or ``es`` to an ``s``.

    Returns:
        Number and noun.

    >>> counted(1, 'patient'), counted(1200, 'patient'), counted(0, 'class')
    ('1 patient', '1200 patients', '0 classes')
    """
    if count == 1:
        return f'1 {one}'
    return f'{count} {several or one + ("es" if one.endswith("s") else "s")}'


def check_word(setting: str, value: object, words: Collection[str]) -> None:
    """Check a setting that takes one of a few words.

    Args:
        setting: Its name.
        value: Its value.
        words: The words.

    Raises:
        HandboneError: If the value is none of them.

    >>> check_word('shapes', 'box', ('polygon', 'mask'))
    Traceback (most recent call last):
    handbone.errors.HandboneError: shapes must be 'polygon' or 'mask', got 'box'
    """
    if value not in [*words]:  # a list compares lists too, which have no hash
        *others, last = map(repr, words)
        either = f'{", ".join(others)} or {last}' if others else last
        raise HandboneError(f'{setting} must be {either}, got {value!r}')
