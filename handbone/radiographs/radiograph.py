"""A radiograph as the rest of the package sees it, whatever the file's format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Radiograph:
    """An image that was read, and what its file says beside the pixels.

    Attributes:
        image: Grey values, bone brighter than air: (H, W), uint8, or float32 from 0 to 255 where
            the file has more than 8 bits.
        path: The file; ``None`` for an array.
        spacing: Height and width of a pixel in mm, ``None`` where the file does not tell.
        dicom: Header of a DICOM file, a ``pydicom.Dataset`` without pixel data, else ``None``.
    """

    image: np.ndarray
    path: Path | None = None
    spacing: tuple[float, float] | None = None
    dicom: Any | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the file."""
        return self.image.shape[0], self.image.shape[1]

    @property
    def content(self) -> Any:
        """What a predictor takes: the image, unless a subclass is read in parts."""
        return self.image


@dataclass(frozen=True)
class Photograph(Radiograph):
    """An image in colours, for models that see them.

    Attributes:
        image: Red, green and blue, (H, W, 3), as overlays show them: uint8, or float32 from 0 to
            255 where the file has more than 8 bits.
    """

    @property
    def content(self) -> np.ndarray:
        """Blue, green and red, the order in which ``LoadRadiograph`` loads colours."""
        return self.image[..., ::-1]
