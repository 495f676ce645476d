"""Settings of wild phantoms: every distribution is a field of one of these classes."""

from dataclasses import dataclass, field
from typing import get_type_hints

from handbone.errors import HandboneError, shown
from handbone.phantom.settings import (
    CheckedSettings,
    PhantomSettings,
    Range,
    check_shares,
    rate,
    setting,
)
from handbone.phantom.wild.film_settings import FilmSettings, PlateSettings
from handbone.phantom.wild.things_settings import ThingsSettings


@dataclass(frozen=True)
class PlacementSettings(CheckedSettings):
    """Where the hand lies and from where it is seen. Rates are shares of images, 0 to 1.

    Args:
        upright_rate: Share of hands that point up, turned by up to ``PhantomSettings.turn``; the
            others are turned by any angle.
        small_rate: Share of hands that are small in the frame; the others fill it by
            ``PhantomSettings.fill``.
        small_fill: Range of the share of the frame that a small hand fills.
        forearm: Range of the length of forearm that counts as part of the hand where the hand is
            fitted into the frame, in millimetres from the wrist.
        oblique_rate: Share of hands that are turned about their long axis.
        obliquity: Range of this angle, in degrees, to either side.
        narrowing: By how much carpals are narrower where they are seen from the side, as a share.
        outside_rate: Share of hands that leave the frame.
        outside: Range of the part of the hand beyond the frame, as a share of its size.
        absent_rate: Share of images without a hand, and so without labels.
    """

    upright_rate: float = rate(0.75)
    small_rate: float = rate(0.25)
    small_fill: Range = setting((0.2, 0.5), 0.05, 1)
    forearm: Range = setting((0.0, 130.0), 0, 150)
    oblique_rate: float = rate(0.3)
    obliquity: Range = setting((8.0, 50.0), 0, 60)
    narrowing: float = setting(0.18, 0, 0.5)
    outside_rate: float = rate(0.12)
    outside: Range = setting((0.02, 0.35), 0, 0.9)
    absent_rate: float = rate(0.0)


@dataclass(frozen=True)
class GrowthSettings(CheckedSettings):
    """Children and the ossification of their bones. Ages are in years, rates shares of patients.

    The ages at which bones become visible are those of atlases (Greulich and Pyle; Garn). Where a
    child lies in these ranges is mostly common to all its bones.

    Args:
        infant_rate: Share of infants and toddlers.
        infant_age: Range of their ages.
        child_rate: Share of older children and adolescents.
        child_age: Range of their ages.
        bone_age: Standard deviation of the age of the bones from that of the patient, less in the
            first six years.
        capitate: Range of the age at which the bone becomes visible.
        hamate: The same.
        triquetrum: The same.
        lunate: The same.
        scaphoid: The same.
        trapezium: The same.
        trapezoid: The same.
        pisiform: The same.
        radius_epiphysis: Range of the age at which this epiphysis becomes visible.
        ulna_epiphysis: The same for the ulna.
        finger_epiphyses: The same for phalanges and metacarpals.
        fusion: Range of the age at which the growth plates have closed.
        folds_rate: Share of infants with folds of skin across the wrist.
        folds: Range of their number.
    """

    infant_rate: float = rate(0.12)
    infant_age: Range = setting((0.0, 3.0), 0, 20)
    child_rate: float = rate(0.3)
    child_age: Range = setting((3.0, 17.0), 0, 20)
    bone_age: float = setting(0.8, 0, 3)
    capitate: Range = setting((0.08, 0.33), 0, 13)
    hamate: Range = setting((0.1, 0.36), 0, 13)
    triquetrum: Range = setting((2.0, 3.0), 0, 13)
    lunate: Range = setting((3.0, 4.0), 0, 13)
    scaphoid: Range = setting((4.2, 6.0), 0, 13)
    trapezium: Range = setting((4.0, 6.0), 0, 13)
    trapezoid: Range = setting((4.1, 6.0), 0, 13)
    pisiform: Range = setting((9.0, 12.0), 0, 13)
    radius_epiphysis: Range = setting((0.7, 1.4), 0, 10)
    ulna_epiphysis: Range = setting((5.5, 7.0), 0, 10)
    finger_epiphyses: Range = setting((1.0, 3.0), 0, 10)
    fusion: Range = setting((14.0, 17.0), 11, 25)
    folds_rate: float = rate(0.5)
    folds: Range = setting((1.0, 2.0), 1, 6)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_shares(self, 'infant_rate', 'child_rate')


@dataclass(frozen=True)
class DiseaseSettings(CheckedSettings):
    """Disease and injury. Rates are shares of patients or images, 0 to 1.

    Args:
        slimness: Range of the width of the long bones relative to the tables, of all patients.
        osteopenia_rate: Share of patients who have lost bone.
        osteopenia: Range of the density and of the cortex that are left, as a share.
        dense_rate: Share of patients with dense bones.
        dense: Range of their density relative to the usual one.
        swelling_rate: Share of patients with thick soft tissue.
        swelling: Range of its thickness relative to the usual one.
        narrow_joints_rate: Share of patients with worn finger joints.
        narrow_joint_gap: Range of the width of these joints, in millimetres; bones overlap below 0.
        ulnar_drift_rate: Share of hands whose fingers point to the ulnar side.
        ulnar_drift: Range of this angle, in degrees.
        erosions_rate: Share of hands with erosions, which change the image and not the labels.
        erosions: Range of their number.
        erosion_radius: Range of their radius, in millimetres.
        erosion_depth: Range of the share of bone that they take away in the middle.
        missing_rate: Share of hands that have lost parts of fingers.
        missing_fingers: Range of the number of these fingers.
        missing_tip_rate: Share of them that are cut in the distal phalanx; the others are cut in
            the next bone.
        missing_place: Range of the place of the cut, from the base (0) to the head (1) of the bone.
    """

    slimness: Range = setting((0.84, 1.14), 0.5, 1.6)
    osteopenia_rate: float = rate(0.15)
    osteopenia: Range = setting((0.45, 0.85), 0.1, 1)
    dense_rate: float = rate(0.1)
    dense: Range = setting((1.1, 1.4), 0.5, 3)
    swelling_rate: float = rate(0.15)
    swelling: Range = setting((1.2, 1.8), 0.5, 3)
    narrow_joints_rate: float = rate(0.15)
    narrow_joint_gap: Range = setting((-0.8, 0.6), -2, 3)
    ulnar_drift_rate: float = rate(0.08)
    ulnar_drift: Range = setting((8.0, 38.0), 0, 60)
    erosions_rate: float = rate(0.1)
    erosions: Range = setting((2.0, 16.0), 0, 200)
    erosion_radius: Range = setting((0.8, 2.6), 0.2, 10)
    erosion_depth: Range = setting((0.15, 0.45), 0, 1)
    missing_rate: float = rate(0.05)
    missing_fingers: Range = setting((1.0, 2.0), 1, 5)
    missing_tip_rate: float = rate(0.65)
    missing_place: Range = setting((-0.05, 0.8), -0.05, 0.95)


@dataclass(frozen=True)
class WildSettings:
    """Distributions of wild phantoms.

    Args:
        hand: Adults, pose and exposure, as in the default phantoms.
        film: Film and scanner.
        plate: What lies beside the hand.
        placement: Position and view.
        growth: Children.
        disease: Disease and injury.
        things: What the hand wears or carries.
    """

    hand: PhantomSettings = field(
        default_factory=lambda: PhantomSettings(
            age=(17.0, 90.0),
            adolescent_rate=0.0,
            fill=(0.45, 1.0),
            closed_fingers_rate=0.15,
            crossed_fingers_rate=0.15,
            finger_flexion=28.0,
            shape_variation=1.3,
            collimated_rate=0.0,
            marker_rate=0.0,
        )
    )
    film: FilmSettings = field(default_factory=FilmSettings)
    plate: PlateSettings = field(default_factory=PlateSettings)
    placement: PlacementSettings = field(default_factory=PlacementSettings)
    growth: GrowthSettings = field(default_factory=GrowthSettings)
    disease: DiseaseSettings = field(default_factory=DiseaseSettings)
    things: ThingsSettings = field(default_factory=ThingsSettings)

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise HandboneError(f'WildSettings.{name} is {shown(value)}: give {kind.__name__}')
