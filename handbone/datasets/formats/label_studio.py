"""Label Studio: a JSON list of tasks, with polygons in per cent and brushes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import numpy as np

from handbone.appended_file import AppendedFile
from handbone.errors import HandboneError, check_word, listed, shown
from handbone.masks import encode
from handbone.masks.label_studio_rle import write_brush
from handbone.structure import Fields, check_structure

from ..bad_files import BadFiles
from ..errors import DatasetError
from .annotated_image import AnnotatedImage
from .class_choice import ClassChoice
from .format_reader import FormatReader, Size
from .label_studio_interface import ELEMENTS, INTERFACE, read_interface, write_interface
from .label_studio_results import (
    brush_mask,
    image_paths,
    image_size,
    polygon_points,
    result_labels,
)
from .label_studio_tasks import UNLABELLED, LabelStudioTasks
from .only_file import only_file
from .shape_writer import ShapeWriter
from .tool_shapes import BoxedMask, labels_of_shapes

NAME = 'tasks.json'
TASK = Fields(dict(data={str: object}), dict(annotations=([object], None)))
ANNOTATION = Fields(dict(result=[object]), dict(was_cancelled=(bool, None)))
RESULT = Fields(
    dict(type=str),
    dict(
        value={str: object},
        original_width=int,
        original_height=int,
        image_rotation=(int, float, None),
    ),
)
#: Which of several annotations of one task is read.
WHICH = ('only', 'first', 'last')
#: What Label Studio puts in front of the names of uploaded files.
UPLOAD_MARK = re.compile(r'^[0-9a-f]{8}-(?=.*[^.])')
#: How a task names a file of the folder that Label Studio serves.
LOCAL_FILES = '/data/local-files/?d='


class LabelStudioReader(FormatReader):
    """Reads Label Studio's export "JSON": polygons, rectangles, ellipses and brushes.

    The labels of ``interface.xml`` beside the file are the classes, in its order; without it those
    of all tasks, in the order of their names. Cancelled annotations and predictions are left out,
    and so are key points and everything without an area. The file is scanned once for the
    place of each task; a task is read when its image is asked for.

    Args:
        source: The file, or a folder with one JSON file.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
        annotation: Which annotation of a task is read: 'only' refuses tasks with several of them,
            'first' and 'last' take that one.
        unlabelled: 'skip' leaves tasks out that nobody has annotated, 'empty' takes them as images
            without any class.

    Raises:
        HandboneError: ``annotation`` or ``unlabelled`` is unknown.
    """

    def __init__(
        self,
        source: str | Path,
        images: str | Path | None = None,
        choice: ClassChoice | None = None,
        bad_files: BadFiles | None = None,
        annotation: str = 'only',
        unlabelled: str = 'skip',
    ) -> None:
        check_word('annotation', annotation, WHICH)
        check_word('unlabelled', unlabelled, UNLABELLED)
        super().__init__(source, images, choice, bad_files)
        self._which = annotation
        tasks = self.source / NAME
        self._file = tasks if tasks.is_file() else only_file(self.source, '.json')
        self.place = self._file
        interface = self._file.with_name(INTERFACE)
        self._chosen_in = 'the list of classes'
        labels: set[str] = set()
        listed_elsewhere = self.choice.classes is not None or interface.is_file()
        look = None if listed_elsewhere else partial(self._add_labels, labels)
        self._tasks = LabelStudioTasks(self._file, unlabelled, look)
        self.notes += self._tasks.notes
        if self.choice.classes is not None:
            names = (*self.choice.rename, *self.choice.classes)
            resolved = self.choice.resolve(names, self._file, complete=False)
        elif interface.is_file():
            self._chosen_in = str(interface)
            resolved = self.choice.resolve(read_interface(interface), interface)
        else:
            resolved = self.choice.resolve(sorted(labels), self._file, complete=False)
        self.classes, self._indices = resolved

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return len(self._tasks.numbers)

    def entries(self) -> Iterator[int]:
        """List the numbers of the tasks."""
        yield from self._tasks.numbers

    def entry_name(self, entry: int) -> str:
        """Name the image of a task; see the base class."""
        return self.known_name(self._identity(self._tasks.read(entry), f'task {entry}'))

    def read(self, entry: int) -> AnnotatedImage:
        """Read one task; see the base class."""
        where = f'task {entry}'
        task = self._tasks.read(entry)
        identity = self._identity(task, where)
        try:
            results = self._results(task)
            known = image_size(results)
        except HandboneError as error:
            raise self._error(error, where) from error
        name, path, size = self.locate(identity, known, self._file, where)
        polygons: list[tuple[int, np.ndarray]] = []
        masks: list[BoxedMask] = []
        for place, result in enumerate(results):
            try:
                self._take(result, size, polygons, masks)
            except HandboneError as error:
                self.note([self._error(error, f'{where}, result {place}')])
        labels = labels_of_shapes(polygons, masks, size, len(self.classes))
        return AnnotatedImage(name, path, *size, labels)

    def _identity(self, task: Any, where: str) -> str:
        """Find the name that a task gives its image."""
        try:
            check_structure(task, TASK, 'it')
            return self._image_name(image_paths(task['data']))
        except HandboneError as error:
            raise self._error(error, where) from error

    def _results(self, task: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Choose the annotation of a task and check its results."""
        annotations = task.get('annotations') or []
        for each in annotations:
            check_structure(each, ANNOTATION, 'an annotation')
        kept = [each for each in annotations if not each.get('was_cancelled')]
        if len(kept) > 1 and self._which == 'only':
            raise HandboneError(
                f'it has {len(kept)} annotations. Say which one: --read annotation=first or '
                'annotation=last'
            )
        if not kept:
            return []
        results = kept[-1 if self._which == 'last' else 0]['result']
        for index, result in enumerate(results):
            check_structure(result, RESULT, f'result {index}')
        return results

    def _take(
        self,
        result: Mapping[str, Any],
        size: Size,
        polygons: list[tuple[int, np.ndarray]],
        masks: list[BoxedMask],
    ) -> None:
        """Read one result into the polygons or the masks."""
        kind, value = result['type'], result.get('value', {})
        if kind not in ELEMENTS:
            self.losses.add('results that are no polygon, rectangle, ellipse or brush')
            return
        if result.get('image_rotation'):
            raise HandboneError('the image was rotated while it was labelled')
        if image_size([result]) not in (None, size):
            raise HandboneError(
                f'it was drawn on an image of another size ({image_size([result])})'
            )
        for label in result_labels(value.get(kind)):
            if label not in self._indices:
                raise HandboneError(
                    f'the label {shown(label)} is not among the classes '
                    f'({listed(list(self._indices), 40)}). Correct it, or {self._chosen_in}'
                )
            index = self._indices[label]
            if index is None:
                continue
            if kind == 'brushlabels':
                masks.append(brush_mask(index, value, size))
            else:
                polygons.append((index, polygon_points(kind, value, size)))

    def _add_labels(self, found: set[str], task: Any) -> None:
        """Add the labels of a task to those of the tasks before it."""
        with suppress(HandboneError):  # it comes again when the task is read
            check_structure(task, TASK, 'it')
            for result in self._results(task):
                if result['type'] in ELEMENTS:
                    found.update(result_labels(result.get('value', {}).get(result['type'])))

    def _image_name(self, names: Sequence[str]) -> str:
        """Find the name of an image file, with the mark of an upload or without it."""
        for path in map(PurePosixPath, names):
            bare = path.with_name(UPLOAD_MARK.sub('', path.name))
            for each in (path, bare):
                for skipped in range(len(each.parts)):
                    shorter = '/'.join(each.parts[skipped:])
                    if self.has_image(shorter):
                        return shorter
        return bare.name

    def _error(self, error: HandboneError, place: str) -> DatasetError:
        remedy = 'Correct it in Label Studio and export again'
        return DatasetError.of(self._file, error, remedy, place)


class LabelStudioWriter(ShapeWriter):
    """Writes ``tasks.json``, to import with the images served from a folder, and ``interface.xml``.

    The arguments are those of :class:`ShapeWriter`.
    """

    LABEL_PATH = NAME

    def begin(self) -> None:
        """Prepare the file; see the base class."""
        self._kind = 'polygonlabels' if self.shapes == 'polygon' else 'brushlabels'
        self._file = AppendedFile(self.target / NAME, b'[')
        self._count = 0

    def write(self, image: AnnotatedImage) -> None:
        """Append the task of one image; see the base class."""
        results = [
            {
                'id': f'{image.stem}-{number}',
                'type': self._kind,
                'from_name': 'label',
                'to_name': 'image',
                'original_width': image.width,
                'original_height': image.height,
                'image_rotation': 0,
                'value': value | {self._kind: [self.classes[index]]},
            }
            for number, (index, value) in enumerate(self._values(image))
        ]
        path = quote(f'{self.IMAGE_FOLDER}/{image.name}', errors='surrogateescape')
        task = {
            'data': {'image': f'{LOCAL_FILES}{path}'},
            'annotations': [{'result': results}],
        }
        self._file.append((',\n' if self._count else '\n').encode() + json.dumps(task).encode())
        self._count += 1

    def finish(self) -> None:
        """Bring the tasks into their place, and write the labelling interface."""
        self._file.finish(b'\n]\n')
        write_interface(self.target / INTERFACE, self._kind, self.hex_colors())

    def close(self) -> None:
        """Remove the unfinished file; see the base class."""
        self._file.discard()

    def _values(self, image: AnnotatedImage) -> Iterator[tuple[int, dict[str, Any]]]:
        """Make the value of each result, without its label."""
        if self._kind == 'polygonlabels':
            share = 100 / np.array([image.width, image.height])
            for index, points in self.polygons(image):
                yield index, {'points': (points * share).tolist(), 'closed': True}
            return
        for index, runs in enumerate(encode(self.draw(image), len(self.classes))):
            if len(runs):
                yield index, {'format': 'rle', 'rle': write_brush(runs, image.height * image.width)}
