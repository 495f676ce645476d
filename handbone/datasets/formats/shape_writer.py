"""What the writers for annotation tools have in common."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from handbone.bones import distinct_colors
from handbone.errors import check_word
from handbone.masks import Region, regions

from .annotated_image import AnnotatedImage
from .format_writer import FormatWriter
from .traced_polygons import polygons_of

#: What writers make of a class.
SHAPES = ('polygon', 'mask')


class ShapeWriter(FormatWriter):
    """Writes the polygons or the masks of images for an annotation tool.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`.
        palette: Colours of the labels; distinct ones by default.
        shapes: 'polygon' writes one polygon per part, 'mask' one mask per class.
        trace: Trace the outlines of the masks even where annotators drew polygons.

    Attributes:
        shapes: As above.

    Raises:
        HandboneError: ``shapes`` is unknown.
    """

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
        shapes: str = 'polygon',
        trace: bool = False,
    ) -> None:
        check_word('shapes', shapes, SHAPES)
        super().__init__(target, classes, palette)
        self.shapes = shapes
        self._trace = trace
        self.begin()

    def begin(self) -> None:
        """Prepare what a writer needs before the first image."""

    def polygons(self, image: AnnotatedImage) -> list[tuple[int, np.ndarray]]:
        """List class index and points (n, 2) of the polygons of an image."""
        return polygons_of(image, len(self.classes), self.losses, self._trace)

    def masks(self, image: AnnotatedImage) -> Iterator[Region]:
        """Iterate over the masks of an image, one per class, each in the box around it."""
        return regions(self.draw(image), len(self.classes))

    def hex_colors(self) -> list[tuple[str, str]]:
        """List the classes with their colours, ``#rrggbb``."""
        colors = self.palette or distinct_colors(len(self.classes))
        codes = ['#{:02x}{:02x}{:02x}'.format(*color) for color in colors]
        return list(zip(self.classes, codes, strict=True))
