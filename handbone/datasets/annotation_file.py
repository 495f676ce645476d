"""Annotation files (JSON), read and checked."""

import gc
import math
from array import array
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from handbone.errors import HandboneError, counted, shown
from handbone.json_files import json_bytes, parse_json
from handbone.listing import normal_form

from .errors import DatasetError
from .polygons import Polygons, pack_polygons
from .unknown_names import unknown_in_document

#: Pixels: no image is that large, and drawing has to stay within its integers.
LARGEST_COORDINATE = 1_000_000


class Annotations(NamedTuple):
    """What an annotation file says.

    Attributes:
        polygons: The valid polygons.
        problems: What is wrong with the file; nothing for a valid one.
        unknown: Indices of the classes that are unknown in the image.
    """

    polygons: Polygons
    problems: list[DatasetError]
    unknown: frozenset[int] = frozenset()


def read_annotations(
    path: Path,
    class_indices: Mapping[str, int],
    image_size: tuple[int, int] | None = None,
    skip_labels: Collection[str] = (),
    unread: Collection[str] = (),
) -> Annotations:
    """Read an annotation file and list all problems with it.

    Args:
        path: A JSON file in the hand-bone layout; only ``annotations[].label`` and ``.points`` are
            required. ``metadata.height`` and ``.width`` are compared with the image if present;
            ``attributes.unknown_classes`` lists classes that are unknown in the image.
        class_indices: Class index of each known label.
        image_size: Height and width of the image; None skips the checks against it.
        skip_labels: Labels to leave out silently.
        unread: Classes that have no index, but that the file may call unknown.

    Returns:
        What it says.
    """
    try:
        document = _load_document(path)
    except DatasetError as error:
        return Annotations(pack_polygons([], []), [error])
    problems = _frame_problems(path, document, image_size)
    class_indices = {normal_form(name): index for name, index in class_indices.items()}
    skip_labels = {normal_form(name) for name in skip_labels}
    classes, outlines = [], []
    unknown: frozenset[int] = frozenset()
    try:
        left_out = {*skip_labels, *map(normal_form, unread)}
        unknown = unknown_in_document(path, document, class_indices, left_out)
    except DatasetError as error:
        problems.append(error)
    for index, annotation in enumerate(document['annotations']):
        try:
            label = _label(annotation)
            if normal_form(label) in skip_labels:
                continue
            class_index = _class_index(label, class_indices)
            outline = checked_points(annotation['points'], image_size)
        except AnnotationError as error:
            problem, remedy = error.args
            problems.append(DatasetError.at(path, problem, remedy, _place(index, annotation)))
        else:
            classes.append(class_index)
            outlines.append(outline)
    return Annotations(pack_polygons(classes, outlines), problems, unknown)


def annotated_size(path: Path) -> tuple[int, int] | None:
    """Read the size of the image on which the polygons of a file were drawn.

    Args:
        path: A JSON file in the hand-bone layout.

    Returns:
        Height and width from ``metadata``, None where one of them is not there.

    Raises:
        DatasetError: The file cannot be read, or a length is not a positive whole number.
    """
    height, width = _annotated_lengths(path, _load_document(path))
    return None if height is None or width is None else (height, width)


def labels_of(path: Path) -> list[str]:
    """List the labels of a file; annotations without a valid one are passed over.

    Args:
        path: A JSON file in the hand-bone layout.

    Returns:
        One label per annotation.

    Raises:
        DatasetError: The file cannot be read.
    """
    annotations = _load_document(path)['annotations']
    labels = [each.get('label') for each in annotations if isinstance(each, dict)]
    return [label for label in labels if isinstance(label, str)]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's search for reference cycles while many annotation files are read.

    JSON turns every point into a list but creates no cycles, and searching these lists for cycles
    takes two fifths of the reading time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class AnnotationError(Exception):
    """Problem and remedy of one bad annotation; the caller adds the file and the place."""


def _load_document(path: Path) -> dict:
    try:
        document = parse_json(json_bytes(path))
    except OSError as error:
        raise DatasetError.at(
            path,
            f'the annotation file cannot be read ({error.strerror})',
            'Check that the file exists and that you may read it',
        ) from error
    except HandboneError as error:
        raise DatasetError.at(
            path, str(error), 'Export the annotations of this image again'
        ) from error
    remedy = 'Expected {"annotations": [{"label": "...", "points": [[x, y], ...]}, ...]}'
    if not isinstance(document, dict) or 'annotations' not in document:
        raise DatasetError.at(path, 'the key "annotations" is missing', remedy)
    if not isinstance(document['annotations'], list):
        raise DatasetError.at(path, '"annotations" is not a list', remedy)
    return document


def _frame_problems(
    path: Path, document: dict, image_size: tuple[int, int] | None
) -> list[DatasetError]:
    try:
        height, width = _annotated_lengths(path, document)
    except DatasetError as error:
        return [error]
    if image_size is None or None in (height, width) or (height, width) == image_size:
        return []
    return [
        DatasetError.at(
            path,
            f'the polygons were drawn on an image of width {width} and height {height} '
            f'(metadata), but the image has width {image_size[1]} and height {image_size[0]}',
            'Put the original image back, or scale the points and correct the metadata',
        )
    ]


def _annotated_lengths(path: Path, document: dict) -> tuple[int | None, int | None]:
    """Read height and width of the image from the metadata; None for what is not there."""
    metadata = document.get('metadata') or {}
    if not isinstance(metadata, dict):
        raise DatasetError.at(
            path, f'the metadata is {shown(metadata)}, not an object', 'Correct or remove it'
        )
    lengths = metadata.get('height'), metadata.get('width')
    if not all(length is None or _is_length(length) for length in lengths):
        raise DatasetError.at(
            path,
            f'the metadata gives the height {shown(lengths[0])} and the width {shown(lengths[1])}',
            'Correct the metadata to whole numbers of pixels',
        )
    height, width = (None if length is None else int(length) for length in lengths)
    return height, width


def _is_length(value: Any) -> bool:
    """Tell whether a value is a length in pixels; some programs write whole numbers as 512.0."""
    whole = type(value) is int or (isinstance(value, float) and value.is_integer())
    return whole and 0 < value <= LARGEST_COORDINATE


def _label(annotation: object) -> str:
    remedy = 'Give it the keys "label", a name, and "points", a list'
    if not isinstance(annotation, dict):
        raise AnnotationError('it is not an object', remedy)
    for key in ('label', 'points'):
        if key not in annotation:
            raise AnnotationError(f'the key "{key}" is missing', remedy)
    if not isinstance(annotation['label'], str):
        raise AnnotationError('the label is not a name', remedy)
    return annotation['label']


def _class_index(label: str, class_indices: Mapping[str, int]) -> int:
    index = class_indices.get(normal_form(label))
    if index is None:
        raise AnnotationError(
            f'the label is not among the {len(class_indices)} classes ({", ".join(class_indices)})',
            'Correct the label, add it to metainfo.classes, or name it in skip_labels',
        )
    return index


def checked_points(raw: Any, image_size: tuple[int, int] | None) -> np.ndarray:
    """Check the points of one polygon.

    Args:
        raw: What a file holds, a list of lists [x, y] in pixels.
        image_size: Height and width of the image; None skips the check against it.

    Returns:
        (n, 2) float64, at least three points.

    Raises:
        AnnotationError: It is something else, or lies completely outside the image.
    """
    if not isinstance(raw, list) or len(raw) < 3:
        is_list = isinstance(raw, list)
        count = counted(len(raw), 'point') if is_list else f'{type(raw).__name__} as points'
        raise AnnotationError(
            f'it has {count}, but a polygon needs at least 3',
            'Draw it again or remove the annotation',
        )
    points = _as_array(raw)
    low, high = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    if not all(abs(value) <= LARGEST_COORDINATE for value in (*low, *high)):  # NaN compares false
        raise AnnotationError(
            f'{_first_bad_point(raw)} is not a pair of finite numbers [x, y] within '
            f'{LARGEST_COORDINATE} pixels',
            'Correct the coordinates of this point',
        )
    height, width = image_size or (math.inf, math.inf)
    if min(high) < 0 or low[0] >= width or low[1] >= height:
        raise AnnotationError(
            f'it is completely outside the image (x {low[0]:g} to {high[0]:g}, y {low[1]:g} to '
            f'{high[1]:g}; the image has width {width} and height {height})',
            'Correct the coordinates or remove the annotation',
        )
    return points


def _as_array(raw: list) -> np.ndarray:
    """Convert points to (n, 2) float64, or to one NaN if any of them is not a pair of numbers."""
    try:
        if set(map(len, raw)) == {2}:
            numbers = list(chain.from_iterable(raw))
            if set(map(type, numbers)) <= {int, float}:
                return np.frombuffer(array('d', numbers)).reshape(-1, 2)
    except (TypeError, OverflowError):
        pass
    return np.full((1, 2), np.nan)


def _first_bad_point(raw: list) -> str:
    for index, point in enumerate(raw):
        sound = isinstance(point, list) and len(point) == 2 and all(map(_is_coordinate, point))
        if not sound:
            return f'point {index} ({shown(point)})'
    return f'a point among {len(raw)}'


def _is_coordinate(value: Any) -> bool:
    # neither True and False, which are ints to Python, nor NaN, which compares false
    return type(value) in (int, float) and abs(value) <= LARGEST_COORDINATE


def _place(index: int, annotation: object) -> str:
    if not isinstance(annotation, dict):
        return f'annotation {index}'
    identity, label = annotation.get('id', 'none'), annotation.get('label', 'none')
    return f'annotation {index} (id {shown(identity)}, label {shown(label)})'
