"""Files of thresholds: a probability for each class, by name, and what choosing it brought."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.listing import by_normal_form, normal_forms
from handbone.masks import check_thresholds
from handbone.structure import Fields, check_structure, one_line, parse_json

from .calibration import Calibration
from .threshold_choice import ThresholdChoice

FORMAT = 'handbone thresholds 1'
STRUCTURE = Fields(dict(format=str, classes={str: Fields(dict(threshold=object))}))


def read_thresholds(path: str | Path, classes: Sequence[str]) -> tuple[float, ...]:
    """Read thresholds for a list of classes.

    Args:
        path: A file of :func:`write_thresholds`, or JSON with a probability by class name.
        classes: Names in the order that the thresholds are wanted in.

    Returns:
        Probability above which a class is present, one per class.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not a file of thresholds, its classes are different, or a threshold
            is not a probability.
    """
    path = Path(path)
    entries = _read(path)
    entries = {name: entries[own] for name, own in by_normal_form(entries, path).items()}
    classes = normal_forms(classes)
    absent = [name for name in classes if name not in entries]
    others = [name for name in entries if name not in classes]
    if absent or others:
        raise HandboneError(
            f'{path}: thresholds of a different class list: '
            + '; '.join(
                f'{what} {one_line(", ".join(names[:5]))}{" …" * (len(names) > 5)}'
                for what, names in (('it lacks', absent), ('it has in addition', others))
                if names
            )
            + '; tune them for this model with `handbone tune-thresholds`'
        )
    return check_thresholds([entries[name] for name in classes], classes, str(path))


def read_temperatures(path: str | Path, classes: Sequence[str]) -> tuple[float, ...]:
    """Read the temperatures by which the logits of a list of classes are divided.

    They change probabilities, never on which side of 0.5 one is. Thresholds in the same file apply
    to probabilities before the temperature.

    Args:
        path: A file of :func:`write_thresholds`.
        classes: Names in the order that the temperatures are wanted in.

    Returns:
        The temperatures, 1 for all classes if the file has none.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is not a file of thresholds, its classes are different, or a
            temperature is not a positive number.
    """
    read_thresholds(path, classes)
    path = Path(path)
    entries = parse_json(path.read_bytes(), str(path))
    if 'format' not in entries:
        return (1.0,) * len(classes)  # written by hand
    of_class = entries['classes']
    own = by_normal_form(of_class, path)
    found = []
    for name in normal_forms(classes):
        value = of_class[own[name]].get('temperature', 1.0)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e3:
            raise HandboneError(
                f'{path}: the temperature of {name} is {one_line(shown(value))}; temperatures are '
                'numbers above 0: tune it again with `handbone tune-thresholds --calibration`'
            )
        found.append(float(value))
    return tuple(found)


def write_thresholds(
    path: str | Path,
    classes: Sequence[str],
    choice: ThresholdChoice,
    made_of: Mapping[str, Any],
    calibration: Calibration | None = None,
) -> None:
    """Write thresholds, whole or not at all.

    Args:
        path: The JSON file.
        classes: Names in class order.
        choice: The thresholds and their scores.
        made_of: How they were made, such as config and checkpoint.
        calibration: Adds the temperature of each class and what it brings, and the temperature of
            all classes together.

    Raises:
        OSError: If the file cannot be written.
    """
    entries: dict[str, dict[str, float | None]] = {
        name: {
            'threshold': float(choice.thresholds[index]),
            'former': float(choice.former[index]),
            'dice_before': _rounded(choice.before[index]),
            'dice_after': _rounded(choice.after[index]),
            'dice_held_out': _rounded(choice.held_out[index]),
        }
        for index, name in enumerate(classes)
    }
    means = {
        f'dice_{name}': _rounded(np.nanmean(getattr(choice, name)))
        for name in ('before', 'after', 'held_out')
    }
    if calibration is not None:
        made_of = {**made_of, 'temperature': round(calibration.common_temperature, 4)}
        for index, name in enumerate(classes):
            entries[name] |= {
                'temperature': round(float(calibration.temperature[index]), 4),
                'calibration_error': _rounded(calibration.error[index]),
                'calibration_error_with_temperature': _rounded(calibration.calibrated_error[index]),
            }
    content = {'format': FORMAT, **made_of, 'images': choice.images, **means, 'classes': entries}
    text = json.dumps(content, indent=1, ensure_ascii=False) + '\n'
    write_atomically(path, text.encode(errors='surrogateescape'))


def _rounded(score: float) -> float | None:
    """Round a score; None, which JSON has, for NaN, the score of a class that no image knows."""
    return None if np.isnan(score) else round(float(score), 6)


def _read(path: Path) -> dict[str, Any]:
    """Read the thresholds by class name, as they stand in the file."""
    try:
        content = parse_json(path.read_bytes(), str(path))
        check_structure(content, {str: object}, str(path))
        if content and all(isinstance(value, (int, float)) for value in content.values()):
            return content  # written by hand
        check_structure(content, STRUCTURE, str(path))
        if content['format'] != FORMAT:
            raise HandboneError(f'{path}: its format is {shown(content["format"])}')
    except HandboneError as error:
        raise HandboneError(
            f'{error}, so it is not a file of thresholds: give one of `handbone tune-thresholds`, '
            'or a JSON object with a probability by class name'
        ) from error
    return {name: entry['threshold'] for name, entry in content['classes'].items()}
