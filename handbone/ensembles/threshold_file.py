"""Thresholds from a file."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from handbone.models.segmentors.multilabel_segmentor import check_thresholds


def read_thresholds(path: str | Path, classes: Sequence[str]) -> float | list[float]:
    """Read thresholds on probabilities from YAML or JSON.

    Args:
        path: The file: a number, a list in class order, a dict by class name, or a dict that has
            one of these as ``thresholds``.
        classes: Names in class order.

    Returns:
        One number, or one a class.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds something else, or is of another class list.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is not YAML or JSON: {" ".join(str(error).split())}') from error
    if isinstance(content, dict) and 'thresholds' in content:
        content = content['thresholds']
    if isinstance(content, dict):
        missing = [name for name in classes if name not in content]
        unknown = [str(name) for name in content if name not in classes]
        if missing or unknown:
            raise ValueError(
                f'{path} has thresholds of other classes: without {", ".join(missing) or "none"}, '
                f'and with {", ".join(unknown) or "none"} that the models do not have'
            )
        content = [content[name] for name in classes]
    values = content if isinstance(content, list) else [content]
    if not all(isinstance(value, (int, float)) for value in values):
        raise ValueError(f'{path} must hold one probability, a list of them, or one by class name')
    try:
        check_thresholds(content, len(classes))
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error
    return content
