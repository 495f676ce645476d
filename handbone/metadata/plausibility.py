"""Which ages, heights and weights a person can have, and what impossible ones likely mean."""

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import NamedTuple

from .cells import number_text
from .headers import UNITS

#: Smallest and largest possible value, in years, cm and kg, newborns included.
RANGES = {'age': (0.0, 120.0), 'height': (35.0, 250.0), 'weight': (1.0, 350.0)}
#: Weight over squared height in kg/m², of people of any age.
BODY_MASS_INDEX = (7.0, 100.0)
#: Heights below this are those of small children, in cm, and the oldest that has one.
CHILD_HEIGHT, CHILD_AGE = 90.0, 12.0
#: What repaired values must be like: of those older than that in years, the height in cm; the
#: weight in kg; and the body mass index of adults and of children.
ADULT_AGE, ADULT_HEIGHT, LIKELY_WEIGHT = 16.0, (125.0, 220.0), 150.0
ADULT_INDEX, CHILD_INDEX = (14.5, 50.0), (11.0, 40.0)


#: Factors of a slip in the unit, and what it is called.
SLIPS = {
    'height': (
        (100.0, 'height in metres'),
        (0.1, 'height in millimetres'),
        (2.54, 'height in inches'),
    ),
    'weight': ((0.001, 'weight in grams'), (0.1, 'weight without its decimal point')),
    'age': (),
}


class Repair(NamedTuple):
    """Likely values of a person.

    Attributes:
        values: By column, those that change.
        reason: What happened, for people.
    """

    values: dict[str, float]
    reason: str


def impossible(values: Mapping[str, float]) -> dict[str, str]:
    """Find what cannot be, alone or together.

    Args:
        values: Age in years, height in cm, weight in kg, as far as they are known.

    Returns:
        What is wrong by column; empty for a person that can be.

    >>> impossible({'age': 40, 'height': 1.65, 'weight': 60})
    {'height': '1.65 cm is outside 35 to 250'}
    """
    faults = {
        name: f'{number_text(value)} {UNITS[name]} is outside {low:g} to {high:g}'
        for name, value in values.items()
        for low, high in [RANGES[name]]
        if not low <= value <= high
    }
    if faults:
        return faults
    height, weight, age = (values.get(name) for name in ('height', 'weight', 'age'))
    if height is not None and age is not None and height < CHILD_HEIGHT and age > CHILD_AGE:
        return {'height': f'{number_text(height)} cm is not the height of {number_text(age)} years'}
    if height is not None and weight is not None:
        index = weight / (height / 100) ** 2
        if not BODY_MASS_INDEX[0] <= index <= BODY_MASS_INDEX[1]:
            fault = (
                f'{number_text(height)} cm and {number_text(weight)} kg do not go together '
                f'(body mass index {index:.1f})'
            )
            return {'height': fault, 'weight': fault}
    return {}


def likely_repair(values: Mapping[str, float]) -> Repair | None:
    """Find the one change of the fewest values that makes them likely.

    Args:
        values: Age in years, height in cm, weight in kg, as far as they are known.

    Returns:
        The repair; None if nothing helps, or different changes of as many values do.

    >>> likely_repair({'age': 40, 'height': 60, 'weight': 165}).reason
    'height and weight are swapped'
    """
    found = [repair for repair in _repairs(values) if _is_likely({**values, **repair.values})]
    fewest = min((len(repair.values) for repair in found), default=0)
    found = [repair for repair in found if len(repair.values) == fewest]
    return found[0] if len(found) == 1 else None


def _is_likely(values: Mapping[str, float]) -> bool:
    """Tell whether values are those of most people, which is more than being possible."""
    if impossible(values):
        return False
    height, weight, age = (values.get(name) for name in ('height', 'weight', 'age'))
    grown = age is None or age > ADULT_AGE
    if height is not None and age is not None and grown:
        low, high = ADULT_HEIGHT
        if not low <= height <= high:
            return False
    if height is not None and weight is not None:
        low, high = ADULT_INDEX if grown else CHILD_INDEX
        return weight <= LIKELY_WEIGHT and low <= weight / (height / 100) ** 2 <= high
    return weight is None or weight <= LIKELY_WEIGHT


def _repairs(values: Mapping[str, float]) -> Iterator[Repair]:
    """List slips of one unit, and values in each other's columns."""
    for name, value in values.items():
        for factor, reason in SLIPS[name]:
            yield Repair({name: float(f'{value * factor:.10g}')}, reason)
    names = list(values)
    for order in permutations(names):
        moved = [name for name, other in zip(names, order, strict=True) if name != other]
        if moved:
            swapped = {name: values[other] for name, other in zip(names, order, strict=True)}
            verb = 'are swapped' if len(moved) == 2 else "are in each other's columns"
            text = ' and '.join(moved) if len(moved) == 2 else ', '.join(moved)
            yield Repair({name: swapped[name] for name in moved}, f'{text} {verb}')
