"""Settings of the phantom generator: their defaults, what they may be, and the check of both."""

from dataclasses import dataclass, field, fields
from math import isfinite
from numbers import Real
from typing import TypeVar

from handbone.errors import HandboneError, shown

Range = tuple[float, float]
Value = TypeVar('Value', float, Range)


def setting(default: Value, low: float, high: float) -> Value:
    """Declare a field of a dataclass of settings.

    Args:
        default: A number, or a range (low, high).
        low: Least allowed number.
        high: Largest allowed number.

    Returns:
        The field.
    """
    return field(default=default, metadata={'limits': (low, high)})


def rate(default: float) -> float:
    """Declare a field that is a share, from 0 to 1.

    Args:
        default: Its default.

    Returns:
        The field.
    """
    return setting(default, 0.0, 1.0)


@dataclass(frozen=True)
class CheckedSettings:
    """Settings that are checked when they are made.

    Raises:
        HandboneError: If a field is not what :func:`setting` allows.
    """

    def __post_init__(self) -> None:
        for one in fields(self):
            value, (low, high) = getattr(self, one.name), one.metadata['limits']
            is_range = isinstance(one.default, tuple)
            numbers = value if is_range and isinstance(value, (tuple, list)) else (value,)
            if (
                len(numbers) != 1 + is_range
                or not all(_is_number(number) and low <= number <= high for number in numbers)
                or numbers[0] > numbers[-1]
            ):
                kind = 'two numbers (low, high)' if is_range else 'a number'
                raise HandboneError(
                    f'{type(self).__name__}.{one.name} is {shown(value)}: give {kind} '
                    f'from {low:g} to {high:g}' + ', the lower first' * is_range
                )


def _is_number(value: object) -> bool:
    return type(value) is not bool and isinstance(value, Real) and isfinite(value)


def check_shares(settings: object, *names: str) -> None:
    """Check rates of things of which an image or a patient has at most one.

    Args:
        settings: The dataclass.
        *names: Names of the rates.

    Raises:
        HandboneError: If they are together more than 1.
    """
    total = sum(getattr(settings, name) for name in names)
    if total > 1.0:
        raise HandboneError(
            f'{" and ".join(names)} of {type(settings).__name__} are {total:g} together: '
            'give rates that are at most 1 together'
        )


@dataclass(frozen=True)
class PhantomSettings(CheckedSettings):
    """Distributions from which phantoms are drawn. Rates are shares of images or patients, 0 to 1.

    Args:
        age: Range of ages of adults, in years.
        female_rate: Share of female patients.
        adolescent_rate: Share of patients aged 12 to 16, whose growth plates are still open.
        bent_wrist_rate: Share of images with a bent wrist.
        bend: Range of the angle between hand and forearm of a bent wrist, in degrees.
        straight_bend: Largest such angle of a wrist that is not bent, in degrees.
        turn: Largest turn of the hand in the image plane, in degrees.
        fill: Range of the share of the frame that the hand fills: the larger side of the box
            around the skin of the hand and 25 mm of forearm, relative to the frame.
        closed_fingers_rate: Share of images whose fingers touch.
        crossed_fingers_rate: Share of images in which bones of neighbouring fingers overlap.
        finger_spread: Range of a factor on the angles between open fingers.
        thumb_angle: Range of the direction of the first metacarpal where the fingers are open, in
            degrees; negative angles point away from the index finger.
        bent_fingers_rate: Share of images in which all fingers are bent.
        finger_flexion: Largest flexion of a finger joint, in degrees, which foreshortens bones.
        shape_variation: Factor on the random variation of every outline.
        thumb_sesamoids_rate: Share of patients with sesamoids at the head of the first metacarpal.
        index_sesamoid_rate: Share with one at the head of the second metacarpal.
        little_sesamoid_rate: Share with one at the head of the fifth metacarpal.
        low_dose_rate: Share of images with a low dose, which are noisy.
        photons: Range of the detected photons per pixel of a 2048 x 2048 image without patient.
        low_dose_photons: The same range at low dose.
        scatter: Range of the ratio of scattered to primary radiation.
        collimated_rate: Share of images in which collimator edges are visible.
        marker_rate: Share of images with a lead letter that marks the side.
        ring_rate: Share of patients who wear rings.
        nail_art_rate: Share of patients with metal-bearing nail varnish.
        pin_rate: Share of patients with surgical wires or a plate.
    """

    age: Range = setting((19.0, 78.0), 12, 110)
    female_rate: float = rate(0.5)
    adolescent_rate: float = rate(0.04)
    bent_wrist_rate: float = rate(0.3)
    bend: Range = setting((15.0, 60.0), 0, 90)
    straight_bend: float = setting(8.0, 0, 30)
    turn: float = setting(30.0, 0, 180)
    fill: Range = setting((0.6, 1.0), 0.05, 1)
    closed_fingers_rate: float = rate(0.12)
    crossed_fingers_rate: float = rate(0.08)
    finger_spread: Range = setting((0.35, 1.35), 0, 2)
    thumb_angle: Range = setting((-50.0, -26.0), -80, -10)
    bent_fingers_rate: float = rate(0.2)
    finger_flexion: float = setting(22.0, 0, 60)
    shape_variation: float = setting(1.0, 0, 2)
    thumb_sesamoids_rate: float = rate(0.95)
    index_sesamoid_rate: float = rate(0.45)
    little_sesamoid_rate: float = rate(0.6)
    low_dose_rate: float = rate(0.2)
    photons: Range = setting((700.0, 2500.0), 1, 1e6)
    low_dose_photons: Range = setting((60.0, 200.0), 1, 1e6)
    scatter: Range = setting((0.08, 0.30), 0, 2)
    collimated_rate: float = rate(0.4)
    marker_rate: float = rate(0.85)
    ring_rate: float = rate(0.06)
    nail_art_rate: float = rate(0.06)
    pin_rate: float = rate(0.04)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_shares(self, 'closed_fingers_rate', 'crossed_fingers_rate')
