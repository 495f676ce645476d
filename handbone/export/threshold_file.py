"""Thresholds from a JSON file."""

import json
from collections.abc import Sequence
from pathlib import Path


def read_thresholds(path: str | Path, classes: Sequence[str]) -> list[float]:
    """Read thresholds that were tuned for a list of classes.

    Args:
        path: JSON: an object with a probability by class name, or one whose ``classes`` have an
            object with a ``threshold`` each, as tuning writes it.
        classes: Names in class order.

    Returns:
        Probabilities in class order.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such JSON, or is for other classes.
    """
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        if 'classes' in content:
            content = {name: entry['threshold'] for name, entry in content['classes'].items()}
        values = {name: float(value) for name, value in content.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f'{path} is no JSON with a threshold by class name ({error}): write it again'
        ) from error
    missing = [name for name in classes if name not in values]
    unknown = [name for name in values if name not in classes]
    if missing or unknown:
        raise ValueError(
            f'{path} has thresholds for another class list (missing: {", ".join(missing) or "none"}'
            f'; unknown: {", ".join(unknown) or "none"}): give the file that belongs to the model'
        )
    outside = [f'{name}: {value}' for name, value in values.items() if not 0 < value < 1]
    if outside:
        raise ValueError(f'{path}: thresholds lie between 0 and 1, got {", ".join(outside)}')
    return [values[name] for name in classes]
