"""Moments that machines in several time zones have written, on the clock of who reads them."""

from datetime import datetime


def local_time(moment: str) -> str:
    """Write a moment as the reader's clock showed it, to the minute.

    Args:
        moment: Date, time and zone in the form of ISO 8601.

    Returns:
        Date and time without a zone; what is no moment stays as it is.

    >>> local_time('to be announced')
    'to be announced'
    """
    try:
        return f'{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}'
    except (ValueError, OverflowError):
        return moment
