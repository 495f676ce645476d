"""Settings of the phantom generator."""

from dataclasses import dataclass

from handbone.errors import HandboneError

Range = tuple[float, float]


def check_settings(settings: object) -> None:
    """Check the rates and ranges of a dataclass of settings.

    Args:
        settings: The dataclass. Fields ending in ``_rate`` are shares, tuples are ranges.

    Raises:
        HandboneError: If a rate is not from 0 to 1, or a range is the wrong way round.
    """
    for name, value in vars(settings).items():
        if name.endswith('_rate') and not 0.0 <= value <= 1.0:
            raise HandboneError(f'{name} is a share from 0 to 1, not {value}')
        if isinstance(value, tuple) and value[0] > value[1]:
            raise HandboneError(f'{name} is a range (low, high), not {value}')


@dataclass(frozen=True)
class PhantomSettings:
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
        finger_flexion: Largest flexion of a finger joint, in degrees, which foreshortens bones.
        shape_variation: Factor on the random variation of every outline.
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

    age: Range = (19.0, 78.0)
    female_rate: float = 0.5
    adolescent_rate: float = 0.04
    bent_wrist_rate: float = 0.3
    bend: Range = (15.0, 60.0)
    straight_bend: float = 8.0
    turn: float = 30.0
    fill: Range = (0.6, 1.0)
    closed_fingers_rate: float = 0.12
    crossed_fingers_rate: float = 0.08
    finger_flexion: float = 22.0
    shape_variation: float = 1.0
    low_dose_rate: float = 0.2
    photons: Range = (700.0, 2500.0)
    low_dose_photons: Range = (60.0, 200.0)
    scatter: Range = (0.08, 0.30)
    collimated_rate: float = 0.4
    marker_rate: float = 0.85
    ring_rate: float = 0.06
    nail_art_rate: float = 0.06
    pin_rate: float = 0.04

    def __post_init__(self) -> None:
        check_settings(self)
        if not 0.0 < self.fill[0] <= self.fill[1] <= 1.0:
            raise HandboneError(f'fill lies above 0 and up to 1, not {self.fill}')
