"""LabelMe: one JSON file of shapes beside each image."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.listing import normal_form
from handbone.masks.lengths_in_turn import mask_to_lengths
from handbone.radiographs.errors import RadiographError
from handbone.radiographs.picture_formats import decode_picture
from handbone.structure import Fields, check_structure

from ..annotation_file import LARGEST_COORDINATE
from ..errors import DatasetError
from ..file_list import ImageFile
from .annotated_image import AnnotatedImage
from .format_reader import Size
from .label_file_reader import LabelFileReader
from .label_json import load_json
from .shape_outlines import ellipse_outline
from .shape_writer import ShapeWriter
from .tool_shapes import (
    BoxedMask,
    boxed_mask,
    labels_of_shapes,
    points_or_error,
)

DOCUMENT = Fields(
    dict(shapes=[object]),
    dict(imagePath=(str, None), imageHeight=(int, None), imageWidth=(int, None)),
)
SHAPE = Fields(dict(label=str, points=[object]), dict(shape_type=(str, None), mask=(str, None)))
#: What flags, groups and descriptions are where a shape has none; a group may have the number 0.
NOTHING: tuple[object, ...] = (None, '', {})
#: Shapes without an area.
LINES = ('line', 'linestrip', 'point', 'points')
#: Shapes of which X-AnyLabeling saves all four corners, those of a rectangle as well.
WITH_CORNERS = ('rectangle', 'rotation', 'quadrilateral')
#: The version of LabelMe whose files are written.
VERSION = '5.5.0'


class LabelMeReader(LabelFileReader):
    """Reads LabelMe's JSON files: polygons, rectangles, circles and masks.

    The labels of all files are the classes, in the order of their names; if all of them are bones
    of the hand, the 29 bones are. Lines and points have no area and are left out. Files of
    X-AnyLabeling, in which rectangles may be turned, are read as well.

    Args:
        source: The folder of the JSON files.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    IMAGE_FOLDERS = ('.', '../images', 'images')
    SUFFIXES = ('.json',)

    def _prepare(self) -> None:
        """Find the classes; see the base class."""
        super()._prepare()
        self.classes, self._indices = self.choice.resolve(
            self.names_in_files(_labels), self.source, complete=False
        )

    def entry_name(self, entry: ImageFile) -> str:
        """Name the image of a file; see the base class."""
        known = self.has_image(entry.key)
        return self.known_name(entry.key) if known else self.read(entry).name

    def read(self, entry: ImageFile) -> AnnotatedImage:
        """Read one file; see the base class."""
        path = self.source / entry.name
        document = _load(path)
        height, width = document.get('imageHeight'), document.get('imageWidth')
        known = (height, width) if height and width else None
        own_name = PurePosixPath((document.get('imagePath') or entry.key).replace('\\', '/')).name
        # under the name of the JSON, or wherever the file of imagePath is
        beside = str(PurePosixPath(entry.name).parent / own_name)
        name = next(filter(self.has_image, (entry.key, beside, own_name)), beside)
        name, image, size = self.locate(name, known, path)
        polygons: list[tuple[int, np.ndarray]] = []
        masks: list[BoxedMask] = []
        for number, shape in enumerate(document['shapes']):
            place = f'shapes[{number}]'
            try:
                check_structure(shape, SHAPE, place)
                self._take(shape, size, polygons, masks)
            except HandboneError as error:
                self.note([DatasetError.of(path, error, 'Correct it in LabelMe', place)])
        labels = labels_of_shapes(polygons, masks, size, len(self.classes))
        return AnnotatedImage(name, image, *size, labels)

    def _take(
        self,
        shape: Mapping[str, Any],
        size: Size,
        polygons: list[tuple[int, np.ndarray]],
        masks: list[BoxedMask],
    ) -> None:
        """Read one shape into the polygons or the masks."""
        label = normal_form(shape['label'])
        if label not in self._indices:
            raise HandboneError(
                f'the label {shown(label)} is not among the classes. Correct, rename or skip it'
            )
        index = self._indices[label]
        if index is None:
            return
        attributes = [shape.get(key) for key in ('flags', 'group_id', 'description')]
        given = sum(value not in NOTHING for value in attributes)
        self.losses.add('flags, groups and descriptions', given)
        kind = shape.get('shape_type') or 'polygon'
        if kind in LINES:
            self.losses.add('lines and points')
        elif kind == 'mask':
            masks.append(_read_mask(index, shape, size))
        else:
            polygons.append((index, points_or_error(_outline(kind, shape['points']), size)))


class LabelMeWriter(ShapeWriter):
    """Writes ``NAME.json`` beside a link to each image, as LabelMe opens them.

    The arguments are those of :class:`ShapeWriter`.
    """

    LABEL_PATH = IMAGE_FOLDER = '.'

    def write(self, image: AnnotatedImage) -> None:
        """Write the shapes of one image; see the base class."""
        document: dict[str, Any] = {
            'version': VERSION,
            'flags': {},
            'shapes': list(self._made(image)),
            'imagePath': PurePosixPath(image.name).name,
            'imageData': None,
            'imageHeight': image.height,
            'imageWidth': image.width,
        }
        write_atomically(
            self.target / f'{self.label_stem(image)}.json', json.dumps(document).encode()
        )

    def _made(self, image: AnnotatedImage) -> Iterator[dict[str, Any]]:
        if self.shapes == 'polygon':
            for index, points in self.polygons(image):
                yield self._shape(index, 'polygon', points.tolist(), None)
            return
        for index, left, top, mask in self.masks(image):
            right, bottom = left + mask.shape[1] - 1, top + mask.shape[0] - 1
            _, content = cv2.imencode('.png', mask.view(np.uint8) * np.uint8(255))
            text = base64.b64encode(content.tobytes()).decode('ascii')
            yield self._shape(index, 'mask', [[left, top], [right, bottom]], text)

    def _shape(
        self, index: int, kind: str, points: list[list[float]], mask: str | None
    ) -> dict[str, Any]:
        return {
            'label': self.classes[index],
            'points': points,
            'group_id': None,
            'description': '',
            'shape_type': kind,
            'flags': {},
            'mask': mask,
        }


def _load(path: Path) -> dict[str, Any]:
    return dict(load_json(path, DOCUMENT, 'Save it again in LabelMe'))


def _labels(path: Path) -> list[str]:
    """List the labels of a file; shapes without a valid one are passed over."""
    labels = [each.get('label') for each in _load(path)['shapes'] if isinstance(each, dict)]
    return [label for label in labels if isinstance(label, str)]


def _outline(kind: str, points: list[Any]) -> list[Any]:
    """List the points of the polygon that a shape covers."""
    if kind == 'polygon' or (kind in WITH_CORNERS and len(points) == 4):
        return points
    if kind not in ('circle', *WITH_CORNERS):
        raise HandboneError(f'the shape {shown(kind)} is unknown')
    if kind in WITH_CORNERS[1:]:
        raise HandboneError(f'the {kind} has {len(points)} points instead of its four corners')
    (x, y), (other_x, other_y) = _two_points(kind, points)
    if kind == 'rectangle':
        return [[x, y], [other_x, y], [other_x, other_y], [x, other_y]]
    radius = float(np.hypot(other_x - x, other_y - y))
    return ellipse_outline(x, y, radius, radius)


def _two_points(kind: str, points: list[Any]) -> list[list[float]]:
    """Check the two points of a shape."""
    if len(points) != 2 or not all(map(_is_point, points)):
        raise HandboneError(
            f'the {kind} has the points {shown(points)} instead of two pairs of finite numbers'
        )
    return points


def _is_point(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        # NaN compares false
        and all(type(x) in (int, float) and abs(x) <= LARGEST_COORDINATE for x in value)
    )


def _read_mask(index: int, shape: Mapping[str, Any], size: Size) -> BoxedMask:
    """Read a mask: a PNG in base64, whose first pixel lies at the first point."""
    corners = _two_points('mask', shape['points'])
    (left, top), _ = points = [list(map(round, point)) for point in corners]
    try:
        data = base64.b64decode(shape.get('mask') or '', validate=True)
        picture, _ = decode_picture('the mask', data)
    except ValueError as error:  # of base64, or a RadiographError
        reason = error.problem if isinstance(error, RadiographError) else error
        raise HandboneError(f'the mask is no PNG in base64 ({reason})') from error
    expected = points[1][1] - top + 1, points[1][0] - left + 1
    if picture.shape != expected:
        raise HandboneError(
            f'the mask has width {picture.shape[1]} and height {picture.shape[0]}, but its points '
            f'say {expected[1]} and {expected[0]}'
        )
    return boxed_mask(index, left, top, picture.shape, mask_to_lengths(picture != 0), size)
