"""One synthetic section, drawn in parts of any size."""

import math
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from handbone.masks.packed import class_mask
from handbone.masks.polygons import rasterize
from handbone.masks.rle import encode
from handbone.masks.run_union import unite_runs

from .organs import ORGANS, Color, Organ

GLASS: Color = (243, 241, 244)
NUCLEUS: Color = (96, 62, 132)
VESSEL_WALL: Color = (206, 112, 150)
#: Nuclei per 10,000 pixels between the units.
STROMA_NUCLEI = 6.0
NUCLEUS_RADIUS = (4, 7)
#: Pixels of the file per sample of the fields that vary slowly: outline, stain and fibres.
OUTLINE_STEP, STAIN_STEP, FIBRE_STEP = 500, 300, 24
POINTS = 48
#: Bits after the point of the coordinates that OpenCV draws with.
FRACTION = 4
NOISE = 3.0


class Unit(NamedTuple):
    """A functional tissue unit, or a vessel, which looks alike and is none.

    Attributes:
        outline: (n, 2) float64, x and y in pixels of the section.
        center: x and y.
        radius: Mean radius in pixels.
    """

    outline: np.ndarray
    center: np.ndarray
    radius: float

    def scaled(self, factor: float) -> np.ndarray:
        """Scale the outline about the centre: (n, 2)."""
        return self.center + (self.outline - self.center) * factor


class SectionScene:
    """A section of one organ: glass, tissue, functional units, vessels and nuclei.

    The same seed, number and size give the same section, however it is cut into parts but for the
    grain of single pixels, which is drawn part by part.

    Args:
        seed: Seed of the dataset.
        index: Number of the section; its organ follows from it.
        size: Side of the section in pixels.
    """

    def __init__(self, seed: int, index: int, size: int) -> None:
        self.seed = seed
        self.index = index
        self.size = size
        # each organ in turn, and each once in every fifth section too, as folds take these
        self.organ: Organ = ORGANS[(index + index // len(ORGANS)) % len(ORGANS)]
        random = self._random(0)
        self._outline = _field(random, size, OUTLINE_STEP) - _falloff(size, OUTLINE_STEP)
        self._stain = _field(random, size, STAIN_STEP)
        self._fibres = _field(random, size, FIBRE_STEP)
        self.units, self.vessels = self._place(random)

    def part(self, top: int, left: int, height: int, width: int) -> np.ndarray:
        """Draw a rectangle of the section.

        Args:
            top: Its first row.
            left: Its first column.
            height: Its rows.
            width: Its columns.

        Returns:
            (height, width, 3) RGB, uint8.
        """
        box = (top, left, height, width)
        random = self._random(1, top, left)
        fibres = _sample(self._fibres, FIBRE_STEP, box)
        stain = _sample(self._stain, STAIN_STEP, box)
        shade = 9 * fibres + 6 * stain
        picture = np.array(self.organ.stroma, np.float32) + shade[..., None] * (0.6, 1.2, 0.9)
        picture = picture.clip(0, 255).astype(np.uint8)
        _scatter(picture, None, STROMA_NUCLEI, random)
        for vessel in self._near(self.vessels, box):
            _fill(picture, vessel.outline, box, VESSEL_WALL)
            _fill(picture, vessel.scaled(0.75), box, GLASS)
        for unit in self._near(self.units, box):
            self._draw(picture, unit, box, random)
        tissue = (_sample(self._outline, OUTLINE_STEP, box) * 12 + 0.5).clip(0, 1)[..., None]
        mixed = picture * tissue + np.array(GLASS, np.float32) * (1 - tissue)
        mixed += NOISE * random.standard_normal((height, width, 1), np.float32)
        return np.rint(mixed).clip(0, 255).astype(np.uint8)

    @cached_property
    def runs(self) -> np.ndarray:
        """Runs of all units along columns, int64 (n, 2) of [start, length] from 0."""
        nothing = np.zeros((0, 2), np.int64)
        return unite_runs([nothing, *(self._runs_of(unit) for unit in self.units)])

    def _runs_of(self, unit: Unit) -> np.ndarray:
        low = np.floor(unit.outline.min(axis=0)).astype(int) - 1
        high = np.ceil(unit.outline.max(axis=0)).astype(int) + 2
        low, high = low.clip(0, self.size), high.clip(0, self.size)
        width, height = high - low
        if min(width, height) < 1:
            return np.zeros((0, 2), np.int64)
        drawn = rasterize([(0, unit.outline - low)], int(height), int(width), 1)
        framed = np.zeros((height + 1, width), np.int32)  # so that no run goes on in a column
        framed[:-1] = class_mask(drawn, 0)
        (runs,) = encode(framed, 1, 'F')
        columns, rows = np.divmod(runs[:, 0], height + 1)
        starts = (columns + low[0]) * self.size + rows + low[1]
        return np.column_stack([starts, runs[:, 1]])

    def _draw(
        self,
        picture: np.ndarray,
        unit: Unit,
        box: tuple[int, int, int, int],
        random: np.random.Generator,
    ) -> None:
        organ = self.organ
        _fill(picture, unit.outline, box, organ.rim)
        inner = unit.scaled(1 - organ.rim_width)
        _fill(picture, inner, box, organ.fill)
        if organ.nuclei:
            mask = np.zeros(picture.shape[:2], np.uint8)
            _fill(mask, inner, box, 255)
            _scatter(picture, mask, organ.nuclei, random)
        if organ.lumen:
            _fill(picture, unit.scaled(organ.lumen), box, GLASS)

    def _place(self, random: np.random.Generator) -> tuple[list[Unit], list[Unit]]:
        """Place units and vessels apart from each other, within the tissue."""
        low, high = self.organ.radius
        tries = math.ceil(4 * (self.size / (low + high)) ** 2)
        placed: list[Unit] = []
        vessels: list[Unit] = []
        for attempt in range(tries):
            center = random.uniform(0, self.size, 2)
            radius = random.uniform(low, high)
            kept = attempt % 8  # every eighth is a vessel
            shape = _outline(center, radius, self.organ.lobes if kept else 0.15, random)
            others = placed + vessels
            apart = all(
                np.hypot(*(center - other.center)) > self.organ.distance * (radius + other.radius)
                for other in others
            )
            inside = all(self._shows_tissue(point) for point in (center, *shape[::6]))
            if apart and inside:
                (placed if kept else vessels).append(Unit(shape, center, radius))
        return placed, vessels

    def _shows_tissue(self, point: np.ndarray) -> bool:
        column, row = point.astype(int).tolist()
        return _sample(self._outline, OUTLINE_STEP, (row, column, 1, 1)).item() > 0.05

    def _near(self, units: list[Unit], box: tuple[int, int, int, int]) -> list[Unit]:
        """List the units whose outlines reach a rectangle."""
        top, left, height, width = box
        middle = np.array([left + width / 2, top + height / 2])
        reach = np.array([width, height]) / 2
        return [
            unit
            for unit in units
            if (np.abs(unit.center - middle) <= reach + 2 * unit.radius).all()
        ]

    def _random(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.index, *purpose])


def _outline(
    center: np.ndarray, radius: float, lobes: float, random: np.random.Generator
) -> np.ndarray:
    """Draw a round outline that bulges: (n, 2)."""
    angles = np.linspace(0, 2 * math.pi, POINTS, endpoint=False)
    distance = np.ones(POINTS)
    for order in (2, 3, 5):
        distance += lobes * random.uniform(0, 1) * np.cos(order * angles + random.uniform(0, 7)) / 2
    points = radius * distance[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return center + points


def _field(random: np.random.Generator, size: int, step: int) -> np.ndarray:
    """Draw a field that varies slowly: float32, mean 0.2 and deviation 0.5 or so."""
    samples = size // step + 4
    return (0.25 + 0.5 * random.standard_normal((samples, samples))).astype(np.float32)


def _falloff(size: int, step: int) -> np.ndarray:
    """Make the corners of a section glass: float32, 0 in the middle."""
    samples = (np.arange(size // step + 4) - 1) * step / (size / 2) - 1
    distance = np.hypot(*np.meshgrid(samples, samples))
    return (4 * (distance - 0.85).clip(0)).astype(np.float32)


def _sample(field: np.ndarray, step: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """Interpolate a rectangle of a field: float32 (height, width)."""
    top, left, height, width = box
    matrix = np.array([[1 / step, 0, left / step + 1], [0, 1 / step, top / step + 1]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(field, matrix, (width, height), flags=flags)


def _fill(
    picture: np.ndarray, outline: np.ndarray, box: tuple[int, int, int, int], color: Color | int
) -> None:
    points = np.rint((outline - (box[1], box[0])) * 2**FRACTION).astype(np.int32)
    cv2.fillPoly(picture, [points], color, cv2.LINE_AA, FRACTION)


def _scatter(
    picture: np.ndarray, mask: np.ndarray | None, density: float, random: np.random.Generator
) -> None:
    """Draw nuclei, where a mask has them in the middle."""
    height, width = picture.shape[:2]
    number = random.poisson(density * height * width / 1e4)
    rows, columns = random.integers(0, height, number), random.integers(0, width, number)
    radii = random.integers(*NUCLEUS_RADIUS, number)
    for row, column, radius in zip(rows.tolist(), columns.tolist(), radii.tolist(), strict=True):
        if mask is None or mask[row, column]:
            cv2.circle(picture, (column, row), radius, NUCLEUS, cv2.FILLED, cv2.LINE_AA)
