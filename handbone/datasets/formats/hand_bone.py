"""The hand-bone layout: a folder of images and a folder of JSON files with polygons."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from handbone.annotations import annotation_json
from handbone.bones import CLASSES, PALETTE
from handbone.files import write_atomically
from handbone.listing import normal_forms

from ..annotation_file import annotated_size, collector_paused, labels_of, read_polygons
from ..bad_files import BadFiles
from ..errors import DatasetError
from ..file_list import ImageFile, list_files
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .format_reader import FormatReader
from .format_writer import FormatWriter
from .traced_polygons import polygons_of

#: Folders of the annotation files and of the images.
ANNOTATIONS, IMAGES = 'outputs_json', 'DCM'


class HandBoneReader(FormatReader):
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

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
    ) -> None:
        super().__init__(source, images, choice, bad_files)
        inner = self.source / ANNOTATIONS
        self._folder = inner if inner.is_dir() else self.source
        self._files = list_files(self._folder, '.json')
        if not self._files:
            raise DatasetError.at(self._folder, 'there is no JSON file', 'Correct the path')
        names = self._label_names()
        self.classes, self._indices = self.choice.resolve(names, self._folder, complete=False)
        if self.classes == CLASSES:
            self.palette = tuple(PALETTE)

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return len(self._files)

    def entries(self) -> Iterator[ImageFile]:
        """List the annotation files."""
        with collector_paused():
            yield from self._files

    def read(self, entry: ImageFile) -> AnnotatedImage:
        """Read one annotation file; see the base class."""
        path = self._folder / entry.name
        known_size = None if self.has_image(entry.key) else annotated_size(path)
        name, image, size = self.locate(entry.key, known_size, path)
        known = {label: index for label, index in self._indices.items() if index is not None}
        skipped = self._indices.keys() - known.keys()
        polygons, problems = read_polygons(path, known, size, skipped)
        self.note(problems)
        return AnnotatedImage(name, image, *size, polygons)

    def _label_names(self) -> Sequence[str]:
        if self.choice.classes is not None:
            return (*self.choice.rename, *self.choice.classes)
        found: set[str] = set()
        with collector_paused():
            for file in self._files:
                try:
                    found.update(normal_forms(labels_of(self._folder / file.name)))
                except DatasetError:
                    continue  # it comes again when the file is read
        return CLASSES if found <= set(CLASSES) else sorted(found)


class HandBoneWriter(FormatWriter):
    """Writes ``outputs_json/<patient>/<name>.json``, to correct in an annotation tool or train on.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`.
        palette: Not used.
        trace: Trace the outlines of the masks even where annotators drew polygons.
    """

    IMAGE_FOLDER = IMAGES

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
        stem, name = Path(image.stem).name, Path(image.name).name
        content = annotation_json(outlines, stem, name, image.height, image.width)
        write_atomically(self.target / ANNOTATIONS / f'{image.stem}.json', content)
