"""What can be known of the images of a dataset: patient, side, bend, classes and their areas."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from handbone.bones import FOREARM
from handbone.errors import HandboneError
from handbone.metadata.patient_table import PatientTable, is_number

from .errors import DatasetError
from .file_list import list_files
from .format_dataset import FormatDataset
from .formats.traced_polygons import traced_polygons
from .labels import Labels, labels_of
from .multilabel_dataset import MultilabelDataset
from .polygons import Polygons, pack_polygons
from .wrist_bend import BENT, wrist_bend

#: Value of what is not known.
UNKNOWN = 'unknown'
#: Attributes of an image that no table has to tell.
OF_IMAGE = ('side', 'bend')
#: A column of numbers with more different ones than this is divided into bands.
MOST_NUMBERS = 6
#: Number of bands, of about as many patients each.
BANDS = 4
#: Outlines that are traced for the bend are simplified by at least so many pixels.
SHORTEST_TOLERANCE = 1.3


@dataclass(frozen=True)
class ImageAttributes:
    """Attributes of the N images of a dataset with C classes.

    Attributes:
        patients: Patient of each image.
        values: Value of each image by attribute.
        presence: Whether each class is in each image, bool (N, C).
        areas: Share of the pixels of each image that each class covers, float64 (N, C).
        classes: Names of the classes.
    """

    patients: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    presence: np.ndarray
    areas: np.ndarray
    classes: tuple[str, ...]


def read_attributes(
    dataset: MultilabelDataset, by: Sequence[str] | None = None, table: PatientTable | None = None
) -> ImageAttributes:
    """Measure the images of a dataset, and look their patients up.

    Args:
        dataset: All images, with their annotations.
        by: Attributes: ``side``, ``bend``, and columns of the table. Default: side and bend where
            any image has one, and sex, age and height where the table has them.
        table: A table of patients.

    Returns:
        The attributes.

    Raises:
        HandboneError: If an attribute is not known.
    """
    classes = tuple(dataset.metainfo['classes'])
    patients, shares = [], []
    measured: dict[str, list[str]] = {name: [] for name in OF_IMAGE}
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        labels, size = labels_of(info), (info['height'], info['width'])
        if labels is None:
            remedy = 'Make folds of training images'
            raise DatasetError.at(info['img_path'], 'the image has no labels', remedy)
        patients.append(info['patient'])
        shares.append(labels.class_shares(*size, len(classes)))
        measured['side'].append(side_of(info['image_name']))
        measured['bend'].append(_bend(labels, size, classes))
    if by is None:
        by = [name for name in OF_IMAGE if set(measured[name]) != {UNKNOWN}]
        by += [name for name in ('sex', 'age', 'height') if table and name in table.columns]
    values = {}
    for name in dict.fromkeys(by):
        if name in measured and not (table and name in table.columns):
            values[name] = tuple(measured[name])
        elif table is None:
            raise HandboneError(
                f'{name!r} cannot be seen in the images ({" and ".join(OF_IMAGE)} can): add a '
                'table of patients with this column'
            )
        else:
            values[name] = tuple(banded(name, table.values(name, patients)))
    return ImageAttributes(
        patients=tuple(patients),
        values=values,
        presence=np.stack([share > 0 for share in shares]),
        areas=np.stack(shares),
        classes=classes,
    )


def without_attributes(dataset: MultilabelDataset, known: ImageAttributes) -> list[str]:
    """List the patients none of whose images could be read: they need a fold all the same.

    Args:
        dataset: All images. A dataset in another format chooses folds after it has read its labels,
            so it has no such patients.
        known: The attributes of those that could be read.

    Returns:
        Their names.
    """
    if isinstance(dataset, FormatDataset):
        return []
    files = list_files(dataset.image_folder, dataset.img_suffix)
    return sorted({file.patient for file in files} - set(known.patients))


def side_of(name: str) -> str:
    """Read the side from the end of an image name.

    >>> side_of('image1661130828152_R.png'), side_of('0012-left.png'), side_of('a.png')
    ('R', 'L', 'unknown')
    """
    found = re.search(r'(?:^|[_\-. ])(L|R|left|right)$', PurePosixPath(name).stem, re.IGNORECASE)
    return found[1][0].upper() if found else UNKNOWN


def banded(name: str, values: Sequence[str]) -> list[str]:
    """Divide numbers into bands of about as many images; other values stay as they are.

    >>> banded('height', ['150', '160', '', '170', '171', '172', '173', '174', '175'])[:4]
    ['to 167.5', 'to 167.5', 'unknown', 'to 171.5']
    """
    known = [value for value in values if value]
    numbers = {float(value) for value in known if is_number(value)}
    if len(numbers) <= MOST_NUMBERS or not all(map(is_number, known)):
        return [value or UNKNOWN for value in values]
    given = np.array([float(value) for value in known])
    limits = np.unique(np.quantile(given, np.arange(1, BANDS) / BANDS))
    texts = [f'to {limit:g}' for limit in limits] + [f'over {limits[-1]:g}']
    return [
        texts[int(np.searchsorted(limits, float(value)))] if value else UNKNOWN for value in values
    ]


def _bend(labels: Labels, size: tuple[int, int], classes: Sequence[str]) -> str:
    if not {*FOREARM} <= set(classes):
        return UNKNOWN
    if not isinstance(labels, Polygons):
        # without tolerance, the edges of pixels would have four directions only
        tolerance = max(SHORTEST_TOLERANCE, max(size) / 800)
        traced = traced_polygons(labels.draw(*size, len(classes)), len(classes), tolerance)
        outlines = list(traced)
        labels = pack_polygons([index for index, _ in outlines], [points for _, points in outlines])
    degrees = wrist_bend(labels, classes)
    if np.isnan(degrees):
        return UNKNOWN
    return 'bent' if abs(degrees) > BENT else 'upright'
