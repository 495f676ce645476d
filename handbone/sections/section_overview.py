"""A section as prediction sees it: a small picture, and the file that windows are read from."""

from dataclasses import dataclass
from pathlib import Path

from handbone.radiographs import Radiograph

from .section import Section, open_section

#: Longer side of the picture in pixels, as large as overlays are drawn.
LONGER_SIDE = 1024


@dataclass(frozen=True)
class SectionOverview(Radiograph):
    """A section in place of a radiograph.

    Attributes:
        image: An overview, (h, w, 3) RGB, uint8.
        path: The file.
    """

    path: Path

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the section in pixels of the file."""
        return self.content.size

    @property
    def content(self) -> Section:
        """The section, of which a predictor reads windows."""
        return open_section(self.path)


def read_overview(path: str | Path) -> SectionOverview:
    """Read an overview of a section.

    Args:
        path: The file.

    Returns:
        The overview.

    Raises:
        RadiographError: The file cannot be read, or is no colour image of 8 bits.
    """
    return SectionOverview(open_section(path).overview(LONGER_SIDE)[0], Path(path))
