"""Kaggle's table of tissue sections, with one organ per image."""

from pathlib import Path
from typing import ClassVar

from handbone.radiographs import RadiographError
from handbone.sections.section import read_section_size

from ..image_header import of_dataset
from .format_reader import Size
from .rle_csv import RleCsvReader


class SectionTableReader(RleCsvReader):
    """Reads a CSV of runs whose images are too large to be decoded at once.

    HuBMAP's table has the columns ``id``, ``organ``, ``rle``, ``img_height`` and ``img_width``
    beside others that are not read: the class of an image is its organ, and runs go along columns.
    All classes without a row of the image are unknown in it, as nobody has looked for them.
    Arguments are those of :class:`RleCsvReader`.
    """

    #: Places in runs are int32.
    MAX_PIXELS: ClassVar[int] = 2**31 - 1

    def _usual_unlisted(self) -> str:
        """Whatever the column of organs is called; see the base class."""
        return 'unknown'

    def image_size(self, path: Path) -> Size:
        """Read height and width of a section; see the base class."""
        try:
            return read_section_size(path)
        except RadiographError as error:
            raise of_dataset(error) from error
