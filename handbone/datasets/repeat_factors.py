"""How much more often images are shown that have rare classes, are of some kind, or are hard."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handbone.csv_files import read_table, row_error
from handbone.errors import HandboneError, counted, listed
from handbone.evaluation.score_files import NOT_SCORED
from handbone.text_files import refuse_other_encoding

from .attribute_values import bend_degrees, bend_word, side_of
from .labels import labels_of

#: Attributes that images have by themselves, and how they are read.
ATTRIBUTES = ('side', 'bend')
#: Columns of dice_per_image.csv and dice_out_of_fold.csv.
IMAGE, DICE = 'image', 'mean'


def class_factors(present: Sequence[Sequence[int]], threshold: float) -> np.ndarray:
    """Compute repeat factors from the frequencies of classes.

    ``max(1, sqrt(threshold / f))`` for a class in a share f of the images, and for an image the
    largest of its classes: Gupta et al., LVIS, CVPR 2019 (https://arxiv.org/abs/1908.03195).

    Args:
        present: Classes of each image.
        threshold: Share of images below which a class counts as rare, above 0 and at most 1.

    Returns:
        (N,) float64, at least 1.

    >>> class_factors([[0], [0], [0], [0, 1]], threshold=1.0)
    array([1., 1., 1., 2.])
    """
    counts = np.bincount([index for classes in present for index in classes], minlength=1)
    with np.errstate(divide='ignore'):
        of_class = np.maximum(1.0, np.sqrt(threshold * len(present) / counts))
    return np.array(
        [max((of_class[index] for index in classes), default=1.0) for classes in present]
    )


def attribute_factors(
    infos: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    factors: Mapping[str, Mapping[str, float]],
) -> np.ndarray:
    """Look repeat factors up by what kind the images are of.

    Args:
        infos: What the dataset says about each image.
        classes: Class names in order.
        factors: Factor by value by attribute: ``dict(bend=dict(bent=3.0))``. Attributes are
            ``side`` (``'L'``, ``'R'``) and ``bend`` (``'bent'``, ``'upright'``).

    Returns:
        (N,) float64; the largest where several apply, 1 where none does.

    Raises:
        HandboneError: If there is no such attribute, no image has a value, or a factor is below 1.
    """
    found = np.ones(len(infos))
    for name, of_value in factors.items():
        if name not in ATTRIBUTES:
            raise HandboneError(
                f'repeat factors: there is no attribute {name!r}; there are: '
                f'{", ".join(ATTRIBUTES)}'
            )
        values = [_value(info, name, classes) for info in infos]
        unknown = sorted(set(of_value) - set(values))
        if unknown:
            raise HandboneError(
                f'repeat factors: no image has the {name} {listed(unknown)}; the images have '
                f'{listed(sorted(set(values)))}'
            )
        if not all(factor >= 1 for factor in of_value.values()):
            raise HandboneError(f'repeat factors: those of {name} are at least 1, got {of_value}')
        found = np.maximum(found, [of_value.get(value, 1.0) for value in values])
    return found


def hard_factors(images: Sequence[str], table: Path, share: float, factor: float) -> np.ndarray:
    """Give a factor to the images with the lowest Dice.

    Args:
        images: Paths of the images. The table may name them by another path to the same file, or,
            where no two images are called so, by a path with the same file name.
        table: ``dice_out_of_fold.csv`` of ``handbone test-folds``, or ``dice_per_image.csv``. It
            may have further images.
        share: Share of the images that count as hard, above 0 and at most 1; at least one image
            does. Those without a Dice, which know no class, do not count.
        factor: Their factor.

    Returns:
        (N,) float64.

    Raises:
        FileNotFoundError: If there is no such table.
        HandboneError: If it lacks an image or is not such a table.
    """
    header, rows = read_table(table, names=(IMAGE,))
    if IMAGE not in header or DICE not in header:
        raise row_error(
            table, 1, f'there are no columns {IMAGE} and {DICE}', 'Give dice_out_of_fold.csv.'
        )
    scores = {}
    for line, row in rows:
        try:
            cell = row[header.index(DICE)]
            scores[row[header.index(IMAGE)]] = math.nan if cell == NOT_SCORED else float(cell)
        except ValueError as error:
            raise row_error(
                table, line, f'the Dice is no number ({error})', 'Test again.'
            ) from error
    names = _names_in_table(images, list(scores))
    missing = [image for image, name in zip(images, names, strict=True) if name is None]
    if missing:
        refuse_other_encoding(table, missing)
        raise HandboneError(
            f'{table} has no Dice of {counted(len(missing), "image")} of the training '
            f'({listed(missing)}): test all folds of this dataset again'
        )
    dice = np.array([scores[name] for name in names if name is not None])
    order = np.argsort(dice, kind='stable')  # NaN comes last
    found = np.ones(len(images))
    scored = int(np.isfinite(dice).sum())
    found[order[: min(scored, max(1, round(share * scored)))]] = factor
    return found


def _names_in_table(images: Sequence[str], names: Sequence[str]) -> list[str | None]:
    """Find the name that a table has for each image, None where it has none."""
    same_text = {name: name for name in names}
    same_file = {Path(name).resolve(): name for name in names}
    counts = [Counter(Path(path).name for path in set(paths)) for paths in (images, names)]
    same_name = {
        Path(name).name: name
        for name in names
        if all(count[Path(name).name] < 2 for count in counts)
    }
    return [
        same_text.get(image)
        or same_file.get(Path(image).resolve())
        or same_name.get(Path(image).name)
        for image in images
    ]


def _value(info: Mapping[str, Any], name: str, classes: Sequence[str]) -> str:
    if name == 'side':
        return side_of(info['image_name'])
    labels = labels_of(info)
    size = (info['height'], info['width'])
    return bend_word(float('nan') if labels is None else bend_degrees(labels, size, classes))
