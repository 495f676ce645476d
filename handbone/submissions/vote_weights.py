"""Who has how many votes on what, and how many are enough."""

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import yaml

from handbone.errors import HandboneError, counted, listed, shown
from handbone.listing import by_normal_form, normal_forms
from handbone.structure import check_structure, one_line
from handbone.text_files import read_text

#: A weight as people write it. Fractions keep 0.1 + 0.2 = 0.3, where floats do not.
Weight = int | float | str | Fraction
#: Plain values only; the loader in C, where it is built, takes no minutes for long texts.
SAFE = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
#: Exponents that would take hours to write out as a fraction.
LARGE_EXPONENT = re.compile(r'[eE][+-]?\d{4,}')


class VoteWeights:
    """Weights of files on classes as whole numbers, and the sum of them that makes a mask.

    Args:
        num_files: Number of files F.
        classes: Names of the C classes.
        weights: One weight per file. Default: 1 each.
        class_weights: One weight per file for some of the classes, in place of ``weights``.
        min_votes: Least sum of weights for a pixel to be in a mask. Default: more than half of all
            weights.
        place: Where the class weights stand, for messages: their file.

    Raises:
        HandboneError: If the numbers do not fit the files or classes, or decide nothing.
    """

    def __init__(
        self,
        num_files: int,
        classes: Sequence[str],
        weights: Sequence[Weight] | None = None,
        class_weights: Mapping[str, Sequence[Weight]] | None = None,
        min_votes: Weight | None = None,
        place: str | Path = 'class_weights',
    ) -> None:
        classes = normal_forms(classes)
        special = by_normal_form(class_weights or {}, place)
        unknown = [name for name in special if name not in classes]
        if unknown:
            raise HandboneError(
                f'{place}: no file has the class {listed(unknown)}; use one of '
                f'{listed(classes, 40)}'
            )
        common = _weights(weights or [1] * num_files, num_files, 'weights')
        exact = [
            _weights((class_weights or {})[special[name]], num_files, _class_place(place, name))
            if name in special
            else common
            for name in classes
        ]
        self._least = None if min_votes is None else _number(min_votes, 'min_votes')
        self._totals = [sum(row) for row in exact]
        for name, total in zip(classes, self._totals, strict=True):
            if self._least is not None and not 0 < self._least <= total:
                raise HandboneError(
                    f'min_votes: the weights of class {name!r} add up to {total}, so {min_votes} '
                    'cannot decide; give a number above 0 that is not larger'
                )
        scale = math.lcm(*(weight.denominator for row in exact for weight in row))
        #: int64 (F, C).
        self.weights = np.array([[int(weight * scale) for weight in row] for row in exact]).T

    def needed(self, voting: np.ndarray) -> np.ndarray:
        """Say how large the sum of weights must be where some files abstain.

        A majority is one of the votes that are cast; a number of votes falls in proportion.

        Args:
            voting: Which files vote on which class, bool (F, C).

        Returns:
            int64 (C,), at least 1.
        """
        cast = np.where(voting, self.weights, 0).sum(axis=0)
        if self._least is None:
            return cast // 2 + 1
        shares = [self._least / total for total in self._totals]
        return np.array(
            [max(1, math.ceil(share * int(sum_))) for share, sum_ in zip(shares, cast, strict=True)]
        )


def read_class_weights(path: str | Path) -> dict[str, list[Weight]]:
    """Read weights of classes from YAML or JSON.

    Args:
        path: A file that maps class names to lists with one weight per file.

    Returns:
        Lists by class name, as the file writes it.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it holds something else, or one class twice, or is not in UTF-8.
    """
    path = Path(path)
    text = read_text(path)
    try:
        content = yaml.load(text, SAFE)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise HandboneError(f'{path} is not YAML or JSON: {one_line(error)}') from error
    fits = isinstance(content, dict) and all(isinstance(row, list) for row in content.values())
    if not fits:
        raise HandboneError(
            f'{path} must map class names to lists of one weight per file, as in '
            'finger-1: [1, 2, 1]'
        )
    weights = {}
    for name, row in content.items():
        place = _class_place(path, name)
        check_structure(row, [(int, float, str)], place)
        for value in row:
            _number(value, place)
        weights[str(name)] = row
    by_normal_form(weights, path)
    return weights


def _class_place(place: str | Path, name: object) -> str:
    return f'{place}: class {shown(str(name))}'


def _weights(values: Sequence[Weight], num_files: int, place: str) -> list[Fraction]:
    if len(values) != num_files:
        raise HandboneError(
            f'{place}: got {len(values)} for {counted(num_files, "file")}; give one weight per file'
        )
    weights = [_number(value, place) for value in values]
    if not any(weights):
        raise HandboneError(f'{place}: all weights are 0; give one of the files a weight above 0')
    return weights


def _number(value: Weight, place: str) -> Fraction:
    text = str(value)
    if len(text) > 40 or LARGE_EXPONENT.search(text):
        raise HandboneError(f'{place}: {shown(value)} is not between 0 and a billion')
    try:
        number = Fraction(text)
    except (ValueError, ArithmeticError) as error:
        raise HandboneError(f'{place}: {shown(value)} is not a number') from error
    if not 0 <= number < 10**9 or number.denominator > 10**9:
        raise HandboneError(f'{place}: {shown(value)} is not between 0 and a billion')
    return number
