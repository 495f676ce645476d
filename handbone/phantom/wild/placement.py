"""Where the hand lies, and which part of the image is exposed. All lengths are pixels."""

from dataclasses import dataclass, replace

import numpy as np

from handbone.phantom.anatomy import Anatomy
from handbone.phantom.exposure import Exposure
from handbone.phantom.frame import Frame, place_hand
from handbone.phantom.outlines import FOREARM_END
from handbone.phantom.pose import Pose
from handbone.phantom.skeleton import Skeleton
from handbone.phantom.soft_tissue import hand_extent
from handbone.phantom.wild.film import uniform
from handbone.phantom.wild.film_settings import FilmSettings
from handbone.phantom.wild.settings import PlacementSettings
from handbone.phantom.wild.windows import frame_window, parts_inside


@dataclass(frozen=True)
class Windows:
    """The part of the image in which the hand can be seen.

    Args:
        field: Corners of the exposed field, clockwise, shape (4, 2); None if its edges are not in
            the image.
        sheet: Corners of the sheet or cassette, likewise.
    """

    field: np.ndarray | None
    sheet: np.ndarray | None

    def parts(self, outline: np.ndarray, size: int) -> list[np.ndarray]:
        """Cut an outline at field, sheet and frame.

        Args:
            outline: Pixels, shape (n, 2).
            size: Side of the image in pixels.

        Returns:
            Outlines of the visible parts in quarter pixels, shape (m, 2) each.
        """
        parts = [outline]
        for corners in (self.field, self.sheet, frame_window(size)):
            if corners is not None:
                parts = [kept for part in parts for kept in parts_inside(part, corners)]
        rounded = [np.rint(part * 4.0) / 4.0 for part in parts]
        return [part for part in rounded if len(np.unique(part, axis=0)) >= 3]


def vary_placement(rng: np.random.Generator, pose: Pose, placement: PlacementSettings) -> Pose:
    """Turn some hands by any angle, and make some small.

    Args:
        rng: Source of randomness.
        pose: The pose of an upright hand.
        placement: Distributions of the placement.

    Returns:
        The pose in the image.
    """
    turn = uniform(rng, (-180.0, 180.0))
    if rng.random() >= placement.upright_rate:
        pose = replace(pose, turn=turn)
    fill = uniform(rng, placement.small_fill)
    return replace(pose, fill=fill) if rng.random() < placement.small_rate else pose


def sample_view(rng: np.random.Generator, placement: PlacementSettings) -> float:
    """Draw from where the hand is seen.

    Args:
        rng: Source of randomness.
        placement: Distributions of the placement.

    Returns:
        Turn about the long axis in degrees, positive if the thumb side is lifted; 0 if straight.
    """
    angle = uniform(rng, placement.obliquity) * float(rng.choice((-1.0, 1.0)))
    return angle if rng.random() < placement.oblique_rate else 0.0


def sample_frame(
    rng: np.random.Generator,
    skeleton: Skeleton,
    anatomy: Anatomy,
    pose: Pose,
    exposure: Exposure,
    mirrored: bool,
    size: int,
    placement: PlacementSettings,
) -> Frame:
    """Place a hand in the image, now and then partly outside.

    Args:
        rng: Source of randomness.
        skeleton: The posed bones.
        anatomy: The shape of the patient's hand.
        pose: Rotation, share of the image and position.
        exposure: How the image is taken.
        mirrored: Whether it is a left hand.
        size: Side of the image in pixels.
        placement: Distributions of the placement.

    Returns:
        The frame.
    """
    forearm = uniform(rng, placement.forearm)
    frame = place_hand(skeleton, anatomy, pose, exposure, mirrored, size, forearm)
    leaves, beyond, angle = (
        rng.random(),
        uniform(rng, placement.outside),
        uniform(rng, (0.0, 2 * np.pi)),
    )
    if leaves >= placement.outside_rate:
        return frame
    # From where it lies to the frame, and then the share of the hand that disappears.
    left, top, right, bottom = frame.extent
    direction = np.array([np.cos(angle), np.sin(angle)])
    room = np.where(direction > 0, (size - 1 - right, size - 1 - bottom), (left, top))
    travel = (room + beyond * np.array([right - left, bottom - top])) / np.maximum(
        np.abs(direction), 1e-6
    )
    shift = direction * travel.min()
    extent = (left + shift[0], top + shift[1], right + shift[0], bottom + shift[1])
    return replace(frame, origin=frame.origin + shift, extent=extent)


def sample_windows(
    rng: np.random.Generator,
    skeleton: Skeleton,
    anatomy: Anatomy,
    frame: Frame,
    film: FilmSettings,
) -> Windows:
    """Draw the exposed field around a hand, and the sheet.

    Args:
        rng: Source of randomness.
        skeleton: The posed bones.
        anatomy: The shape of the patient's hand.
        frame: Where the hand lies.
        film: Distributions of the film.

    Returns:
        The windows.
    """
    circles = hand_extent(skeleton, anatomy.scale, anatomy.flesh, 25.0)
    centres = frame.project(np.array([centre for centre, _ in circles]))
    radii = np.array([radius for _, radius in circles])[:, None] * frame.pixels_per_mm
    field = _sample_field(rng, centres, radii, film)
    _, far = skeleton.wrist
    end = frame.project(far[None] * (FOREARM_END + 50.0) / FOREARM_END)[0]
    ends_inside = bool(np.all((end > -0.1 * frame.size) & (end < 1.1 * frame.size)))
    collimated = rng.random() < film.collimated_rate or ends_inside
    sheet = _sample_sheet(rng, frame.size, film)
    return Windows(field if collimated else None, sheet if rng.random() < film.sheet_rate else None)


def sample_halves(
    rng: np.random.Generator, size: int, film: FilmSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Divide a film between two exposures.

    Args:
        rng: Source of randomness.
        size: Side of the image in pixels.
        film: Distributions of the film.

    Returns:
        Corners of both fields, shape (4, 2) each.
    """
    gap, border, split = (
        uniform(rng, film.exposure_gap),
        uniform(rng, film.exposure_border),
        uniform(rng, film.exposure_split),
    )
    small = replace(film, turned_rate=0.0)
    axes, middle = _turn(rng, small), np.full(2, (size - 1) / 2.0)
    along = int(rng.integers(0, 2))
    halves = []
    for start, end in ((border, split - gap), (split + gap, 1.0 - border)):
        low, high = np.full(2, border), np.full(2, 1.0 - border)
        low[along], high[along] = start, end
        shift = middle @ axes.T - size / 2.0
        halves.append(_rectangle(axes, low * size + shift, high * size + shift))
    first = int(rng.integers(0, 2))
    return halves[first], halves[1 - first]


def fit_exposure(pose: Pose, film: FilmSettings, smallest: float) -> Pose:
    """Make a hand smaller that has only a part of the film.

    Args:
        pose: The pose of a hand that is alone on its film.
        film: Distributions of the film.
        smallest: Share of the frame that any hand fills. Hands that would fill less, and fit as
            they are, keep their size.

    Returns:
        The pose in its part of the film.
    """
    fill = film.exposure_scale * pose.fill
    fits = pose.fill <= film.exposure_scale
    return pose if fill < smallest and fits else replace(pose, fill=fill)


def move_into(frame: Frame, field: np.ndarray, place: tuple[float, float]) -> Frame:
    """Move a hand into a field.

    Args:
        frame: Where the hand lies.
        field: Corners of the field in pixels.
        place: Position in the free space of the field, (0, 0) top left to (1, 1).

    Returns:
        The frame there.
    """
    left, top, right, bottom = frame.extent
    low, high = field.min(axis=0), field.max(axis=0)
    room = high - low - (right - left, bottom - top)
    shift = low + room * np.array(place) - (left, top)
    extent = (left + shift[0], top + shift[1], right + shift[0], bottom + shift[1])
    return replace(frame, origin=frame.origin + shift, extent=extent)


def _turn(rng: np.random.Generator, film: FilmSettings) -> np.ndarray:
    """Axes of a turned rectangle, shape (2, 2)."""
    largest = film.field_turn if rng.random() < film.turned_rate else min(3.0, film.field_turn)
    angle = np.radians(rng.uniform(-largest, largest))
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def _rectangle(axes: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Corners of a rectangle given along turned axes, clockwise, in quarter pixels."""
    corners = np.array([(low[0], high[1]), low, (high[0], low[1]), high])
    return np.rint(corners @ axes * 4.0) / 4.0


def _sample_field(
    rng: np.random.Generator, centres: np.ndarray, radii: np.ndarray, film: FilmSettings
) -> np.ndarray:
    """Draw a rectangle around circles."""
    axes = _turn(rng, film)
    along = centres @ axes.T
    low, high = (along - radii).min(axis=0), (along + radii).max(axis=0)
    margins = np.array([uniform(rng, film.field_margin) for _ in range(4)])
    margins *= uniform(rng, film.margin_factor)
    if rng.random() < film.cut_rate:
        margins[rng.integers(0, 4)] = -uniform(rng, film.cut)
    margins *= float((high - low).max())
    return _rectangle(axes, low - margins[:2], high + margins[2:])


def _sample_sheet(rng: np.random.Generator, size: int, film: FilmSettings) -> np.ndarray:
    """Draw the edges of the sheet, a rectangle about as large as the image."""
    axes = _turn(rng, film)
    middle = np.full(2, (size - 1) / 2.0)
    margins = np.array([uniform(rng, film.sheet_margin) for _ in range(4)]) * size
    low, high = middle @ axes.T - size / 2.0 + margins[:2], middle @ axes.T + size / 2.0
    return _rectangle(axes, low, high - margins[2:])
