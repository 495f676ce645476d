"""A part of the data that has images only, such as a test set."""

from collections.abc import Iterable
from pathlib import Path

from ..bad_files import BadFiles
from ..polygons import pack_polygons
from .annotated_image import AnnotatedImage
from .format_reader import FormatReader
from .recognition import signs


class UnlabelledReader(FormatReader):
    """Reads the images of a folder; none has a label.

    Args:
        source: The folder, or one that has the images in ``DCM`` or ``images``.
        images: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    IMAGE_FOLDERS = ('DCM', 'images', '.')

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        bad_files: BadFiles | None = None,
    ) -> None:
        super().__init__(source, images, None, bad_files)

    def entries(self) -> Iterable[str]:
        """List the names of the images."""
        return [] if self._images is None else sorted(file.name for file in self._images.files)

    def entry_name(self, entry: str) -> str:
        """Name an image; see the base class."""
        return self.known_name(entry)

    def read(self, entry: str) -> AnnotatedImage:
        """Find one image; see the base class."""
        name, path, size = self.locate(entry, None, self.source)
        return AnnotatedImage(name, path, *size, pack_polygons([], []))

    def __len__(self) -> int:
        """Count the images."""
        return len(list(self.entries()))


def is_unlabelled(folder: Path) -> bool:
    """Tell whether a folder has images and nothing that looks like labels."""
    return folder.is_dir() and not dict(signs(folder)) and len(UnlabelledReader(folder)) > 0
