"""Words of the command line as values: numbers, names, pairs, durations, GPUs."""

import argparse
import re
from collections.abc import Sequence

from handbone.errors import HandboneError

#: Seconds of the units of a duration.
SECONDS = {'s': 1, 'm': 60, 'min': 60, 'h': 3600, 'd': 86400}


def at_least_one(text: str) -> int:
    """Read a whole number from 1 on; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        The number.

    Raises:
        ArgumentTypeError: If it is not one.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text} is not a whole number of at least 1')
    return int(text)


def names(text: str) -> list[str]:
    """Read names with commas between them; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        The names; ``none`` stands for no name.
    """
    return text.split(',') if text != 'none' else []


def name_pair(text: str) -> tuple[str, str]:
    """Read ``OLD=NEW``; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        Both names.

    Raises:
        ArgumentTypeError: If it is not of that form.
    """
    old, equals, new = text.partition('=')
    if not (old and equals and new):
        raise argparse.ArgumentTypeError(f'{text} is not of the form OLD=NEW')
    return old, new


def key_value(text: str) -> tuple[str, object]:
    """Read ``KEY=VALUE``, the value in YAML; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        The key and the value.

    Raises:
        ArgumentTypeError: If it is not of that form.
    """
    import yaml

    key, value = name_pair(text)
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise argparse.ArgumentTypeError(f'{text}: {value} is not a valid value') from error


def seconds(text: str) -> float:
    """Read a duration such as ``8h``, ``1h30min`` or ``90s``; a type of arguments.

    Args:
        text: A word of the command line.

    Returns:
        Seconds.

    Raises:
        ArgumentTypeError: If it is not a duration.

    >>> seconds('1h30min')
    5400.0
    """
    parts = re.findall(r'([0-9]+(?:\.[0-9]+)?)(min|[smhd])', text)
    total = sum(float(number) * SECONDS[unit] for number, unit in parts)
    if not total or ''.join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f'{text} is not a duration such as 30min, 8h or 2d')
    return total


def numbers(text: str, option: str) -> list[int]:
    """Read different whole numbers with commas between them.

    Args:
        text: A word of the command line.
        option: The option that it belongs to, for the message.

    Returns:
        The numbers.

    Raises:
        HandboneError: If it is something else.
    """
    words = text.split(',')
    if not all(word.strip().isdecimal() for word in words) or len(set(words)) < len(words):
        raise HandboneError(f'{option} takes different numbers with commas, as 0,1; got {text}')
    return [int(word) for word in words]


def gpu_slots(
    gpus: str | None, jobs: int | None, otherwise: Sequence[str] = ()
) -> list[str | None]:
    """Say where trainings may run at the same time.

    Args:
        gpus: What ``--gpus`` was given.
        jobs: What ``--jobs`` was given.
        otherwise: The GPUs to use where none are given.

    Returns:
        An entry per training: its GPU, or None for any.

    Raises:
        HandboneError: If one of the options has a wrong value.
    """
    names: list[str | None] = [*otherwise] or [None]
    if gpus:
        names = [*map(str, numbers(gpus, '--gpus'))]
    count = jobs if jobs is not None else len(names)
    if count < 1:
        raise HandboneError(f'--jobs is at least 1, got {count}')
    return [names[number % len(names)] for number in range(count)]
