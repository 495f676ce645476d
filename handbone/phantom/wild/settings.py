"""Settings of wild phantoms: every distribution is a field of one of these classes."""

from dataclasses import dataclass, field

from handbone.errors import HandboneError
from handbone.phantom.settings import PhantomSettings, Range, check_settings
from handbone.phantom.wild.film_settings import FilmSettings, PlateSettings


@dataclass(frozen=True)
class PlacementSettings:
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
        outside_rate: Share of hands that leave the frame.
        outside: Range of the part of the hand beyond the frame, as a share of its size.
        absent_rate: Share of images without a hand, and so without labels.
    """

    upright_rate: float = 0.75
    small_rate: float = 0.25
    small_fill: Range = (0.2, 0.5)
    forearm: Range = (0.0, 130.0)
    oblique_rate: float = 0.3
    obliquity: Range = (8.0, 50.0)
    outside_rate: float = 0.12
    outside: Range = (0.02, 0.35)
    absent_rate: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class GrowthSettings:
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
    """

    infant_rate: float = 0.12
    infant_age: Range = (0.0, 3.0)
    child_rate: float = 0.3
    child_age: Range = (3.0, 17.0)
    bone_age: float = 0.8
    capitate: Range = (0.08, 0.33)
    hamate: Range = (0.1, 0.36)
    triquetrum: Range = (2.0, 3.0)
    lunate: Range = (3.0, 4.0)
    scaphoid: Range = (4.2, 6.0)
    trapezium: Range = (4.0, 6.0)
    trapezoid: Range = (4.1, 6.0)
    pisiform: Range = (9.0, 12.0)
    radius_epiphysis: Range = (0.7, 1.4)
    ulna_epiphysis: Range = (5.5, 7.0)
    finger_epiphyses: Range = (1.0, 3.0)
    fusion: Range = (14.0, 17.0)
    folds_rate: float = 0.5

    def __post_init__(self) -> None:
        check_settings(self)
        if self.infant_rate + self.child_rate > 1.0:
            raise HandboneError(
                f'infant_rate and child_rate are together at most 1, not '
                f'{self.infant_rate + self.child_rate:g}'
            )


@dataclass(frozen=True)
class DiseaseSettings:
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
        missing_rate: Share of hands that have lost parts of one or two fingers.
    """

    slimness: Range = (0.84, 1.14)
    osteopenia_rate: float = 0.15
    osteopenia: Range = (0.45, 0.85)
    dense_rate: float = 0.1
    dense: Range = (1.1, 1.4)
    swelling_rate: float = 0.15
    swelling: Range = (1.2, 1.8)
    narrow_joints_rate: float = 0.15
    narrow_joint_gap: Range = (-0.8, 0.6)
    ulnar_drift_rate: float = 0.08
    ulnar_drift: Range = (8.0, 38.0)
    erosions_rate: float = 0.1
    erosions: Range = (2.0, 16.0)
    erosion_radius: Range = (0.8, 2.6)
    missing_rate: float = 0.05

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class ThingsSettings:
    """What a hand wears or carries, besides rings, varnish and plates. Rates are shares of images.

    Args:
        watch_rate: Share of images with a watch.
        bracelet_rate: Share of images with bracelets.
        cannula_rate: Share of images with a venous cannula and its tube.
        wires_rate: Share of images with long wires through joints, some with bent ends.
        screws_rate: Share of images with screws without a plate.
        fixator_rate: Share of images with an external fixator: pins and a rod beside the hand.
        cast_rate: Share of images with a cast around hand and forearm.
        cast_wall: Range of the thickness of its wall, in millimetres.
        cast_attenuation: Range of the attenuation of one millimetre of it.
        splint_rate: Share of images with a splint, a rail of metal or plaster.
    """

    watch_rate: float = 0.03
    bracelet_rate: float = 0.04
    cannula_rate: float = 0.03
    wires_rate: float = 0.04
    screws_rate: float = 0.02
    fixator_rate: float = 0.015
    cast_rate: float = 0.06
    cast_wall: Range = (3.0, 8.0)
    cast_attenuation: Range = (0.015, 0.05)
    splint_rate: float = 0.04

    def __post_init__(self) -> None:
        check_settings(self)


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
