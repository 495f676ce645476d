"""Checks of the arguments of transforms."""

from handbone.errors import HandboneError


def check_prob(prob: float) -> float:
    """Check a probability.

    Args:
        prob: The argument ``prob``.

    Returns:
        The probability.

    Raises:
        HandboneError: If it is not between 0 and 1.
    """
    if not 0 <= prob <= 1:
        raise HandboneError(f'prob must be between 0 and 1, got {prob}')
    return prob


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
