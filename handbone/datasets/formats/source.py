"""A part of the data that a command line names: a file or folder of labels, or of images alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError

from ..bad_files import BadFiles
from .catalogue import reader_class, recognise
from .class_choice import ClassChoice
from .format_reader import FormatReader
from .unlabelled import UnlabelledReader, is_unlabelled


@dataclass(frozen=True)
class Source:
    """One part of the data, such as the training images, before it is opened.

    Attributes:
        split: Its name in findings.
        path: File or folder of the labels.
        format: Name of its format; None finds it out.
        images: Folder of the images; None looks where the format has them.
        choice: Which classes are read.
        options: Further arguments of the reader.
    """

    split: str
    path: Path
    format: str | None = None
    images: Path | None = None
    choice: ClassChoice | None = None
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def labelled(self) -> bool:
        """Whether it has labels: a folder of images only, such as a test set, has none."""
        return not is_unlabelled(self.path)

    def open(self) -> FormatReader:
        """Make a reader that goes on after bad images.

        Returns:
            The reader; its ``bad_files`` collect the problems.

        Raises:
            HandboneError: The source cannot be read at all.
        """
        if not self.labelled:
            return UnlabelledReader(self.path, self.images, BadFiles('report'))
        kind = self.format or recognise(self.path)[0]
        make = reader_class(kind)
        options = dict(self.options)
        report = BadFiles('report')
        return make(self.path, images=self.images, choice=self.choice, bad_files=report, **options)


def split_names(sources: Sequence[str | Path]) -> list[str]:
    """Name the parts of a dataset by the ends of their paths, as short as tells them apart.

    >>> split_names(['data/train', 'data/test']), split_names(['a/labels', 'b/labels'])
    (['train', 'test'], ['a/labels', 'b/labels'])
    """
    paths = [Path(source).absolute() for source in sources]
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ['/'.join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise HandboneError(f'{sources[0]} is named twice.')
