"""What film, plate and scanner make of an exposure. Nothing here moves a label."""

import cv2
import numpy as np

from handbone.phantom.settings import Range
from handbone.phantom.wild.film_settings import FilmSettings
from handbone.phantom.wild.windows import depth_inside


def uniform(rng: np.random.Generator, bounds: Range) -> float:
    """Draw a number from a range.

    Args:
        rng: Source of randomness.
        bounds: Least and largest value.

    Returns:
        The number, evenly distributed.
    """
    return float(rng.uniform(*bounds))


def whole(rng: np.random.Generator, bounds: Range) -> int:
    """Draw a whole number from a range.

    Args:
        rng: Source of randomness.
        bounds: Least and largest number, rounded.

    Returns:
        The number; all are equally likely.
    """
    return int(rng.integers(round(bounds[0]), round(bounds[1]) + 1))


def tone(
    attenuation: np.ndarray, densest: float, rng: np.random.Generator, film: FilmSettings
) -> np.ndarray:
    """Turn attenuation into grey values of any film.

    Args:
        attenuation: Measured attenuation, float32 array (S, S).
        densest: Attenuation of the densest bone.
        rng: Source of randomness.
        film: Distributions of the film.

    Returns:
        Grey values, mostly 0 to 1, float32 array (S, S).
    """
    air, contrast = uniform(rng, film.air), uniform(rng, film.contrast)
    contrast = min(contrast, 1.05 - air)
    low, high = 0.0, densest
    if rng.random() < film.clipped_rate:
        cut = uniform(rng, film.clipped) * high
        share = rng.random()
        low, high = cut * share, high - cut * (1.0 - share)
    grey = (attenuation - np.float32(low)) * np.float32(1.0 / (high - low))
    np.clip(grey, 0.0, 1.25, out=grey)
    cv2.pow(grey, uniform(rng, film.gamma), grey)
    grey *= np.float32(contrast)
    grey += np.float32(air)
    return grey


def lay_over(
    image: np.ndarray,
    below: np.ndarray | float,
    corners: np.ndarray,
    rng: np.random.Generator,
    film: FilmSettings,
) -> np.ndarray:
    """Show an image inside a polygon and something else outside, with a soft edge between them.

    Args:
        image: Grey values inside, float32 array (S, S).
        below: Grey values outside, likewise, or one value.
        corners: Corners of the polygon in pixels, clockwise as seen in the image.
        rng: Source of randomness.
        film: Distributions of the film.

    Returns:
        Grey values, float32 array (S, S).
    """
    size = image.shape[0]
    depth = depth_inside(corners, size)
    soft = max(1.0, uniform(rng, film.penumbra) * size)
    share = np.clip(depth * np.float32(1.0 / soft) + np.float32(0.5), 0.0, 1.0)
    result: np.ndarray = below + (image - below) * share
    if rng.random() < film.edge_rate:
        width = max(0.7, uniform(rng, film.edge_width) * size)
        offset = np.float32(uniform(rng, (-1.5, 1.5)) * width)
        result += np.float32(uniform(rng, film.edge_grey)) * cv2.exp(
            -(((depth - offset) * np.float32(1.0 / width)) ** 2)
        )
    return result


def shade(image: np.ndarray, rng: np.random.Generator, film: FilmSettings) -> None:
    """Add vignetting and broad clouds.

    Args:
        image: Grey values, float32 array (S, S), changed in place.
        rng: Source of randomness.
        film: Distributions of the film.
    """
    coarse = 64
    places = (np.arange(coarse) + 0.5) / coarse - rng.uniform(0.35, 0.65, (2, 1))
    radius = (places[0] ** 2)[:, None] + (places[1] ** 2)[None, :]
    factor = 1.0 - 2.0 * uniform(rng, film.vignetting) * radius
    clouds = cv2.GaussianBlur(rng.standard_normal((coarse, coarse)), (0, 0), rng.uniform(4.0, 16.0))
    contrast = uniform(rng, film.clouds) / max(float(clouds.std()), 1e-9)
    shape = image.shape[::-1]
    image *= cv2.resize(factor.astype(np.float32), shape, interpolation=cv2.INTER_LINEAR)
    shades = (clouds * contrast).astype(np.float32)
    image += cv2.resize(shades, shape, interpolation=cv2.INTER_LINEAR)


def soil(image: np.ndarray, rng: np.random.Generator, film: FilmSettings) -> None:
    """Add dust, scratches and burnt-in text.

    Args:
        image: Grey values, float32 array (S, S), changed in place.
        rng: Source of randomness.
        film: Distributions of the film.
    """
    size = image.shape[0]
    marks = np.zeros((size, size), np.uint8)
    if rng.random() < film.dust_rate:
        for _ in range(round(uniform(rng, film.dust))):
            centre, radius = rng.uniform(0, size, 2), rng.exponential(film.dust_radius) * size + 0.4
            _stroke(marks, [centre, centre + rng.normal(size=2) * radius], 2.0 * radius, rng)
    if rng.random() < film.scratch_rate:
        for _ in range(round(uniform(rng, film.scratches))):
            start = rng.uniform(0, size, 2)
            bend = np.cumsum(rng.normal(size=(6, 2)) * 0.01 + rng.normal(size=2) * 0.03, axis=0)
            _stroke(
                marks,
                [start, *(start + bend * size)],
                rng.exponential(film.scratch_width) * size,
                rng,
            )
    if marks.any():
        image += marks * np.float32(rng.choice((-1.0, 1.0)) * uniform(rng, film.dirt_grey) / 255.0)
    if rng.random() < film.text_rate:
        _burn_in(image, rng, uniform(rng, film.text_height) * size)


def scan(image: np.ndarray, rng: np.random.Generator, film: FilmSettings) -> np.ndarray:
    """Digitise a film: blur, grain, inversion, JPEG and steps of grey.

    Args:
        image: Grey values, float32 array (S, S), changed in place.
        rng: Source of randomness.
        film: Distributions of the film.

    Returns:
        Grey values, uint8 array (S, S).
    """
    size = image.shape[0]
    blur = uniform(rng, film.blur) * size
    if blur > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    grain = rng.standard_normal(image.shape, dtype=np.float32)
    if rng.random() < film.blurred_grain_rate:
        grain = cv2.GaussianBlur(grain, (0, 0), max(0.4, 0.0006 * size)) * np.float32(2.0)
    image += grain * np.float32(uniform(rng, film.grain))
    if rng.random() < film.inverted_rate:
        np.subtract(1.0, image, out=image)
    np.clip(image, 0.0, 1.0, out=image)
    if rng.random() < film.steps_rate:
        steps = np.float32(round(uniform(rng, film.steps)) - 1)
        image = np.rint(image * steps) / steps
    pixels = np.rint(image * np.float32(255.0)).astype(np.uint8)
    if rng.random() < film.jpeg_rate:
        quality = round(uniform(rng, film.jpeg_quality))
        _, coded = cv2.imencode('.jpg', pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return pixels


def _stroke(
    marks: np.ndarray, points: list[np.ndarray], width: float, rng: np.random.Generator
) -> None:
    """Draw a line with smooth edges; it is as faint as it would be if thinner than a pixel."""
    strength = round(255 * min(1.0, max(0.25, width)) * rng.uniform(0.3, 1.0))
    line = np.rint(np.array(points) * 16.0).astype(np.int32)
    cv2.polylines(marks, [line], False, strength, max(1, round(width)), cv2.LINE_AA, 4)


def _burn_in(image: np.ndarray, rng: np.random.Generator, height: float) -> None:
    """Write lines of text at a corner, as viewers and scanners do."""
    size = image.shape[0]
    marks = np.zeros((size, size), np.uint8)
    font = int(rng.choice((cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX)))
    x = rng.uniform(0.01, 0.7) * size
    y = rng.choice((0.02, 0.78)) * size + height
    for _ in range(int(rng.integers(1, 6))):
        text = random_text(rng)
        place = (round(x), round(y))
        cv2.putText(marks, text, place, font, height / 22.0, 255, max(1, round(height / 12)), 16)
        y += 1.5 * height
    shown = marks * np.float32(1.0 / 255.0)
    image += (np.float32(rng.choice((0.0, 1.0, 1.0))) - image) * shown


def random_text(rng: np.random.Generator) -> str:
    """Make up a line of text: initials, a date, a number or a word of the trade.

    Args:
        rng: Source of randomness.

    Returns:
        The line.
    """
    letters = ''.join(rng.choice(list('ABCDEFGHJKLMNPRSTUVWZ'), int(rng.integers(1, 4))))
    day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1970, 2026)
    number = int(rng.integers(1, 10**7))
    words = ('PA', 'AP', 'OBL', 'LEFT', 'RIGHT', 'HAND PA', 'WRIST', '55 KV', '2.5 MAS', 'PORTABLE')
    kinds = (letters, f'{day:02d}.{month:02d}.{year}', str(number), f'{letters} {number}')
    return str(rng.choice((*kinds, *words)))
