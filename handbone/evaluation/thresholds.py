"""Files of thresholds: a probability for each class, by name, and what choosing it brought."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError
from handbone.files import write_atomically

from .threshold_choice import ThresholdChoice

FORMAT = 'handbone thresholds 1'


def read_thresholds(path: str | Path, classes: Sequence[str]) -> tuple[float, ...]:
    """Read thresholds for a list of classes.

    Args:
        path: A file of :func:`write_thresholds`, or JSON with a probability by class name.
        classes: Names in the order that the thresholds are wanted in.

    Returns:
        Probability above which a class is present, one a class.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the file is another one, its classes are others, or a threshold is not a
            probability.
    """
    path = Path(path)
    entries = _read(path)
    absent = [name for name in classes if name not in entries]
    others = [name for name in entries if name not in classes]
    if absent or others:
        raise HandboneError(
            f'{path}: thresholds of another class list: '
            + '; '.join(
                f'{what} {", ".join(names[:5])}{" …" * (len(names) > 5)}'
                for what, names in (('it lacks', absent), ('it has besides', others))
                if names
            )
            + '; tune them for this model with `handbone tune-thresholds`'
        )
    thresholds = tuple(entries[name] for name in classes)
    for name, threshold in zip(classes, thresholds, strict=True):
        if not isinstance(threshold, float) or not 0 < threshold < 1:
            raise HandboneError(
                f'{path}: the threshold of {name} is {threshold!r}; thresholds are probabilities '
                'between 0 and 1'
            )
    return tuple(map(float, thresholds))


def write_thresholds(
    path: str | Path,
    classes: Sequence[str],
    choice: ThresholdChoice,
    made_of: Mapping[str, Any],
) -> None:
    """Write thresholds, whole or not at all.

    Args:
        path: The JSON file.
        classes: Names in class order.
        choice: The thresholds and their scores.
        made_of: How they were made, such as config and checkpoint.

    Raises:
        OSError: If the file cannot be written.
    """
    entries = {
        name: {
            'threshold': float(choice.thresholds[index]),
            'former': float(choice.former[index]),
            'dice_before': round(float(choice.before[index]), 6),
            'dice_after': round(float(choice.after[index]), 6),
            'dice_held_out': round(float(choice.held_out[index]), 6),
        }
        for index, name in enumerate(classes)
    }
    means = {
        f'dice_{name}': round(float(getattr(choice, name).mean()), 6)
        for name in ('before', 'after', 'held_out')
    }
    content = {'format': FORMAT, **made_of, 'images': choice.images, **means, 'classes': entries}
    text = json.dumps(content, indent=1, ensure_ascii=False) + '\n'
    write_atomically(path, text.encode(errors='surrogateescape'))


def _read(path: Path) -> dict[str, Any]:
    """Read the thresholds by class name, as they stand in the file."""
    try:
        content = json.loads(path.read_bytes())  # with a byte-order mark or without
        if content and all(isinstance(value, (int, float)) for value in content.values()):
            return content  # written by hand
        if content['format'] != FORMAT:
            raise HandboneError(f'its format is {content["format"]!r}')
        return {name: entry['threshold'] for name, entry in content['classes'].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HandboneError(
            f'{path} is not a file of thresholds ({error}): give one of '
            '`handbone tune-thresholds`, or a JSON object with a probability by class name'
        ) from error
