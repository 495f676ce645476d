"""What lies on the plate beside the hand: markers, text, discs, wires, tape, wedges, cushions."""

from collections.abc import Callable

import cv2
import numpy as np

from handbone.phantom.accessories import LEAD, Drawing
from handbone.phantom.wild.film import random_text, uniform, whole
from handbone.phantom.wild.film_settings import PlateSettings

_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_PLAIN,
)


class Plate:
    """A canvas, and the places on it that are still free.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        field: Corners of the exposed field in pixels, shape (4, 2).
        settings: Distributions of the objects.
        rng: Source of randomness.
    """

    def __init__(
        self,
        canvas: np.ndarray,
        field: np.ndarray,
        settings: PlateSettings,
        rng: np.random.Generator,
    ) -> None:
        self.canvas = canvas
        self.drawing = Drawing(canvas)
        self.size = canvas.shape[0]
        self.settings = settings
        self.rng = rng
        self.low = np.clip(field.min(axis=0), 0, self.size - 1)
        self.high = np.clip(field.max(axis=0), 1, self.size)
        self._covered = cv2.resize(canvas, (64, 64), interpolation=cv2.INTER_AREA)

    def free_place(self, reach: float) -> np.ndarray:
        """Find a place that covers little of the hand.

        Args:
            reach: Radius of the object in pixels.

        Returns:
            Its centre (x, y) in pixels.
        """
        places = self.rng.uniform(self.low, np.maximum(self.high, self.low + 1.0), (12, 2))
        if self.rng.random() < self.settings.on_hand_rate:
            return places[0]
        scale = 64.0 / self.size

        def covered(place: np.ndarray) -> float:
            x, y = (place * scale).astype(int)
            r = int(reach * scale) + 1
            return float(self._covered[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1].max())

        return min(places, key=covered)

    def stamp(self, mask: np.ndarray, centre: np.ndarray, angle: float, value: float) -> None:
        """Add a turned mask.

        Args:
            mask: Uint8 array (h, w), 255 where the object is.
            centre: Where its middle lies, in pixels.
            angle: Turn in degrees.
            value: Attenuation.
        """
        height, width = mask.shape
        reach = int(np.hypot(height, width) / 2) + 2
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
        matrix[0, 2] += reach - width / 2
        matrix[1, 2] += reach - height / 2
        turned = cv2.warpAffine(mask, matrix, (2 * reach, 2 * reach), flags=cv2.INTER_LINEAR)
        x, y = np.rint(centre).astype(int) - reach
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + 2 * reach, self.size), min(y + 2 * reach, self.size)
        if right > left and bottom > top:
            part = turned[top - y : bottom - y, left - x : right - x]
            self.canvas[top:bottom, left:right] += part * np.float32(value / 255.0)


def add_plate(
    canvas: np.ndarray,
    field: np.ndarray,
    side: str,
    settings: PlateSettings,
    rng: np.random.Generator,
) -> None:
    """Lay objects on the plate.

    Args:
        canvas: Attenuation, float32 array (S, S), changed in place.
        field: Corners of the exposed field in pixels, shape (4, 2).
        side: 'R' or 'L'.
        settings: Distributions of the objects.
        rng: Source of randomness.
    """
    plate = Plate(canvas, field, settings, rng)
    objects: list[tuple[float, Callable[[], None]]] = [
        (settings.holder_rate, lambda: _add_holder(plate)),
        (settings.tape_rate, lambda: _add_tape(plate)),
        (settings.wire_rate, lambda: _add_wire(plate)),
        (settings.wedge_rate, lambda: _add_wedge(plate)),
        (settings.disc_rate, lambda: _add_discs(plate)),
        (settings.text_rate, lambda: _add_text(plate)),
        (settings.marker_rate, lambda: _add_marker(plate, side)),
    ]
    for rate, add in objects:
        if rng.random() < rate:
            add()


def _letters(text: str, height: float, rng: np.random.Generator) -> np.ndarray:
    """Draw text, uint8 array whose capital letters have the given height in pixels."""
    font = int(rng.choice(_FONTS))
    height = max(height, 5.0)
    thickness = max(1, round(height * rng.uniform(0.08, 0.24)))
    scale = cv2.getFontScaleFromHeight(font, max(1, round(height)), thickness)
    (width, ascent), descent = cv2.getTextSize(text, font, scale, thickness)
    mask = np.zeros((ascent + descent + 2 * thickness, width + 2 * thickness), np.uint8)
    cv2.putText(mask, text, (thickness, ascent + thickness), font, scale, 255, thickness, 16)
    return mask


def _sample_angle(rng: np.random.Generator) -> float:
    """Mostly a little crooked, sometimes a quarter or any turn; degrees."""
    angle = rng.normal() * 8.0
    chance = rng.random()
    if chance < 0.25:
        return angle + 90.0 * rng.integers(1, 4)
    return rng.uniform(0.0, 360.0) if chance < 0.4 else angle


def _add_marker(plate: Plate, side: str) -> None:
    """Add the letter of the side, bare or on a board."""
    rng, settings = plate.rng, plate.settings
    height = uniform(rng, settings.marker_height) * plate.size
    letter = _letters(side, height, rng)
    if rng.random() >= settings.board_rate:
        plate.stamp(letter, plate.free_place(height), _sample_angle(rng), LEAD)
        return
    margin = int(height * rng.uniform(0.15, 0.6)) + 1
    small = _letters(random_text(rng), height * rng.uniform(0.25, 0.45), rng)
    if rng.random() < 0.4:
        small = np.ascontiguousarray(np.rot90(small))
    inscription = (
        _beside(letter, small, margin // 2) if rng.random() < settings.board_text_rate else letter
    )
    lead = np.pad(inscription, margin)
    board = np.full(lead.shape, 255, np.uint8)
    if rng.random() < settings.framed_rate:
        border = max(1, margin // 4)
        cv2.rectangle(lead, (0, 0), (lead.shape[1] - 1, lead.shape[0] - 1), 255, border)
    place = plate.free_place(max(board.shape) / 2)
    angle = _sample_angle(rng)
    if rng.random() < settings.cut_out_rate:
        # Letters cut out of a sheet of lead.
        plate.stamp(255 - lead, place, angle, uniform(rng, (0.8, LEAD)))
        return
    plate.stamp(board, place, angle, uniform(rng, (0.03, 0.9)))
    plate.stamp(lead, place, angle, LEAD)


def _beside(first: np.ndarray, second: np.ndarray, gap: int) -> np.ndarray:
    """Put two masks side by side."""
    height = max(first.shape[0], second.shape[0])
    parts = [np.pad(part, ((0, height - part.shape[0]), (0, gap))) for part in (first, second)]
    return np.concatenate(parts, axis=1)


def _add_text(plate: Plate) -> None:
    """Add lead letters such as initials or a date."""
    rng = plate.rng
    letters = _letters(random_text(rng), uniform(rng, plate.settings.text_height) * plate.size, rng)
    place = plate.free_place(max(letters.shape) / 2)
    plate.stamp(letters, place, _sample_angle(rng), uniform(rng, (0.5, LEAD)))


def _add_discs(plate: Plate) -> None:
    """Add coins or balls, some with a hole."""
    rng, settings = plate.rng, plate.settings
    radius = uniform(rng, settings.disc_radius) * plate.size
    value = uniform(rng, settings.disc_attenuation)
    hollow = rng.random() < settings.ring_rate
    for _ in range(whole(rng, settings.discs)):
        centre = plate.free_place(radius)
        turn = np.linspace(0.0, 2.0 * np.pi, 48)
        circle = np.stack([np.cos(turn), np.sin(turn)], axis=1) * radius + centre
        if hollow:
            plate.drawing.line(circle, max(1.0, 0.3 * radius), value)
        else:
            plate.drawing.polygon(circle, value)


def _add_wire(plate: Plate) -> None:
    """Add a wire or a cable across the plate."""
    rng = plate.rng
    ends = rng.uniform(-0.1, 1.1, (4, 2)) * plate.size
    t = np.linspace(0.0, 1.0, 60)[:, None]
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    curve = sum(weight * end for weight, end in zip(weights, ends, strict=True))
    width = uniform(rng, plate.settings.wire_width) * plate.size
    plate.drawing.line(
        np.asarray(curve), max(0.8, width), uniform(rng, plate.settings.wire_attenuation)
    )


def _add_tape(plate: Plate) -> None:
    """Add one or two translucent strips."""
    rng, settings = plate.rng, plate.settings
    for _ in range(whole(rng, settings.tapes)):
        centre, angle = plate.free_place(0.05 * plate.size), rng.uniform(0.0, np.pi)
        half = 0.5 * uniform(rng, settings.tape_length)
        along = np.array([np.cos(angle), np.sin(angle)]) * half * plate.size
        strip = np.array([centre - along, centre, centre + along])
        width = uniform(rng, settings.tape_width) * plate.size
        plate.drawing.line(strip, width, uniform(rng, settings.tape_attenuation))


def _add_wedge(plate: Plate) -> None:
    """Add a step wedge, with which exposures are compared."""
    rng, settings = plate.rng, plate.settings
    steps = whole(rng, settings.wedge_steps)
    length = uniform(rng, settings.wedge_length) * plate.size
    width = uniform(rng, settings.wedge_width) * plate.size
    ramp = np.repeat(np.linspace(0.0, 255.0, steps).astype(np.uint8), max(1, int(length / steps)))
    mask = np.repeat(ramp[:, None], max(2, int(width)), axis=1)
    place = plate.free_place(length / 2)
    angle = 90.0 * rng.integers(0, 4) + rng.normal() * 2.0
    plate.stamp(mask, place, angle, uniform(rng, settings.wedge_attenuation))


def _add_holder(plate: Plate) -> None:
    """Add the faint, blurred shade of a cushion or of a hand that holds."""
    rng, settings, coarse = plate.rng, plate.settings, 64
    shade = np.zeros((coarse, coarse), np.float32)
    low, high = settings.holder_size
    centre, axes = rng.uniform(0, coarse, 2), rng.uniform(low * coarse, high * coarse, 2)
    box = (tuple(centre.tolist()), tuple(axes.tolist()), float(rng.uniform(0.0, 180.0)))
    if rng.random() < 0.5:
        cv2.ellipse(shade, box, 1.0, -1)
    else:
        cv2.fillConvexPoly(shade, np.rint(cv2.boxPoints(box)).astype(np.int32), 1.0)
    shade = cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.5, 4.0)) * np.float32(
        uniform(rng, settings.holder_attenuation)
    )
    shape = plate.canvas.shape[::-1]
    plate.canvas += cv2.resize(shade, shape, interpolation=cv2.INTER_CUBIC).clip(0.0)
