"""DICOM Segmentation objects, one per image, whose segments may overlap."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handbone.errors import HandboneError, check_word, listed, shown
from handbone.extras import import_extra
from handbone.files import write_atomically
from handbone.listing import normal_form
from handbone.masks import empty
from handbone.masks.packed import add_to_class
from handbone.radiographs.dicom_format import image_header
from handbone.radiographs.errors import RadiographError, reason

from ..bad_files import BadFiles
from ..errors import DatasetError
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .class_list import CLASS_LIST, write_class_list
from .dicom_seg_content import Origin, encode_dicom_seg
from .dicom_seg_frames import REMEDY, read_frames, read_seg_header
from .dicom_segments import LONGEST_TEXT
from .format_reader import Size
from .format_writer import FormatWriter
from .label_file_reader import Draw, LabelFileReader

if TYPE_CHECKING:
    from pydicom import Dataset

FOLDER = 'dicom_seg'
NAMES = ('label', 'code')
ORIGIN = Origin(automatic=False, description='Labels of a dataset')


class DicomSegReader(LabelFileReader):
    """Reads binary DICOM segmentations of one image; a segment, which has one frame, is a class.

    The lines of ``classes.txt`` are the classes, where there is one and ``name`` is 'label'. Else
    the segments of all files are, in the order of their names; if all of them are bones of the
    hand, the 29 bones are.

    Args:
        source: A folder with the folder ``dicom_seg``, or that folder itself.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        name: 'label' names a class by the label of its segment, 'code' by the value of the code of
            its property type.

    Raises:
        HandboneError: ``name`` is unknown.
        handbone.extras.MissingExtraError: The extra ``dicom`` is not installed.
    """

    FOLDERS = (FOLDER,)
    SUFFIXES = ('.dcm',)

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        name: str = 'label',
    ) -> None:
        check_word('name', name, NAMES)
        import_extra('pydicom', 'dicom')
        super().__init__(source, images, choice, bad_files)
        self._name = name
        ordered = self.class_list() if name == 'label' and self.choice.classes is None else None
        names = self.names_in_files(self._names_of) if ordered is None else ordered
        self.classes, self._indices = self.choice.resolve(names, self._folder, complete=False)

    def label_size(self, path: Path) -> Size:
        """Read height and width from the header; see the base class."""
        header = read_seg_header(path)
        return int(header.Rows), int(header.Columns)

    def drawing(self, path: Path) -> Draw:
        """Draw one segmentation; see the base class."""
        of_segment = {}
        for number, name in _segments(read_seg_header(path), self._name, path).items():
            if name not in self._indices:
                raise DatasetError.at(
                    path,
                    f'segment {number} is {shown(name)}, which is not among the classes '
                    f'({listed(list(self._indices), 40)})',
                    f'Add it to the classes or to {CLASS_LIST}, rename it or leave it out',
                )
            of_segment[number] = self._indices[name]
        return partial(_draw, path, of_segment)

    def _names_of(self, path: Path) -> Iterable[str]:
        return _segments(read_seg_header(path), self._name, path).values()


class DicomSegFolderWriter(FormatWriter):
    """Writes ``dicom_seg/<name>.dcm`` for every image that is a DICOM file, and ``classes.txt``.

    :mod:`.dicom_seg_content` says what is in a file. An image that is not a DICOM file is refused,
    because a segmentation refers to its image by the identifiers in the header.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`; names of at most 64 characters.
        palette: Colours that viewers show.

    Raises:
        HandboneError: A name is too long for the label of a segment.
        handbone.extras.MissingExtraError: The extra ``dicom`` is not installed.
    """

    LABEL_PATH = FOLDER

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        super().__init__(target, classes, palette)
        import_extra('highdicom', 'dicom')
        for name in self.classes:
            if len(name) > LONGEST_TEXT:
                raise HandboneError(
                    f'The class {shown(name)} has {len(name)} characters, and the label of a DICOM '
                    f'segment at most {LONGEST_TEXT}. Give it a shorter name: --rename.'
                )

    def write(self, image: AnnotatedImage) -> None:
        """Write the segmentation of one image; see the base class."""
        if image.path is None:
            raise DatasetError.at(
                image.name,
                'its image file is not known, and a DICOM segmentation refers to a DICOM image',
                'Name the folder of the images: --images FOLDER, or images=…',
            )
        try:
            content = encode_dicom_seg(
                self.draw(image),
                image_header(image.path),
                image.path,
                self.classes,
                self.palette,
                ORIGIN,
            )
        except (RadiographError, HandboneError) as error:
            raise DatasetError(str(error)) from error
        write_atomically(self.target / FOLDER / f'{self.label_stem(image)}.dcm', content)

    def finish(self) -> None:
        """Write the class list; see the base class."""
        write_class_list(self.target, self.classes)


def _segments(header: 'Dataset', name: str, path: Path) -> dict[int, str]:
    """Name the segments: the label or the code of each, by its number."""
    named = {}
    try:
        for segment in header.SegmentSequence:
            text = segment.SegmentLabel
            if name == 'code':
                code = segment.SegmentedPropertyTypeCodeSequence[0]
                # codes of more than 16 characters have an attribute of their own
                text = code.get('CodeValue') or code.LongCodeValue
            named[int(segment.SegmentNumber)] = normal_form(str(text))
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        problem = f'its segments are not described ({reason(error)})'
        raise DatasetError.at(path, problem, REMEDY) from error
    return named


def _draw(
    path: Path, indices: Mapping[int, int | None], height: int, width: int, num_classes: int
) -> np.ndarray:
    """Draw a segmentation into a packed map, frame by frame."""
    packed = empty(height, width, num_classes)
    for number, frame in read_frames(read_seg_header(path, pixels=True), path):
        if number not in indices:
            problem = f'a frame is of segment {number}, which is not described'
            raise DatasetError.at(path, problem, REMEDY)
        if frame.shape != (height, width):
            problem = f'a frame of segment {number} has the shape {frame.shape}'
            raise DatasetError.at(path, problem, REMEDY)
        index = indices[number]
        if index is not None:
            add_to_class(packed, index, frame)
    return packed
