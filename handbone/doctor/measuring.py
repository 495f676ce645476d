"""One pass over a dataset: everything that the checks need from the files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from handbone.bones import CLASSES, FINGERS, bone_names
from handbone.datasets.attribute_values import bend_degrees
from handbone.datasets.errors import DatasetError
from handbone.datasets.file_list import image_file
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.polygons import Polygons
from handbone.postprocessing.anatomy_checks import misplaced_bones
from handbone.postprocessing.bone_shapes import BoneShape
from handbone.radiographs import RadiographError
from handbone.radiographs.file_header import FileHeader, read_file_header
from handbone.radiographs.image_reading import read_image

from .class_measures import measure_classes
from .image_record import ClassMeasures, ImageRecord, LabelDefect
from .outline_defects import outline_defects
from .pixel_measures import grey_image, measure_pixels
from .predictions import Predictions


def measure_images(
    split: str,
    images: Iterable[AnnotatedImage],
    classes: Sequence[str],
    predictions: Predictions | None = None,
    labelled: bool = True,
) -> Iterator[ImageRecord]:
    """Measure the images of one part of the data, one after the other.

    Args:
        split: Name of the part.
        images: What a reader gives.
        classes: Class names in bit order.
        predictions: What the labels are compared with.
        labelled: Whether this part of the data has labels at all.

    Yields:
        One record per image.

    Raises:
        DatasetError: Never for a bad image file, which the record tells; for labels in files that
            cannot be drawn.
    """
    for image in images:
        yield measure_image(split, image, classes, predictions, labelled)


def measure_image(
    split: str,
    image: AnnotatedImage,
    classes: Sequence[str],
    predictions: Predictions | None = None,
    labelled: bool = True,
) -> ImageRecord:
    """Measure one image and its labels.

    Args:
        split: Name of the part of the data.
        image: The image.
        classes: Class names in bit order.
        predictions: What the labels are compared with.
        labelled: Whether this part of the data has labels at all.

    Returns:
        The record.
    """
    pixels, grey, header, problem = None, None, FileHeader(), ''
    if image.path is not None:
        try:
            stored = read_image(image.path)
            header = read_file_header(image.path)
            pixels = measure_pixels(stored)
            grey = grey_image(stored)
        except (RadiographError, OSError) as error:
            problem = str(error)
    if grey is not None and grey.shape != (image.height, image.width):
        grey = None
    try:
        packed = image.draw(len(classes))
    except DatasetError as error:
        packed, problem = np.zeros((0, 0), np.int32), str(error)
    measures, defects = _measure_labels(image, packed, classes, grey)
    return ImageRecord(
        split,
        image.name,
        '' if image.path is None else str(image.path),
        image_file(PurePosixPath(image.name)).patient,
        image.height,
        image.width,
        measures,
        pixels,
        problem,
        tuple(defects),
        predictions.compare(image.name, packed, image.unknown)
        if predictions and labelled and packed.size
        else None,
        header,
        _bend(image, classes) if packed.size and labelled else float('nan'),
        labelled,
        image.unknown,
    )


def _measure_labels(
    image: AnnotatedImage, packed: np.ndarray, classes: Sequence[str], grey: np.ndarray | None
) -> tuple[ClassMeasures, list[LabelDefect]]:
    if not packed.size:
        packed = np.zeros((image.height, image.width, 1 + (len(classes) - 1) // 31), np.int32)
        packed = packed[..., 0] if packed.shape[2] == 1 else packed
    measures, shapes = measure_classes(packed, len(classes), grey)
    outlines = image.labels if isinstance(image.labels, Polygons) else image.outlines
    defects: list[LabelDefect] = []
    if outlines is not None:
        polygons = outlines.split()
        counts = np.bincount(outlines.classes, minlength=len(classes)).astype(np.int32)
        measures = replace(measures, polygons=counts)
        defects += outline_defects(polygons, image.height, image.width)
    if set(FINGERS) <= set(bone_names(classes)):
        defects += _hand_defects(shapes, measures, classes)
    return measures, defects


def _hand_defects(
    shapes: dict[int, BoneShape], measures: ClassMeasures, classes: Sequence[str]
) -> Iterator[LabelDefect]:
    """Find fingers whose bones are out of order, whatever names the classes have."""
    names = bone_names(classes)
    bones = {names[index]: shape for index, shape in shapes.items() if names[index] in CLASSES}
    for found, text in misplaced_bones(bones, dict(zip(names, classes, strict=True))):
        indices = [names.index(name) for name in found]
        boxes = measures.boxes[indices]
        left, top = boxes[:, :2].min(axis=0).tolist()
        right, bottom = boxes[:, 2:].max(axis=0).tolist()
        yield LabelDefect('finger-order', indices[0], text, 0.7, (left, top, right, bottom))


def _bend(image: AnnotatedImage, classes: Sequence[str]) -> float:
    labels = image.labels if image.outlines is None else image.outlines
    return bend_degrees(labels, (image.height, image.width), classes)
