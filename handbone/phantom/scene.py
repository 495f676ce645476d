"""What is decided before pixels are drawn, and what comes out."""

from dataclasses import dataclass

import numpy as np

from handbone.phantom.anatomy import Anatomy
from handbone.phantom.exposure import Exposure
from handbone.phantom.frame import Frame
from handbone.phantom.patient import Patient
from handbone.phantom.pose import Pose
from handbone.phantom.skeleton import Skeleton


@dataclass(frozen=True)
class Phantom:
    """A synthetic radiograph with its annotations.

    Args:
        image: Grey values, uint8 array (size, size).
        polygons: Class name and outline in pixels, float array (n, 2) of (x, y) in quarter pixels;
            integers are pixel centres. One polygon for each bone seen, in class order; a bone of a
            wild phantom may consist of several.
        patient: The patient.
        side: 'R' or 'L'.
        pose: The pose of the hand.
        exposure: How the image was taken.
    """

    image: np.ndarray
    polygons: list[tuple[str, np.ndarray]]
    patient: Patient
    side: str
    pose: Pose
    exposure: Exposure


@dataclass(frozen=True)
class Scene:
    """Everything that is decided before pixels are drawn.

    Args:
        patient: The patient.
        anatomy: The shape of the bones.
        pose: The pose of the hand.
        exposure: How the image is taken.
        side: 'R' or 'L'.
        skeleton: The posed bones in millimetres.
        frame: Where the hand lies in the image.
        outlines: Complete outline of each bone in pixels, which may extend beyond the image.
        polygons: As in :class:`Phantom`.
    """

    patient: Patient
    anatomy: Anatomy
    pose: Pose
    exposure: Exposure
    side: str
    skeleton: Skeleton
    frame: Frame
    outlines: dict[str, np.ndarray]
    polygons: list[tuple[str, np.ndarray]]


def random_stream(seed: int, number: int, purpose: int) -> np.random.Generator:
    """Make an independent source of randomness, so that one part can change without the others.

    Args:
        seed: Seed of the dataset.
        number: Number of the image or of the patient.
        purpose: What is drawn from it.

    Returns:
        The source of randomness.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number, purpose])))
