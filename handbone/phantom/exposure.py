"""From attenuation to grey values: scatter, noise, collimator and display curve."""

from dataclasses import dataclass

import cv2
import numpy as np

from handbone.phantom.settings import PhantomSettings

#: Attenuation of one millimetre of soft tissue and of (net) cortical bone at hand exposures.
SOFT_TISSUE = 0.024
BONE = 0.115


@dataclass(frozen=True)
class Exposure:
    """How an image is taken and displayed.

    Args:
        low_dose: Whether the dose was low.
        photons: Detected photons per pixel of a 2048 x 2048 image without patient.
        scatter: Ratio of scattered to primary radiation.
        window: Attenuation shown as black and as white.
        gamma: Exponent of the display curve.
        sharpening: Strength of the edge enhancement.
        blur: Blur by focal spot and detector, in pixels of a 2048 x 2048 image.
        collimated: Whether collimator edges are visible.
        collimator: Position of its left, top, right and bottom edge in the free room around the
            hand, 0 at the frame to 1 at the hand.
        marker: Whether a lead letter marks the side.
        marker_place: Position of the marker as shares of width and height, and its rotation in
            degrees.
    """

    low_dose: bool
    photons: float
    scatter: float
    window: tuple[float, float]
    gamma: float
    sharpening: float
    blur: float
    collimated: bool
    collimator: tuple[float, ...]
    marker: bool
    marker_place: tuple[float, float, float]


def sample_exposure(rng: np.random.Generator, settings: PhantomSettings) -> Exposure:
    """Draw an exposure.

    Args:
        rng: Source of randomness.
        settings: Distributions to draw from.

    Returns:
        The exposure.
    """
    low_dose = bool(rng.random() < settings.low_dose_rate)
    photons = settings.low_dose_photons if low_dose else settings.photons
    return Exposure(
        low_dose=low_dose,
        photons=float(np.exp(rng.uniform(*np.log(photons)))),
        scatter=float(rng.uniform(*settings.scatter)),
        window=(float(rng.uniform(-0.02, 0.10)), float(rng.uniform(1.45, 1.95))),
        gamma=float(rng.uniform(0.8, 1.2)),
        sharpening=float(rng.uniform(0.2, 0.9)),
        blur=float(rng.uniform(0.7, 1.3)),
        collimated=bool(rng.random() < settings.collimated_rate),
        collimator=tuple(float(v) for v in rng.random(4) * 0.8),
        marker=bool(rng.random() < settings.marker_rate),
        marker_place=(
            float(rng.uniform(0.05, 0.13)),
            float(rng.uniform(0.05, 0.25)),
            float(rng.normal() * 6.0),
        ),
    )


def expose(attenuation: np.ndarray, exposure: Exposure, rng: np.random.Generator) -> np.ndarray:
    """Simulate the exposure and the readout of the detector.

    Args:
        attenuation: Line integral of attenuation, float32 array (S, S). Changed in place.
        exposure: Physical settings.
        rng: Source of the noise.

    Returns:
        Measured attenuation -log(I / I0), float32 array (S, S).
    """
    size = attenuation.shape[0]
    primary: np.ndarray = cv2.exp(-attenuation)
    coarse = cv2.resize(primary, (size // 16, size // 16), interpolation=cv2.INTER_AREA)
    haze = cv2.GaussianBlur(coarse, (0, 0), 128.0 / 24.0) * exposure.scatter
    primary += cv2.resize(haze, (size, size), interpolation=cv2.INTER_LINEAR)
    blur = exposure.blur * size / 2048.0
    if blur > 0.3:
        primary = cv2.GaussianBlur(primary, (0, 0), blur)
    noise = rng.standard_normal(primary.shape, dtype=np.float32)
    # A pixel of a smaller image collects the photons of several pixels.
    photons = exposure.photons * (2048.0 / size) ** 2
    noise *= cv2.sqrt(primary * np.float32(1.0 / photons))
    primary += noise
    np.maximum(primary, 1e-3, out=primary)
    measured: np.ndarray = cv2.log(primary)
    measured *= -1.0
    measured += np.float32(np.log1p(exposure.scatter))
    return measured


def enhance_edges(measured: np.ndarray, sharpening: float) -> np.ndarray:
    """Enhance edges as the software of a detector does.

    Args:
        measured: From :func:`expose`.
        sharpening: Strength, 0 for none.

    Returns:
        Attenuation with overshooting edges, float32 array (S, S).
    """
    size = measured.shape[0]
    coarse = cv2.resize(measured, (size // 4, size // 4), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), 4.0 * size / 2048.0)
    smooth = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR)
    return cv2.addWeighted(measured, 1.0 + sharpening, smooth, -sharpening, 0.0)


def develop(measured: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Turn measured attenuation into grey values, with edge enhancement and display curve.

    Args:
        measured: From :func:`expose`.
        exposure: Display settings.

    Returns:
        Grey values, uint8 array (S, S).
    """
    sharp = enhance_edges(measured, exposure.sharpening)
    black, white = exposure.window
    codes = cv2.convertScaleAbs(np.maximum(sharp - black, 0.0), alpha=255.0 / (white - black))
    steps = np.linspace(0.0, 1.0, 256) ** exposure.gamma
    # The shoulder of the curve keeps dense carpals from saturating.
    curve = steps * (1.0 + 0.25 * (1.0 - steps))
    return cv2.LUT(codes, np.clip(np.rint(curve * 255.0), 0, 255).astype(np.uint8))
