"""The hand-bone layout: a folder of images and a folder of JSON files with polygons."""

from collections.abc import Sequence
from pathlib import Path

from handbone.annotations import annotation_json
from handbone.bones import CLASSES, PALETTE
from handbone.files import write_atomically

from ..annotation_file import annotated_size, labels_of, read_annotations
from ..file_list import ImageFile
from .annotated_image import AnnotatedImage
from .format_writer import FormatWriter
from .label_file_reader import LabelFileReader
from .traced_polygons import polygons_of

#: Folders of the annotation files and of the images.
ANNOTATIONS, IMAGES = 'outputs_json', 'DCM'


class HandBoneReader(LabelFileReader):
    """Reads ``outputs_json/<patient>/<name>.json`` beside ``DCM/<patient>/<name>.png``.

    The labels of all files are the classes, in the order of their names; if all of them are bones
    of the hand, the 29 bones are.

    Args:
        source: A folder with both folders, or the folder of the JSON files.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    IMAGE_FOLDERS = (IMAGES, f'../{IMAGES}', '.')
    FOLDERS = (ANNOTATIONS,)
    SUFFIXES = ('.json',)

    def _prepare(self) -> None:
        """Find the classes; see the base class."""
        super()._prepare()
        self.classes, self._indices = self.choice.resolve(
            self.names_in_files(labels_of), self._folder, complete=False
        )
        if self.classes == CLASSES:
            self.palette = tuple(PALETTE)

    def entry_name(self, entry: ImageFile) -> str:
        """Name the image of an annotation file; see the base class."""
        return self.known_name(entry.key)

    def read(self, entry: ImageFile) -> AnnotatedImage:
        """Read one annotation file; see the base class."""
        path = self._folder / entry.name
        known_size = None if self.has_image(entry.key) else annotated_size(path)
        name, image, size = self.locate(entry.key, known_size, path)
        known = {label: index for label, index in self._indices.items() if index is not None}
        skipped = self._indices.keys() - known.keys()
        polygons, problems, unknown = read_annotations(
            path, known, size, skipped, self.choice.unread
        )
        self.note(problems)
        return AnnotatedImage(name, image, *size, polygons, unknown=unknown)


class HandBoneWriter(FormatWriter):
    """Writes ``outputs_json/<patient>/<name>.json``, to correct in an annotation tool or train on.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`.
        palette: Not used.
        trace: Trace the outlines of the masks even where annotators drew polygons.
    """

    LABEL_PATH, IMAGE_FOLDER = ANNOTATIONS, IMAGES
    KEEPS_UNKNOWN = True

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
        trace: bool = False,
    ) -> None:
        super().__init__(target, classes, palette)
        self._trace = trace

    def write(self, image: AnnotatedImage) -> None:
        """Write the polygons of one image; see the base class."""
        polygons = polygons_of(image, len(self.classes), self.losses, self._trace)
        outlines = ((self.classes[index], points) for index, points in polygons)
        stem, name = self.label_stem(image), Path(image.name).name
        unknown = [self.classes[index] for index in sorted(image.unknown)]
        size = image.height, image.width
        content = annotation_json(outlines, Path(stem).name, name, *size, unknown)
        write_atomically(self.target / ANNOTATIONS / f'{stem}.json', content)
