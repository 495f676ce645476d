"""Hands from birth to the end of growth: which bones are ossified, and how far.

All sizes stay those of an adult's hand: how large it is in the image is a matter of placement.
"""

from dataclasses import replace

import numpy as np

from handbone.bones import CARPALS, FOREARM, RAYS
from handbone.phantom.anatomy import Anatomy
from handbone.phantom.outlines import closed_spline
from handbone.phantom.patient import Patient
from handbone.phantom.settings import PhantomSettings, Range
from handbone.phantom.wild.settings import GrowthSettings
from handbone.phantom.wild.windows import cut_at_line

# Mean height in centimetres and body mass index by age in years.
_AGES = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0)
_HEIGHTS = {
    'M': (50.0, 76.0, 88.0, 96.0, 110.0, 128.0, 138.0, 149.0, 164.0, 173.0, 176.0),
    'F': (49.0, 74.0, 86.0, 95.0, 109.0, 127.0, 138.0, 151.0, 160.0, 163.0, 163.5),
}
_MASS_INDEX = (13.5, 17.0, 16.4, 15.9, 15.4, 16.0, 17.0, 18.0, 19.5, 20.8, 21.8)

# Growth plates: position from the base (0) to the head (1) of a long bone, and in millimetres
# above the middle of the capitate for the forearm.
_BASE_PLATES = {'proximal': 0.105, 'middle': 0.11, 'distal': 0.15, 'thumb metacarpal': 0.12}
_HEAD_PLATE = 0.845
_FOREARM_PLATES = {'Radius': -26.5, 'Ulna': -28.5}


def sample_person(
    rng: np.random.Generator, hand: PhantomSettings, growth: GrowthSettings
) -> tuple[Patient, float]:
    """Draw a patient of any age.

    Args:
        rng: Source of randomness.
        hand: Distributions of adults.
        growth: Distributions of children.

    Returns:
        The patient and the age of the bones in years.
    """
    sex = 'F' if rng.random() < hand.female_rate else 'M'
    chance = rng.random()
    ages = hand.age
    if chance < growth.infant_rate + growth.child_rate:
        ages = growth.infant_age if chance < growth.infant_rate else growth.child_age
    age = float(rng.uniform(*ages))
    years = min(age, 18.0)
    height = float(np.interp(years, _AGES, _HEIGHTS[sex])) * (1.0 + 0.04 * rng.normal())
    mass_index = float(np.interp(years, _AGES, _MASS_INDEX)) * float(np.exp(0.13 * rng.normal()))
    if age >= 18.0:
        mass_index *= 1.06
    ring, nail_art, pins = rng.random(3) < (hand.ring_rate, hand.nail_art_rate, hand.pin_rate)
    patient = Patient(
        age=int(age),
        sex=sex,
        weight=max(2, round(mass_index * (height / 100.0) ** 2)),
        height=round(height),
        ring=bool(ring and age > 12),
        nail_art=bool(nail_art and age > 3),
        pins=bool(pins),
    )
    return patient, max(0.0, age + growth.bone_age * min(1.0, age / 6.0) * float(rng.normal()))


def grown(patient: Patient) -> Patient:
    """Describe the adult who a child will be, whose hand has the same shape.

    Args:
        patient: A patient of any age.

    Returns:
        A patient who has stopped growing.
    """
    if patient.age >= 18:
        return patient
    height = 176 if patient.sex == 'M' else 163
    return replace(patient, age=20, height=height, weight=round(22.0 * (height / 100.0) ** 2))


def grow_back(
    anatomy: Anatomy, bone_age: float, growth: GrowthSettings, rng: np.random.Generator
) -> Anatomy:
    """Make the skeleton as young as its bones.

    Args:
        anatomy: The shape of the hand when it has stopped growing.
        bone_age: Age of the bones in years.
        growth: Distributions of the ages at which bones ossify.
        rng: Source of randomness.

    Returns:
        The hand with separate or absent epiphyses, and without the carpals that have not ossified.
    """
    early = rng.random()

    def onset(ages: Range) -> float:
        share = np.clip(early + 0.15 * rng.normal(), 0.0, 1.0)
        return float(ages[0] + share * (ages[1] - ages[0]))

    fusion = onset(growth.fusion)
    starts = {label: onset(getattr(growth, label.lower())) for label in CARPALS}
    ends = {
        'Radius': onset(growth.radius_epiphysis),
        'Ulna': onset(growth.ulna_epiphysis),
        **{label: onset(growth.finger_epiphyses) for bones in RAYS.values() for label in bones},
    }
    flesh = float(np.interp(bone_age, (0.0, 2.0, 8.0, 16.0), (1.5, 1.35, 1.05, 1.0)))
    if bone_age >= fusion:
        return replace(anatomy, growth_plates=False)
    young = float(np.clip(1.0 - bone_age / 8.0, 0.0, 1.0))
    controls, reliefs, epiphyses = dict(anatomy.controls), dict(anatomy.reliefs), {}
    for label, start in starts.items():
        if bone_age < start:
            del controls[label]
            continue
        grown_share = min(1.0, (bone_age - start) / (13.5 - start))
        controls[label] = _young_carpal(controls[label], grown_share)
        if grown_share < 0.75:
            reliefs[label] = []
    long_bones = dict(anatomy.long_bones)
    fusing = bone_age > fusion - 1.2
    for bones in RAYS.values():
        for label in bones:
            bone = long_bones[label]
            short = 1.0 - 0.16 * young * (1.0 if 'metacarpal' not in bone.kind else 0.8)
            long_bones[label] = bone._replace(length=bone.length * short)
            points = controls[label] * (short, 1.0)
            share = (bone_age - ends[label]) / (fusion - ends[label])
            if fusing:
                controls[label] = points
                continue
            shaft, end = _part_long_bone(points, bone.kind, bone.length * short, young, share)
            controls[label] = shaft
            if share > 0.0:
                epiphyses[label] = end
    for label in FOREARM if not fusing else ():
        share = (bone_age - ends[label]) / (fusion - ends[label])
        plate = _FOREARM_PLATES[label] * anatomy.scale
        controls[label], end = _part(controls[label], plate, 1, -1.0, 2.0 * anatomy.scale, share)
        controls[label] = controls[label] - (0.0, 4.5 * young * anatomy.scale)
        if share > 0.0:
            epiphyses[label] = end
    return replace(
        anatomy,
        controls=controls,
        reliefs=reliefs,
        long_bones=long_bones,
        epiphyses=epiphyses,
        growth_plates=fusing,
        density=anatomy.density * (1.0 - 0.3 * young),
        flesh=anatomy.flesh * flesh,
        sesamoids=anatomy.sesamoids if bone_age > 12.0 else (False, False, False),
    )


def _young_carpal(controls: np.ndarray, share: float) -> np.ndarray:
    """A carpal between its first spot (0) and its final form (1): smaller and rounder."""
    middle = controls.mean(axis=0)
    spokes = controls - middle
    lengths = np.linalg.norm(spokes, axis=1, keepdims=True)
    form = share**0.6
    rounded = form * spokes + (1.0 - form) * spokes / lengths * lengths.mean()
    return middle + rounded * (0.22 + 0.78 * share**0.55)


def _part_long_bone(
    points: np.ndarray, kind: str, length: float, young: float, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Part a finger bone at its growth plate and shorten the shaft where it is still cartilage."""
    at_base = kind in _BASE_PLATES
    plate = (_BASE_PLATES[kind] if at_base else _HEAD_PLATE) * length
    shaft, end = _part(points, plate, 0, 1.0 if at_base else -1.0, 0.028 * length, share)
    # The other end of the shaft is cartilage too, but ossifies without an epiphysis.
    fixed = plate if at_base else 0.6 * length
    shaft = (shaft - (fixed, 0.0)) * (1.0 - 0.14 * young, 1.0 - 0.05 * young) + (fixed, 0.0)
    return shaft, end


def _part(
    controls: np.ndarray, plate: float, axis: int, shaft_side: float, gap: float, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Part a bone at a plate across an axis.

    Args:
        controls: Control points, shape (n, 2).
        plate: Coordinate of the plate.
        axis: 0 if it is a u, 1 if it is a y.
        shaft_side: 1 if the shaft lies at larger coordinates, else -1.
        gap: Width of the plate in millimetres shortly after the epiphysis appeared.
        share: Growth of the epiphysis, 0 (a spot) to 1.

    Returns:
        Control points of the shaft and of the epiphysis.
    """
    outline = closed_spline(controls, 6)
    normal = np.eye(2)[axis] * shaft_side
    share = float(np.clip(share, 0.0, 1.0))
    gap *= 1.0 - 0.55 * share
    sides = []
    for direction in (1.0, -1.0):
        corner = np.eye(2)[axis] * (plate + direction * shaft_side * gap)
        sides.append(max(cut_at_line(outline, corner, normal * direction), key=len))
    shaft, end = sides[0], _even(sides[1], 26)
    low, high = end.min(axis=0), end.max(axis=0)
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    # A spot at first, then a disc that becomes as wide as the shaft, then its final form.
    first = np.arctan2(*((end[0] - middle) / half)[::-1])
    area = np.sum(end[:, 0] * np.roll(end[:, 1], -1) - end[:, 1] * np.roll(end[:, 0], -1))
    turn = first + np.copysign(np.arange(len(end)) * 2.0 * np.pi / len(end), area)
    half[axis] *= 0.75
    oval = middle + np.stack([np.cos(turn), np.sin(turn)], axis=1) * half
    form = share**0.7
    grown_end = form * end + (1.0 - form) * oval
    size = np.ones(2) * (0.55 + 0.45 * share**0.5)
    size[1 - axis] = 0.28 + 0.72 * share**0.45
    return _even(shaft, 48), middle + (grown_end - middle) * size


def _even(outline: np.ndarray, count: int) -> np.ndarray:
    """Place points at even distances along a closed outline."""
    closed = np.concatenate([outline, outline[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    places = np.arange(count) / count * along[-1]
    return np.stack([np.interp(places, along, closed[:, axis]) for axis in (0, 1)], axis=1)
