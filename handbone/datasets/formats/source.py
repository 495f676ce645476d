"""A part of the data that a command line names: a file or folder of labels, or of images alone."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError

from ..bad_files import BadFiles
from ..errors import DatasetError
from .catalogue import reader_class, recognise
from .class_choice import ClassChoice
from .format_options import check_options
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

    def open(self) -> FormatReader:
        """Make a reader that goes on after bad images.

        A folder of images only, such as a test set, has no labels. A format that was named is
        tried on a folder without signs of one: labels lie apart from the images there.

        Returns:
            The reader; its ``bad_files`` collect the problems, its ``notes`` say first how the
            format was found out.

        Raises:
            HandboneError: The source cannot be read at all, or the reader has no such option.
        """
        if not is_unlabelled(self.path):
            kind, reason = (self.format, '') if self.format else recognise(self.path)
            reader = self._labelled(kind)
            if reason:
                reader.notes.insert(0, f'read as {kind}, as {reason}')
            return reader
        if self.format is not None:
            with suppress(DatasetError):
                reader = self._labelled(self.format)
                if _labels_apart(reader):
                    return reader
        return UnlabelledReader(self.path, self.images, BadFiles('report'))

    def _labelled(self, kind: str) -> FormatReader:
        make = reader_class(kind)
        options = dict(self.options)
        check_options(make, kind, options)
        report = BadFiles('report')
        return make(self.path, images=self.images, choice=self.choice, bad_files=report, **options)


def _labels_apart(reader: FormatReader) -> bool:
    """Tell whether the files that a reader takes for labels are not the images themselves."""
    if reader.label_folder != reader.source:
        return True
    images = reader.image_folder
    return images is not None and not images.resolve().is_relative_to(reader.source.resolve())


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
