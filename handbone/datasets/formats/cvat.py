"""CVAT for images 1.1: one XML file with the shapes of all images."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from handbone.appended_file import AppendedFile
from handbone.errors import HandboneError, shown
from handbone.listing import normal_form
from handbone.masks.lengths_in_turn import mask_to_lengths
from handbone.xml_stream import read_elements
from handbone.xml_text import xml_bytes

from ..errors import DatasetError
from .annotated_image import AnnotatedImage
from .file_faults import faults_of
from .format_reader import FormatReader, Size
from .shape_outlines import ellipse_outline, turned
from .shape_writer import ShapeWriter
from .tool_shapes import (
    BoxedMask,
    boxed_mask,
    labels_of_shapes,
    points_or_error,
)

NAME = 'annotations.xml'
#: Elements of an image without an area.
LINES = ('polyline', 'points', 'tag', 'skeleton', 'cuboid')
AREAS = ('polygon', 'box', 'ellipse', 'mask')
LARGEST_SIDE = 2**20
REMEDY = 'Correct it in CVAT and export again'


class CvatReader(FormatReader):
    """Reads the export "CVAT for images 1.1": polygons, boxes, ellipses and masks.

    The labels of the task are the classes, in its order. Boxes and ellipses may be rotated. What
    has no area is left out. The file is read image by image; document types and entities are
    refused.

    Args:
        source: ``annotations.xml``, or the folder that holds it.
        images: As for :class:`FormatReader`.
        choice: As for :class:`FormatReader`.
        bad_files: As for :class:`FormatReader`.
    """

    def _prepare(self) -> None:
        """Find the classes; see the base class."""
        self._file = self.source / NAME if self.source.is_dir() else self.source
        self.place = self._file
        names: dict[str, str] = {}
        self._count = 0
        for element in self._elements('labels', 'image'):
            if element.tag == 'image':
                self._count += 1
                continue
            for label in element.findall('label'):
                names[normal_form(label.findtext('name') or '')] = label.findtext('color') or ''
        if not self._count:
            raise DatasetError.at(
                self._file, 'there is no image in it', 'Export "CVAT for images 1.1"'
            )
        complete = bool(names)
        if not names:
            names = dict.fromkeys(self._names_of_shapes(), '')
        self.classes, self._indices = self.choice.resolve(list(names), self._file, complete)

    def __len__(self) -> int:
        """Count the images; see the base class."""
        return self._count

    def entries(self) -> Iterator[Element]:
        """Read the elements of the images, one by one."""
        return self._elements('image')

    def entry_name(self, entry: Element) -> str:
        """Name the image of an element; see the base class."""
        identity = entry.get('name')
        return self.known_name(identity) if identity else super().entry_name(entry)

    def read(self, entry: Element) -> AnnotatedImage:
        """Read the shapes of one image; see the base class."""
        identity = entry.get('name') or ''
        where = f'image {shown(identity)}'
        sides = [_side(entry.get(side)) for side in ('height', 'width')]
        if not identity or None in sides:
            raise DatasetError.at(
                self._file, 'the image lacks its name, height or width', REMEDY, where
            )
        height, width = (side for side in sides if side is not None)
        name, path, size = self.locate(identity, (height, width), self._file, where)
        polygons: list[tuple[int, np.ndarray]] = []
        masks: list[BoxedMask] = []
        for number, shape in enumerate(entry):
            try:
                self._take(shape, size, polygons, masks)
            except HandboneError as error:
                place = f'{where}, {shape.tag} {number}'
                self.note([DatasetError.of(self._file, error, REMEDY, place)])
        labels = labels_of_shapes(polygons, masks, size, len(self.classes))
        return AnnotatedImage(name, path, *size, labels)

    def _take(
        self,
        shape: Element,
        size: Size,
        polygons: list[tuple[int, np.ndarray]],
        masks: list[BoxedMask],
    ) -> None:
        """Read one shape into the polygons or the masks."""
        if shape.tag in LINES:
            self.losses.add('shapes that are no polygon, box, ellipse or mask')
            return
        if shape.tag not in AREAS:
            raise HandboneError(f'the shape {shown(shape.tag)} is unknown')
        label = normal_form(shape.get('label') or '')
        if label not in self._indices:
            raise HandboneError(f'the label {shown(label)} is not among the labels of the task')
        index = self._indices[label]
        if index is None:
            return
        self.losses.add('attributes and groups', len(shape) + ('group_id' in shape.attrib))
        self.losses.add('marks of occluded shapes', shape.get('occluded') == '1')
        if shape.tag == 'mask':
            masks.append(_read_mask(index, shape, size))
        elif shape.tag == 'box':
            polygons.append((index, points_or_error(_corners(shape), size)))
        elif shape.tag == 'ellipse':
            polygons.append((index, points_or_error(_ellipse(shape), size)))
        else:
            points = [point.split(',') for point in (shape.get('points') or '').split(';')]
            numbers = [[_number(each) for each in point] for point in points]
            polygons.append((index, points_or_error(numbers, size)))

    def _names_of_shapes(self) -> list[str]:
        """List the labels of shapes, where the file does not list those of the task."""
        labels = {
            normal_form(shape.get('label') or '')
            for element in self._elements('image')
            for shape in element
            if shape.tag in AREAS
        }
        return sorted(labels)

    def _elements(self, *names: str) -> Iterator[Element]:
        with faults_of(self._file, 'Export it again'):
            yield from read_elements(self._file, names)


class CvatWriter(ShapeWriter):
    """Writes ``annotations.xml``, to upload into a task of the same images, and its labels.

    The arguments are those of :class:`ShapeWriter`.
    """

    LABEL_PATH = NAME

    def begin(self) -> None:
        """Prepare the file; see the base class."""
        self._number = 0
        self._file = AppendedFile(self.target / NAME, self._header())

    def write(self, image: AnnotatedImage) -> None:
        """Append the shapes of one image; see the base class."""
        size = dict(width=str(image.width), height=str(image.height))
        element = Element('image', dict(id=str(self._number), name=image.name) | size)
        if self.shapes == 'polygon':
            self._add_polygons(element, image)
        else:
            self._add_masks(element, image)
        try:
            content = xml_bytes(element)
        except HandboneError as error:  # the labels are in the header, which was written
            place = image.path or image.name
            raise DatasetError.of(place, error, 'Rename the image', 'its name') from error
        self._file.append(content + b'\n')
        self._number += 1

    def finish(self) -> None:
        """Bring the file into its place; see the base class."""
        self._file.finish(b'</annotations>\n')

    def close(self) -> None:
        """Remove the unfinished file; see the base class."""
        self._file.discard()

    def _header(self) -> bytes:
        task = Element('task')
        labels = SubElement(task, 'labels')
        for name, color in self.hex_colors():
            label = SubElement(labels, 'label')
            SubElement(label, 'name').text = name
            SubElement(label, 'color').text = color
            SubElement(label, 'type').text = 'any'
            SubElement(label, 'attributes')
        try:
            meta = xml_bytes(task)
        except HandboneError as error:
            place = 'names of the classes'
            raise DatasetError.of(self.target / NAME, error, 'Rename the class', place) from error
        start = b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n'
        return start + b'<meta>' + meta + b'</meta>\n'

    def _add_polygons(self, element: Element, image: AnnotatedImage) -> None:
        for index, points in self.polygons(image):
            text = ';'.join(f'{x!r},{y!r}' for x, y in points.tolist())
            self._add(element, 'polygon', index, points=text)

    def _add_masks(self, element: Element, image: AnnotatedImage) -> None:
        for index, left, top, mask in self.masks(image):
            self._add(
                element,
                'mask',
                index,
                rle=', '.join(map(str, mask_to_lengths(mask).tolist())),
                left=str(left),
                top=str(top),
                width=str(mask.shape[1]),
                height=str(mask.shape[0]),
            )

    def _add(self, element: Element, tag: str, index: int, **attributes: str) -> None:
        common = dict(label=self.classes[index], source='manual', occluded='0')
        SubElement(element, tag, common | attributes | dict(z_order='0'))


def _read_mask(index: int, shape: Element, size: Size) -> BoxedMask:
    numbers = [_number(shape.get(side)) for side in ('left', 'top', 'width', 'height')]
    lengths = [_number(each) for each in (shape.get('rle') or '').split(',')]
    if not all(number.is_integer() and abs(number) < 2**31 for number in (*numbers, *lengths)):
        raise HandboneError('the mask has a number that is not whole')
    left, top, width, height = map(int, numbers)
    return boxed_mask(index, left, top, (height, width), np.array(lengths, np.int64), size)


def _corners(shape: Element) -> list[list[float]]:
    """Find the corners of a box, which CVAT turns clockwise around its middle."""
    left, top, right, bottom = (_number(shape.get(side)) for side in ('xtl', 'ytl', 'xbr', 'ybr'))
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return _rotated(shape, corners, ((left + right) / 2, (top + bottom) / 2))


def _ellipse(shape: Element) -> list[list[float]]:
    """Find the outline of an ellipse, which CVAT turns like a box."""
    x, y, *radii = (_number(shape.get(key)) for key in ('cx', 'cy', 'rx', 'ry'))
    return _rotated(shape, ellipse_outline(x, y, *radii), (x, y))


def _rotated(
    shape: Element, points: list[list[float]], middle: tuple[float, float]
) -> list[list[float]]:
    angle = _number(shape.get('rotation', '0'))
    return turned(points, angle, middle) if angle else points


def _number(text: str | None) -> float:
    try:
        return float(text or '')
    except ValueError:
        raise HandboneError(f'{shown(text)} is not a number') from None


def _side(text: str | None) -> int | None:
    sound = text is not None and text.isdecimal() and 0 < int(text) <= LARGEST_SIDE
    return int(text) if sound and text else None
