"""COCO JSON: all images, categories and annotations in one file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from handbone.errors import HandboneError, check_word, shown
from handbone.json_stream import read_members
from handbone.listing import normal_form
from handbone.masks.coco_polygons import coco_polygon_runs
from handbone.masks.run_union import unite_runs
from handbone.structure import Fields, check_structure, one_line

from ..annotation_file import collector_paused
from ..bad_files import BadFiles
from ..errors import DatasetError
from ..mask_runs import pack_runs
from ..polygons import pack_polygons
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .coco_document import CocoDocument
from .coco_segmentation import read_segmentation
from .file_faults import faults_of
from .format_reader import FormatReader, Size
from .format_writer import FormatWriter
from .layers import COVERED, OVERLAPS, Layer, uncovered
from .only_file import only_file

IMAGE = Fields(dict(id=(int, str), file_name=str), dict(height=(int, None), width=(int, None)))
CATEGORY = Fields(dict(id=int, name=str))
ANNOTATION = Fields(dict(image_id=(int, str), category_id=int), dict(iscrowd=(int, bool, None)))
#: Members of an annotation that masks are made of or that follow from them.
USED = {'id', 'image_id', 'category_id', 'segmentation', 'area', 'bbox', 'iscrowd'}
CROWD = ('label', 'skip')
UNLABELLED = ('empty', 'report')
#: Members of the document that are lists.
LISTS = ('images', 'categories', 'annotations')
REMEDY = 'Correct the file, or export it again'
STRUCTURE = 'Expected COCO: {"images": [...], "categories": [...], "annotations": [...]}'


@dataclass
class _CocoImage:
    """What the document says about one image.

    Attributes:
        name: Its file name.
        size: Height and width, or None.
        place: Where it stands in the list of images.
        runs: Number of the annotation, class index and column-major runs of masks.
        polygons: Number of the annotation, class index and points (n, 2) of polygons, in COCO's
            coordinates.
        problems: What is wrong with its annotations.
        annotations: Number of its annotations, of any class.
    """

    name: str
    size: Size | None
    place: str
    runs: list[tuple[int, int, np.ndarray]] = field(default_factory=list)
    polygons: list[tuple[int, int, np.ndarray]] = field(default_factory=list)
    problems: list[DatasetError] = field(default_factory=list)
    annotations: int = 0


class CocoReader(FormatReader):
    """Reads COCO JSON: polygons, compressed and uncompressed RLE, several of them per class.

    Categories are classes in the order of their ids. Polygons are drawn as pycocotools draws them,
    pixel for pixel. The file is read in pieces; what stays in memory is the runs and points.

    Args:
        source: The file, or a folder with one such file.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        crowd: 'label' takes an annotation with ``iscrowd`` like any other, 'skip' leaves it out.
        unlabelled: 'empty' takes an image without any annotation as one without any class, 'report'
            as an image whose annotations are missing.
        overlaps: 'keep' gives a pixel the classes of all annotations that cover it. For classes
            that exclude each other, 'smaller' gives it that of the annotation with the fewest
            pixels, so that what lies on something larger stays whole, and 'later' that of the
            annotation that comes last in the file.

    Raises:
        HandboneError: ``crowd``, ``unlabelled`` or ``overlaps`` is unknown.
    """

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        crowd: str = 'label',
        unlabelled: str = 'empty',
        overlaps: str = 'keep',
    ) -> None:
        check_word('crowd', crowd, CROWD)
        check_word('unlabelled', unlabelled, UNLABELLED)
        check_word('overlaps', overlaps, OVERLAPS)
        super().__init__(source, images, choice, bad_files)
        self._crowd = crowd
        self._overlaps = overlaps
        self._unlabelled = unlabelled
        self._file = only_file(self.source, '.json')
        self.place = self._file
        self._listed: dict[int | str, tuple[str, Size | None, str]] = {}
        self._categories: dict[int, int | None] = {}
        with collector_paused():
            self._read_images_and_categories()

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return len(self._listed)

    def entries(self) -> Iterator[_CocoImage]:
        """Read all annotations, then list the images in the order of the file."""
        images = {key: _CocoImage(*each) for key, each in self._listed.items()}
        with collector_paused():
            for key, index, value in self._members():
                if key == 'annotations' and index is not None:
                    self._take(images, index, value)
        while images:
            yield images.pop(next(iter(images)))

    def names(self) -> list[str]:
        """List the names of all images without reading annotations; see the base class."""
        found = []
        for name, *_ in self._listed.values():
            with suppress(DatasetError):
                found.append(self.known_name(name))
        return found

    def entry_name(self, entry: _CocoImage) -> str:
        """Name an image; see the base class."""
        return self.known_name(entry.name)

    def read(self, entry: _CocoImage) -> AnnotatedImage:
        """Put the annotations of one image together; see the base class."""
        self.note(entry.problems)
        if not entry.annotations and self._unlabelled == 'report':
            raise DatasetError.at(
                self._file,
                f'image {shown(entry.name)} has no annotation',
                'Add its annotations, or remove the image from the file',
                entry.place,
            )
        name, path, size = self.locate(entry.name, entry.size, self._file, entry.place)
        labels = pack_runs(dict(sorted(self._runs_of_classes(entry, size).items())), 'F')
        outlines = None
        if entry.polygons and not entry.runs and self._overlaps == 'keep':
            _, classes, points_of = zip(*entry.polygons, strict=True)
            # from the corner of the first pixel to its centre
            outlines = pack_polygons(classes, [points - 0.5 for points in points_of])
        return AnnotatedImage(name, path, *size, labels, outlines)

    def _runs_of_classes(self, entry: _CocoImage, size: Size) -> dict[int, np.ndarray]:
        """Draw the annotations of an image and put them over each other."""
        drawn = [(*each[:2], coco_polygon_runs(each[2], *size)) for each in entry.polygons]
        parts: dict[tuple[int, int], list[np.ndarray]] = {}
        for number, class_index, runs in (*entry.runs, *drawn):
            key = (number if self._overlaps != 'keep' else 0, class_index)
            parts.setdefault(key, []).append(runs)
        layers = [Layer(*key, unite_runs(each)) for key, each in parts.items()]
        if self._overlaps == 'keep':
            return {layer.class_index: layer.runs for layer in layers}
        left, lost = uncovered(layers, self._overlaps)
        self.losses.add(COVERED, lost)
        return left

    def _members(self) -> Iterator[tuple[str, int | None, Any]]:
        with faults_of(self._file, REMEDY):
            yield from read_members(self._file)

    def _read_images_and_categories(self) -> None:
        names: dict[int, str] = {}
        found = set()
        for key, index, value in self._members():
            found.add(key)
            if key in LISTS and index is None and value != []:
                problem = f'"{key}" is {one_line(shown(value))}, not a list'
                raise DatasetError.at(self._file, problem, STRUCTURE)
            place = f'{key}[{index}]'
            if key == 'images' and index is not None:
                self._check(value, IMAGE, place)
                if value['id'] in self._listed:
                    raise self._error(f'the image id {shown(value["id"])} occurs twice', place)
                height, width = value.get('height'), value.get('width')
                known = (height, width) if height and width else None
                self._listed[value['id']] = value['file_name'], known, place
            elif key == 'categories' and index is not None:
                self._check(value, CATEGORY, place)
                if value['id'] in names:
                    raise self._error(f'the category id {value["id"]} occurs twice', place)
                names[value['id']] = normal_form(value['name'])
        lacking = [key for key in LISTS if key not in found]
        if lacking:
            raise DatasetError.at(self._file, f'it lacks "{lacking[0]}"', STRUCTURE)
        if not self._listed or not names:
            missing = 'categories' if self._listed else 'images'
            raise DatasetError.at(self._file, f'there are no {missing}', STRUCTURE)
        ordered = [names[identity] for identity in sorted(names)]
        twice = [name for name in ordered if ordered.count(name) > 1]
        if twice:
            raise self._error(f'two categories are named {shown(twice[0])}', 'categories')
        self.classes, indices = self.choice.resolve(ordered, self._file)
        self._categories = {identity: indices[name] for identity, name in names.items()}

    def _take(self, images: Mapping[int | str, _CocoImage], index: int, annotation: Any) -> None:
        """Keep what an annotation draws, or what is wrong with it, with its image."""
        place = f'annotations[{index}]'
        if isinstance(annotation, dict) and 'id' in annotation:
            place += f' (id {shown(annotation["id"])})'
        image = None
        try:
            self._check(annotation, ANNOTATION, place)
            image = images.get(annotation['image_id'])
            if image is None:
                raise self._error(f'there is no image with id {annotation["image_id"]}', place)
            image.annotations += 1
            if annotation['category_id'] not in self._categories:
                raise self._error(f'there is no category {annotation["category_id"]}', place)
            class_index = self._categories[annotation['category_id']]
            if class_index is not None:
                self._keep(image, class_index, annotation, place)
        except DatasetError as error:
            if image is None:
                self.bad_files.add([error])
            else:
                image.problems.append(error)

    def _keep(
        self, image: _CocoImage, class_index: int, annotation: Mapping[str, Any], place: str
    ) -> None:
        self.losses.add('other members of annotations', len(annotation.keys() - USED))
        if annotation.get('iscrowd'):
            self.losses.add('crowd marks')
            if self._crowd == 'skip':
                return
        try:
            drawn = read_segmentation(annotation.get('segmentation'), image.size)
        except HandboneError as error:
            raise self._error(str(error), place) from error
        if isinstance(drawn, list):
            image.polygons += [(image.annotations, class_index, points) for points in drawn]
        else:
            image.size = image.size or drawn.size
            image.runs.append((image.annotations, class_index, drawn.runs))

    def _check(self, value: Any, structure: Any, place: str) -> None:
        try:
            check_structure(value, structure, place)
        except HandboneError as error:
            raise DatasetError.at(self._file, one_line(error), REMEDY) from error

    def _error(self, problem: str, place: str) -> DatasetError:
        return DatasetError.at(self._file, problem, REMEDY, place)


class CocoWriter(FormatWriter):
    """Writes ``coco.json``: one annotation for each class that an image has, as compressed RLE.

    Args:
        target: As for :class:`FormatWriter`.
        classes: As for :class:`FormatWriter`.
        palette: COCO's field ``color`` of a category.
    """

    LABEL_PATH = 'coco.json'

    def __init__(
        self,
        target: str | Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        super().__init__(target, classes, palette)
        self._document = CocoDocument(self.target / self.LABEL_PATH, classes, palette)

    def write(self, image: AnnotatedImage) -> None:
        """Append one image; see the base class."""
        self._document.file.append(self._document.line(image.name, self.draw(image)))

    def finish(self) -> None:
        """Put images and annotations in order; see the base class."""
        self._document.finish()

    def close(self) -> None:
        """Remove the unfinished file; see the base class."""
        self._document.file.discard()
