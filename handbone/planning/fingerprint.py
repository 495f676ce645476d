"""What is measured of a dataset before a training is planned."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handbone.datasets import LoadRadiograph, MultilabelDataset
from handbone.datasets.labels import labels_of
from handbone.errors import HandboneError
from handbone.json_files import json_beginning
from handbone.radiographs.contrast import little_contrast

from .image_measures import ImageMeasures, measure_image

#: Images whose pixels are read; sizes and patients are those of all images.
MOST_IMAGES = 200
#: A median offset from the centre, as a share of the width, from which on a class is on one side.
OFF_CENTRE = 0.02
#: Share of the images in which the class must then be on that side.
ALWAYS = 0.95
#: How a file of :meth:`Fingerprint.to_plain` begins.
BEGINNING = re.compile(r'\{\s*"images": \d+,\s*"patients": \d+,\s*"measured_images": \d+')


@dataclass(frozen=True)
class ClassMeasures:
    """What one class is like, in the images that have it.

    Attributes:
        name: Its name.
        presence: Share of the images that have it, of those that know it.
        area: Median share of the pixels of an image.
        thickness: Median width of its parts in pixels of the file: that of a long strip, two thirds
            of the diameter of a disc.
        side: ``'left'`` or ``'right'`` if it is on that side of nearly all images, else ``''``.
    """

    name: str
    presence: float
    area: float
    thickness: float
    side: str


@dataclass(frozen=True)
class Fingerprint:
    """The measures of a dataset.

    Attributes:
        images: Number of images.
        patients: Number of patients.
        measured_images: Number of images whose pixels were read.
        width: Median width of the images in pixels.
        height: Median height of the images in pixels.
        smallest: Width and height of the smallest image.
        largest: Width and height of the largest image.
        grey_mean: Mean grey value as the network gets it, 0 to 255.
        grey_deviation: Standard deviation of the grey values.
        grey_range: The 1st and the 99th percentile of the grey values.
        classes: Measures of each class, in bit order.
        overlap: Share of the labelled pixels that belong to several classes.
        overlapping_pairs: Number of pairs of classes that overlap anywhere.
        extent: 5th, 50th and 95th percentile of the size of the labelled part relative to the
            image: the square root of the share of its box.
        shift: Standard deviation of the centre of the labelled part, as a share of the image.
        color: Whether most images have colours.
        pale_images: Number of measured images with hardly any contrast.
    """

    images: int
    patients: int
    measured_images: int
    width: int
    height: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    grey_mean: float
    grey_deviation: float
    grey_range: tuple[float, float]
    classes: tuple[ClassMeasures, ...]
    overlap: float
    overlapping_pairs: int
    extent: tuple[float, float, float]
    shift: float
    color: bool = False
    pale_images: int = 0

    @property
    def thinnest(self) -> ClassMeasures:
        """The class with the thinnest structures."""
        return min(self.present_classes, key=lambda each: each.thickness)

    @property
    def present_classes(self) -> tuple[ClassMeasures, ...]:
        """The classes that a measured image has."""
        return tuple(each for each in self.classes if each.presence > 0)

    @property
    def long_side(self) -> int:
        """The longer side of the median image, in pixels."""
        return max(self.width, self.height)

    def to_plain(self) -> dict[str, Any]:
        """Give the measures as a dict for JSON."""
        return asdict(self)


def is_fingerprint(path: Path) -> bool:
    """Whether a file holds the fingerprint of a dataset.

    Args:
        path: Anything that exists.

    Returns:
        False for any other file, such as annotations, and for a folder.

    Raises:
        OSError: The file cannot be read.
    """
    return path.is_file() and BEGINNING.match(json_beginning(path)) is not None


def take_fingerprint(
    dataset: MultilabelDataset, progress: Any = iter, most_images: int = MOST_IMAGES
) -> Fingerprint:
    """Measure a dataset.

    Args:
        dataset: All images, with their labels.
        progress: Wraps the iteration over the images, as tqdm does.
        most_images: Images whose pixels are read, spread evenly over the dataset.

    Returns:
        Its fingerprint.

    Raises:
        HandboneError: No measured image has a label, or a file is not valid.
    """
    classes = dataset.metainfo['classes']
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    sizes = np.array([(info['width'], info['height']) for info in infos])
    areas = sizes.prod(axis=1)
    chosen = np.linspace(0, len(infos) - 1, min(most_images, len(infos))).round().astype(int)
    load = LoadRadiograph(color_type='color')
    measured = [
        measure_image(
            load.transform(dict(infos[index]))['img'],
            labels_of(infos[index]),
            len(classes),
            infos[index].get('unknown'),
        )
        for index in progress(chosen)
    ]
    unknown = [_unknown_classes(infos[index]) for index in chosen]
    boxes = np.array([each.box for each in measured if each.box is not None])
    if not len(boxes):
        raise HandboneError(f'{dataset.data_root}: none of {len(measured)} images has a label.')
    extent = np.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    width, height = np.median(sizes, axis=0)
    histograms = [each.histogram for each in measured]
    mean, deviation, grey_range = _grey_values(np.sum(histograms, axis=0))
    ranges = [np.ptp(_grey_values(histogram)[2]) for histogram in histograms]
    labelled = sum(each.labelled for each in measured)
    pairs = {pair for each in measured for pair in each.pairs}
    return Fingerprint(
        images=len(infos),
        patients=len({info['patient'] for info in infos}),
        measured_images=len(measured),
        width=int(width),
        height=int(height),
        smallest=_size(sizes[areas.argmin()]),
        largest=_size(sizes[areas.argmax()]),
        grey_mean=mean,
        grey_deviation=deviation,
        grey_range=grey_range,
        classes=tuple(_class(index, name, measured, unknown) for index, name in enumerate(classes)),
        overlap=sum(each.shared for each in measured) / labelled,
        overlapping_pairs=len(pairs),
        extent=tuple(np.round(np.percentile(extent, (5, 50, 95)), 4).tolist()),
        shift=round(float(centres.std(axis=0).max()), 4),
        color=bool(np.mean([each.color for each in measured]) > 0.5),
        pale_images=int(little_contrast(ranges).sum()),
    )


def _size(pair: np.ndarray) -> tuple[int, int]:
    return int(pair[0]), int(pair[1])


def _grey_values(histogram: np.ndarray) -> tuple[float, float, tuple[float, float]]:
    """Find mean, standard deviation and percentiles of a histogram of grey values 0 to 255."""
    values = np.arange(len(histogram))
    shares = histogram / histogram.sum()
    mean = float(shares @ values)
    deviation = float(np.sqrt(shares @ (values - mean) ** 2))
    low, high = np.searchsorted(np.cumsum(shares), (0.01, 0.99)).tolist()
    return round(mean, 2), round(deviation, 2), (float(low), float(high))


def _unknown_classes(info: Mapping[str, Any]) -> tuple[int, ...]:
    unknown = info.get('unknown')
    return () if unknown is None else unknown.classes


def _class(
    index: int,
    name: str,
    measured: Iterable[ImageMeasures],
    unknown: Iterable[Collection[int]],
) -> ClassMeasures:
    """Measure a class in the images in which it is not unknown."""
    known = [each for each, without in zip(measured, unknown, strict=True) if index not in without]
    found = [each.classes[index] for each in known if index in each.classes]
    if not found:
        return ClassMeasures(name, 0.0, 0.0, 0.0, '')
    offsets = np.array([each.offset for each in found])
    side = ''
    for candidate, outwards in (('left', -offsets), ('right', offsets)):
        if np.median(outwards) > OFF_CENTRE and (outwards > 0).mean() >= ALWAYS:
            side = candidate
    return ClassMeasures(
        name,
        round(len(found) / len(known), 4),
        round(float(np.median([each.area for each in found])), 6),
        round(float(np.median([each.thickness for each in found])), 1),
        side,
    )
