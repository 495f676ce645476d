"""Checks of the arguments of transforms."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from handbone.errors import HandboneError, shown

#: Most boxes or cells that a transform makes in a row.
MOST_COUNT = 1000


def check_number(name: str, given: Any, least: float, most: float = float('inf')) -> float:
    """Check a number.

    Args:
        name: Name of the argument.
        given: Its value.
        least: The least value that makes sense.
        most: The greatest.

    Returns:
        The number.

    Raises:
        HandboneError: If it is no number within the limits.
    """
    number = isinstance(given, Real) and not isinstance(given, bool)
    if not number or not least <= given <= most:
        limits = f'at least {least}' if most == float('inf') else f'between {least} and {most}'
        raise HandboneError(f'{name} must be {limits}, got {shown(given)}')
    return given


def check_prob(prob: float, name: str = 'prob') -> float:
    """Check a probability.

    Args:
        prob: The argument.
        name: Its name.

    Returns:
        The probability.

    Raises:
        HandboneError: If it is not between 0 and 1.
    """
    return check_number(name, prob, 0, 1)


def check_factors(name: str, given: tuple[float, float]) -> tuple[float, float]:
    """Check a range of factors.

    Args:
        name: Name of the argument.
        given: Its two ends.

    Returns:
        The two ends.

    Raises:
        HandboneError: If they are not two numbers above 0 in order.
    """
    try:
        low, high = given
        fits = 0 < low <= high < float('inf')
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise HandboneError(f'{name} must be (low, high) with 0 < low <= high, got {shown(given)}')
    return low, high


def check_names(name: str, given: Any, least: int = 1) -> tuple[str, ...]:
    """Check a list of class names.

    Args:
        name: Name of the argument.
        given: Its value.
        least: Number of names that are needed.

    Returns:
        The names.

    Raises:
        HandboneError: If it is no list of so many names.
    """
    listed = isinstance(given, Sequence) and not isinstance(given, str)
    if not listed or len(given) < least or not all(isinstance(each, str) for each in given):
        number = f' with {least} or more' if least > 1 else ''
        raise HandboneError(f'{name} must be a list of class names{number}, got {shown(given)}')
    return tuple(given)


def check_range(
    name: str, given: tuple[float, float], least: float, most: float = float('inf')
) -> tuple[float, float]:
    """Check a range that values are drawn from.

    Args:
        name: Name of the argument.
        given: Its two ends.
        least: The least value that makes sense.
        most: The greatest.

    Returns:
        The two ends.

    Raises:
        HandboneError: If they are not two numbers in order within the limits.
    """
    try:
        low, high = given
        fits = least <= low <= high <= most
    except (TypeError, ValueError):
        fits = False
    if not fits:
        limit = f' <= {most}' if most < float('inf') else ''
        raise HandboneError(
            f'{name} must be (low, high) with {least} <= low <= high{limit}, got {given}'
        )
    return low, high


def check_size(given: Any) -> tuple[int, int]:
    """Check the argument ``size``.

    Args:
        given: Its value.

    Returns:
        Width and height.

    Raises:
        HandboneError: If it is not two whole numbers from 1 on.
    """
    try:
        width, height = map(int, given)
        fits = (width, height) == tuple(given) and min(width, height) >= 1
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise HandboneError(f'size must be (width, height) in pixels, got {shown(given)}')
    return width, height
