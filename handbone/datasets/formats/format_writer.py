"""What the writers of all formats have in common."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from handbone.errors import shown
from handbone.listing import normal_form

from ..errors import DatasetError
from ..polygons import Polygons
from .annotated_image import AnnotatedImage
from .losses import Losses, drop_ignored


class FormatWriter:
    """Writes images with their labels, one after the other.

    Args:
        target: Folder of the dataset; it is made.
        classes: Class names in bit order.
        palette: RGB colours, 0 to 255, one per class, or none.

    Attributes:
        losses: What the format has no place for.
    """

    #: File or folder of the labels below the target.
    LABEL_PATH: ClassVar[str]
    #: Folder of the images below the target; None for formats without images.
    IMAGE_FOLDER: ClassVar[str | None] = 'images'
    #: Whether the format has a place for pixels to ignore.
    KEEPS_IGNORED: ClassVar[bool] = False
    #: Whether the format has a place for classes that are unknown in an image.
    KEEPS_UNKNOWN: ClassVar[bool] = False

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        self.target = Path(target)
        self.classes = tuple(classes)
        self.palette = tuple(palette)
        self.losses = Losses()
        self._image_of_file: dict[str, str] = {}

    def image_name(self, image: AnnotatedImage) -> str:
        """Name the image file below the folder of images."""
        return image.name

    def stem(self, image: AnnotatedImage) -> str:
        """Name an image below the folder of label files, without a suffix."""
        return image.stem

    def label_stem(self, image: AnnotatedImage) -> str:
        """Name the label file of an image, for formats of one file per image.

        Args:
            image: The image.

        Returns:
            Its path below the folder of label files, without a suffix.

        Raises:
            DatasetError: Another image has this file.
        """
        name = self.stem(image)
        other = self._image_of_file.setdefault(normal_form(name), image.name)
        if other != image.name:
            raise DatasetError.at(
                image.path or image.name,
                f'its label file would be that of image {shown(other)} too',
                'Give the images names that differ in more than their suffixes and slashes',
            )
        return name

    def write(self, image: AnnotatedImage) -> None:
        """Write the labels of one image.

        Args:
            image: The image and its labels.

        Raises:
            DatasetError: Another image has its label file, or its masks cannot be read.
            HandboneError: The format cannot hold it; the message names the image.
            OSError: It cannot be written; the message names the file.
        """
        raise NotImplementedError

    def draw(self, image: AnnotatedImage) -> np.ndarray:
        """Draw the labels of an image, for formats of masks, and count what is lost by that.

        Args:
            image: The image.

        Returns:
            Packed map, int32, (H, W) for up to 31 classes, else (H, W, P). It has no pixels to
            ignore if the format has no place for them.
        """
        outlines = image.outlines
        polygons = image.labels if isinstance(image.labels, Polygons) else outlines
        if polygons is not None:
            self.losses.add('polygons that became masks', len(polygons.ends))
        packed = image.draw(len(self.classes))
        if not self.KEEPS_IGNORED:
            drop_ignored(packed, self.losses)
        return packed

    def finish(self) -> None:
        """Bring the file for all images into its place, where the format has one."""

    def close(self) -> None:
        """Let go of unfinished files, after an error too."""
