"""One image of a dataset and its labels, as readers give them and writers take them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..labels import Labels
from ..named_files import without_suffix
from ..polygons import Polygons


@dataclass(frozen=True)
class AnnotatedImage:
    """An image and its labels, in any format.

    Attributes:
        name: Path of the image below the folder of images, with forward slashes.
        path: The image file; None where only its labels are known.
        height: Rows of the image.
        width: Columns of the image.
        labels: Polygons, runs or files of masks.
        outlines: The points of polygons that ``labels`` were drawn from by another rule than
            handbone's, in its coordinates; None where there are none.
        unknown: Indices of the classes of which nobody has said whether they are there.
    """

    name: str
    path: Path | None
    height: int
    width: int
    labels: Labels
    outlines: Polygons | None = None
    unknown: frozenset[int] = frozenset()

    @property
    def stem(self) -> str:
        """The name without its suffix."""
        return without_suffix(self.name)

    def draw(self, num_classes: int) -> np.ndarray:
        """Draw the labels.

        Args:
            num_classes: Number of classes.

        Returns:
            Packed map, int32, (H, W) for up to 31 classes, else (H, W, P).
        """
        return self.labels.draw(self.height, self.width, num_classes)
