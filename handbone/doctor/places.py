"""Pictures of the places in images that findings are about."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import cv2
import numpy as np

from handbone.datasets.errors import DatasetError
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.source import Source
from handbone.progress import progress_bar
from handbone.radiographs import RadiographError
from handbone.radiographs.image_reading import read_image
from handbone.visualization import draw_masks
from handbone.visualization.picture import to_picture
from handbone.visualization.text import Text, draw_texts

from .finding import Box, Finding
from .predictions import UNLIKE_PREDICTION, Predictions
from .survey import Survey

#: Side of a picture in pixels.
SIDE = 320
#: A picture shows this many times the box of a finding, and this share of the image at least.
AROUND, LEAST_SHARE = 2.0, 0.15
FRAME = (255, 214, 10)
#: Height of titles in pixels.
TEXT_SIZE = 14


def draw_places(
    findings: Sequence[Finding],
    survey: Survey,
    sources: Sequence[Source],
    predictions: Path | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Draw the places, image by image.

    Args:
        findings: What is drawn.
        survey: The data.
        sources: Where its labels are read again.
        predictions: CSV of runs, for findings about them.

    Yields:
        Number of the finding and its picture, RGB uint8, with sides of :data:`SIDE` at most, two
        of them side by side for a pair of images, and for labels with their prediction. Findings
        whose image is not known have none.
    """
    paths = {record.key: record.path for record in survey.records}
    wanted: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, each in enumerate(findings):
        if f'{each.split}/{each.image}' in paths:
            wanted[each.split, each.image].append(number)
    with (
        Predictions(predictions, survey.classes) if predictions else nullcontext() as predicted,
        progress_bar(description='Drawing pictures', total=len(wanted)) as drawn,
    ):
        for source in sources:
            left = {name for split, name in wanted if split == source.split}
            for image in _images(source, left):
                numbers = wanted[source.split, image.name]
                yield from _pictures(image, findings, numbers, survey, paths, predicted)
                drawn.update()


def _images(source: Source, names: set[str]) -> Iterator[AnnotatedImage]:
    """Read the images of some names; labels of others are not read where the format allows it."""
    left = set(names)
    if not left:
        return
    reader = source.open()
    for entry in reader.entries():
        with suppress(DatasetError):
            name = reader.entry_name(entry)
            if name in left:
                left.remove(name)
                image, problems = reader.attempt(entry)
                if image is not None and not problems:
                    yield image
        if not left:
            return


def _pictures(
    image: AnnotatedImage,
    findings: Sequence[Finding],
    numbers: Sequence[int],
    survey: Survey,
    paths: Mapping[str, str],
    predicted: Predictions | None,
) -> Iterator[tuple[int, np.ndarray]]:
    try:
        packed = image.draw(len(survey.classes))
        pixels = np.zeros((image.height, image.width), np.uint8)
        if image.path is not None:
            pixels = read_image(image.path)
    except (DatasetError, RadiographError, OSError):
        return
    if pixels.shape[:2] != packed.shape[:2]:
        return
    for number in numbers:
        each = findings[number]
        picture = _draw(pixels, packed, each.box, survey)
        if each.other:
            picture = _beside(picture, paths.get(each.other, ''))
        if predicted is not None and each.check == UNLIKE_PREDICTION:
            found = predicted.read(image.name, *packed.shape[:2])
            if found is not None:
                other = _draw(pixels, found[0], each.box, survey)
                picture = np.hstack([_titled(picture, 'labels'), _titled(other, 'prediction')])
        yield number, picture


def _draw(pixels: np.ndarray, packed: np.ndarray, box: Box | None, survey: Survey) -> np.ndarray:
    left, top, right, bottom = _view(box, *packed.shape[:2])
    part = (slice(top, bottom), slice(left, right))
    picture = draw_masks(
        pixels[part],
        packed[part],
        survey.classes,
        survey.palette or None,
        size=SIDE,
        alpha=0.15,
        line_width=1,
    )
    if box is not None:
        scale = picture.shape[1] / (right - left)
        corners = np.rint((np.array(box).reshape(2, 2) - (left, top)) * scale).astype(int)
        cv2.rectangle(picture, corners[0].tolist(), corners[1].tolist(), FRAME, 1, cv2.LINE_AA)
    return picture


def _titled(picture: np.ndarray, title: str) -> np.ndarray:
    """Write a title into the upper left corner."""
    return draw_texts(picture, [Text(title, TEXT_SIZE / 2, TEXT_SIZE, TEXT_SIZE, halo=2)])


def _view(box: Box | None, height: int, width: int) -> Box:
    """Part of the image that is shown: a square around a box, moved into the image."""
    if box is None:
        return 0, 0, width, height
    left, top, right, bottom = box
    side = max(AROUND * max(right - left, bottom - top), LEAST_SHARE * max(height, width))
    ends = []
    for middle, length in (((left + right) / 2, width), ((top + bottom) / 2, height)):
        extent = min(round(side), length)
        start = min(max(round(middle - extent / 2), 0), length - extent)
        ends.append((start, start + extent))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]


def _beside(picture: np.ndarray, path: str) -> np.ndarray:
    """Put another image beside a picture, at its height."""
    try:
        other = to_picture(read_image(path), SIDE)
    except (RadiographError, OSError):
        return picture
    height = picture.shape[0]
    width = max(1, round(other.shape[1] * height / other.shape[0]))
    return np.hstack([picture, cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)])
