"""What is measured once on every image and stays in memory: a few kilobytes."""

from dataclasses import dataclass, field

import numpy as np

from handbone.radiographs.file_header import FileHeader

from .finding import Box


@dataclass(frozen=True)
class Pixels:
    """Measurements of the grey values of an image.

    Attributes:
        digest: Hash of size and grey values; equal for equal images.
        thumbnail: float16 (T, T), the whole image, values from 0 to 255.
        depth: Bits per value in memory, 8 or more.
        low: 1st percentile, 0 to 255.
        high: 99th percentile.
        white: Share of pixels of the largest value.
        middle: Median of the grey values, 0 to 255.
    """

    digest: bytes
    thumbnail: np.ndarray
    depth: int
    low: float
    high: float
    white: float
    middle: float


@dataclass(frozen=True)
class ClassMeasures:
    """Measurements of the C classes of an image; NaN or 0 for a class that is not there.

    Attributes:
        areas: (C,) float32, square pixels.
        centres: (C, 2) float32, x and y of the centres of mass.
        boxes: (C, 4) int32, left, top, right, bottom.
        border: (C,) bool, whether the mask touches the border of the image.
        straight: (C,) float32, the longest straight edge inside the image, as a share of the square
            root of the area.
        inside: (C,) float32, mean grey value of the mask.
        outside: (C,) float32, mean grey value just outside.
        white: (C,) float32, share of the mask that is saturated.
        polygons: (C,) int32, number of polygons; 0 where labels are masks.
        pieces: Class index, box and share of the area of the largest part, of the other parts of a
            class, of which the largest are kept.
        overlaps: (k, 3) float32, two class indices and the share of the smaller class that both
            cover.
    """

    areas: np.ndarray
    centres: np.ndarray
    boxes: np.ndarray
    border: np.ndarray
    straight: np.ndarray
    inside: np.ndarray
    outside: np.ndarray
    white: np.ndarray
    polygons: np.ndarray
    pieces: tuple[tuple[int, Box, float], ...]
    overlaps: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """(C,) bool, which classes are there."""
        return self.areas > 0


@dataclass(frozen=True)
class LabelDefect:
    """Something wrong with one outline, or with bones of a hand, that shows in the image alone.

    Attributes:
        check: Name of the check.
        class_index: The class.
        reason: What is wrong.
        confidence: How sure it is, 0 to 1.
        box: The place.
    """

    check: str
    class_index: int
    reason: str
    confidence: float
    box: Box


@dataclass(frozen=True)
class Agreement:
    """How the labels of an image agree with a prediction.

    Attributes:
        dice: (C,) float32, NaN for a class that neither has.
        boxes: (C, 4) int32, where they differ most: left, top, right, bottom.
        predicted: (C,) bool, the classes that the prediction has.
    """

    dice: np.ndarray
    boxes: np.ndarray
    predicted: np.ndarray


@dataclass(frozen=True)
class ImageRecord:
    """One image of a dataset.

    Attributes:
        split: The part of the data that it is in.
        name: Its name in it.
        path: The image file; empty if it is not known.
        patient: Whose it is: its folder, or its name if it lies in none.
        height: Rows.
        width: Columns.
        classes: Measurements of the labels.
        pixels: Measurements of the grey values; None where the file is not known or not readable.
        problem: Why the file is not readable.
        defects: What is wrong with single labels.
        agreement: How the labels agree with a prediction; None without one.
        header: What the file says beside the pixels.
        bend: Of the wrist in degrees; NaN where its bones are not labelled.
        labelled: Whether its part of the data has labels at all.
        unknown: Indices of the classes of which nobody has said whether they are there.
    """

    split: str
    name: str
    path: str
    patient: str
    height: int
    width: int
    classes: ClassMeasures
    pixels: Pixels | None = None
    problem: str = ''
    defects: tuple[LabelDefect, ...] = field(default=())
    agreement: Agreement | None = None
    header: FileHeader = field(default=FileHeader())
    bend: float = float('nan')
    labelled: bool = True
    unknown: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        """Split and name."""
        return f'{self.split}/{self.name}'

    def box(self, class_index: int) -> Box:
        """Give the box of a class that is there."""
        left, top, right, bottom = self.classes.boxes[class_index].tolist()
        return left, top, right, bottom
