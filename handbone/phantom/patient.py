"""Patients: the data of the patient table, which also shape the skeleton of both hands."""

from dataclasses import dataclass

import numpy as np

from handbone.phantom.settings import PhantomSettings


@dataclass(frozen=True)
class Patient:
    """One person.

    Args:
        age: In years.
        sex: 'M' or 'F'.
        weight: In kilograms.
        height: In centimetres.
        ring: Whether the patient wears rings.
        nail_art: Whether the nails have a varnish that contains metal.
        pins: Whether there is surgical metal in the hand or the wrist.
    """

    age: int
    sex: str
    weight: int
    height: int
    ring: bool
    nail_art: bool
    pins: bool

    @property
    def notes(self) -> str:
        """Remarks of the patient table, separated by semicolons."""
        remarks = {'ring': self.ring, 'nail art': self.nail_art, 'surgical pins': self.pins}
        return '; '.join(remark for remark, present in remarks.items() if present)

    @property
    def growing(self) -> bool:
        """Whether the growth plates are still open."""
        return self.age < 17

    @property
    def hand_scale(self) -> float:
        """Size of the hand relative to that of a man of 175 cm, as in the tables of bone sizes."""
        return (self.height / 175.0) ** 0.9 * (1.0 if self.sex == 'M' else 0.98)

    @property
    def bone_loss(self) -> float:
        """Loss of cortical bone with age, 0 to 1; it starts later and is smaller in men."""
        onset, per_year = (45, 0.011) if self.sex == 'F' else (55, 0.007)
        return min(0.45, max(0.0, (self.age - onset) * per_year))


def sample_patient(rng: np.random.Generator, settings: PhantomSettings) -> Patient:
    """Draw a patient.

    Args:
        rng: Source of randomness.
        settings: Distributions to draw from.

    Returns:
        The patient.
    """
    sex = 'F' if rng.random() < settings.female_rate else 'M'
    if rng.random() < settings.adolescent_rate:
        age = int(rng.integers(12, 17))
    else:
        age = int(rng.integers(int(settings.age[0]), int(settings.age[1]) + 1))
    height = rng.normal(174.0 if sex == 'M' else 161.5, 6.0) - 4.0 * max(0, 17 - age)
    weight = rng.normal(23.8 if sex == 'M' else 22.3, 2.8) * (height / 100.0) ** 2
    ring, nail_art, pins = rng.random(3) < (
        settings.ring_rate,
        settings.nail_art_rate,
        settings.pin_rate,
    )
    return Patient(
        age=age,
        sex=sex,
        weight=round(float(weight)),
        height=round(float(height)),
        ring=bool(ring),
        nail_art=bool(nail_art),
        pins=bool(pins),
    )
