"""From one format to another, with a report of what was lost."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError, check_word, counted
from handbone.files import write_atomically

from ..bad_files import BadFiles
from ..errors import DatasetError
from .annotated_image import AnnotatedImage
from .catalogue import reader_class, recognise, writer_class
from .class_choice import ClassChoice
from .corrections import Corrections
from .format_options import check_options
from .format_writer import FormatWriter
from .image_placement import MODES, place_image

Progress = Callable[[Iterable[AnnotatedImage]], Iterable[AnnotatedImage]]
#: File in the target that lists what could not be read.
PROBLEMS = 'problems.txt'


@dataclass(frozen=True)
class Conversion:
    """What a conversion did.

    Attributes:
        source_format: Format of the source.
        target_format: Format of the target.
        classes: Class names in bit order.
        images: Number of images written.
        without_file: Number of them whose image file is not known.
        notes: What was guessed, and why.
        losses: What the formats have no place for, one line per kind with its count.
        problems: What could not be read; these images are left out.
    """

    source_format: str
    target_format: str
    classes: tuple[str, ...]
    images: int
    without_file: int
    notes: tuple[str, ...]
    losses: tuple[str, ...]
    problems: tuple[DatasetError, ...]

    def text(self) -> str:
        """Describe the conversion in lines."""
        lines = [
            *self.notes,
            f'{counted(self.images, "image")}, {counted(len(self.classes), "class")}',
        ]
        if self.without_file:
            lines.append(f'{self.without_file} of them without their image file')
        lines += [f'lost: {line}' for line in self.losses] or ['nothing was lost']
        if self.problems:
            lines.append(f'{counted(len(self.problems), "problem")}, whose images were left out:')
            lines += [f'  {problem}' for problem in self.problems]
        return '\n'.join(lines)


def convert(
    source: str | Path,
    target: str | Path,
    to: str,
    *,
    source_format: str | None = None,
    images: str | Path | None = None,
    choice: ClassChoice | None = None,
    image_files: str = 'link',
    corrected: str | Path | None = None,
    reader_options: Mapping[str, Any] | None = None,
    writer_options: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Conversion:
    """Convert a dataset from one format to another, image by image.

    Images with a problem are left out, and the conversion goes on with the rest;
    ``problems.txt`` in the target lists them. Running it again gives the same files.

    Args:
        source: The file or folder of the labels.
        target: Folder of the new dataset.
        to: Its format.
        source_format: Format of the source; None finds it out.
        images: Folder of the images; None looks where the format has them.
        choice: Classes to take, their new names, and names to leave out.
        image_files: 'link' puts symbolic links to the images into the new dataset, 'copy' copies,
            'none' nothing.
        corrected: Labels of some of the images in any format, which replace those of the source.
        reader_options: Further arguments of the reader.
        writer_options: Further arguments of the writer.
        progress: Called with the images; what it gives is written.

    Returns:
        What was done, what was lost and what could not be read.

    Raises:
        HandboneError: A format or an option is unknown, the source as a whole cannot be read, or
            the target lies in the source, or its labels could replace those of the source.
        OSError: The target cannot be written.

    Example:
        >>> from handbone.apis import convert
        >>> print(convert('data/coco.json', 'data/polygons', 'hand-bone').text())
    """
    check_word('image_files', image_files, MODES)
    make_writer = writer_class(to)
    for path in (source, corrected):
        if path is not None:
            _check_target(Path(path), Path(target), make_writer.LABEL_PATH)
    notes = []
    if source_format is None:
        source_format, reason = recognise(source)
        notes.append(f'the source is in the format {source_format}, as {reason}')
    make_reader = reader_class(source_format)
    reader_options, writer_options = dict(reader_options or {}), dict(writer_options or {})
    check_options(make_reader, source_format, reader_options)
    check_options(make_writer, to, writer_options)
    bad_files = BadFiles('report')
    reader = make_reader(
        source, images=images, choice=choice, bad_files=bad_files, **reader_options
    )
    writer = make_writer(target, reader.classes, reader.palette, **writer_options)
    taken: Iterable[AnnotatedImage] = reader
    if corrected is not None:
        corrections = Corrections(Path(corrected), reader.classes)
        count = corrections.match(reader.names())
        notes.append(f'{counted(count, "image")} with the labels of {corrected}')
        bad_files.add(list(corrections.problems))
        taken = corrections.replaced(reader, bad_files)
    taken = progress(taken) if progress else taken
    written, without_file = write_images(taken, writer, bad_files, image_files)
    return Conversion(
        source_format,
        to,
        reader.classes,
        written,
        without_file if writer.IMAGE_FOLDER else 0,
        (*notes, *reader.notes),
        (*reader.losses.lines(), *writer.losses.lines()),
        tuple(bad_files.problems),
    )


def write_images(
    images: Iterable[AnnotatedImage],
    writer: FormatWriter,
    bad_files: BadFiles,
    image_files: str = 'link',
) -> tuple[int, int]:
    """Write a whole dataset.

    Args:
        images: The images with their labels.
        writer: Where they go; it is finished and closed.
        bad_files: Collects what goes wrong with single images, which are left out.
        image_files: As for :func:`convert`.

    Returns:
        Number of images written, and of those whose image file is not known.

    Raises:
        HandboneError: No image was written, or the format cannot hold one.
        OSError: Something cannot be written.
    """
    written = without_file = 0
    with closing(writer):
        for image in images:
            try:
                writer.write(image)
            except DatasetError as error:  # damage that shows only when masks are drawn
                bad_files.add([error])
                continue
            if not writer.KEEPS_UNKNOWN:
                writer.losses.add('classes that are unknown in an image', len(image.unknown))
            written += 1
            without_file += image.path is None
            _place(image, writer, image_files)
        _finish(writer, written, bad_files)
    return written, without_file


def _place(image: AnnotatedImage, writer: FormatWriter, mode: str) -> None:
    if image.path is not None and writer.IMAGE_FOLDER is not None:
        target = writer.target / writer.IMAGE_FOLDER / writer.image_name(image)
        place_image(image.path, target, mode)


def _finish(writer: FormatWriter, written: int, bad_files: BadFiles) -> None:
    list_of_problems = writer.target / PROBLEMS
    if not written:
        problems = bad_files.problems
        if problems:
            more = f' ({len(problems) - 1} more problems)' if len(problems) > 1 else ''
            raise HandboneError(f'No image could be converted: {problems[0]}{more}')
        raise HandboneError('The source holds no image.')
    writer.finish()
    if bad_files.problems:
        lines = ''.join(f'{problem}\n' for problem in bad_files.problems)
        write_atomically(list_of_problems, lines.encode(errors='surrogateescape'))
    else:
        list_of_problems.unlink(missing_ok=True)


def _check_target(source: Path, target: Path, labels: str) -> None:
    source, target = source.resolve(), target.resolve()
    if source == target or source in target.parents:
        raise HandboneError(
            f'{target} lies in the source {source}, whose files it would mix with. '
            'Choose another folder.'
        )
    written = (target / labels).resolve()
    if source == written or written in source.parents:
        raise HandboneError(
            f'The new labels would go to {written}, where they could replace the source {source}. '
            'Choose another folder.'
        )
