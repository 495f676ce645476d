"""What can be known of the images of a dataset: patient, side, bend, classes and their areas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handbone.errors import HandboneError, shown
from handbone.metadata.patient_table import PatientTable
from handbone.progress import progress_bar

from .attribute_values import UNKNOWN, banded, bend_degrees, bend_word, side_of
from .class_shares import shares_of_image
from .errors import DatasetError
from .labels import labels_of
from .multilabel_dataset import MultilabelDataset

#: Attributes of an image that no table has to tell.
OF_IMAGE = ('side', 'bend')


@dataclass(frozen=True)
class ImageAttributes:
    """Attributes of the N images of a dataset with C classes.

    Attributes:
        patients: Patient of each image.
        values: Value of each image by attribute.
        presence: Whether each class is in each image, bool (N, C).
        areas: Share of the pixels of each image that each class covers, float64 (N, C).
        known: Whether each image knows each class anywhere, bool (N, C); where it does not,
            presence and areas say nothing.
        classes: Names of the classes.
    """

    patients: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    presence: np.ndarray
    areas: np.ndarray
    known: np.ndarray
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
        HandboneError: If an attribute is not known, before anything is measured.
    """
    classes = tuple(dataset.metainfo['classes'])
    patients, shares, known = [], [], []
    columns = table.columns if table else {}
    _check_attributes(by or (), table)
    # the bend of masks takes longest, so it is measured where it is asked for
    measured: dict[str, list[str]] = {
        name: [] for name in OF_IMAGE if by is None or (name in by and name not in columns)
    }
    for index in progress_bar(range(len(dataset)), 'Measuring images'):
        info = dataset.get_data_info(index)
        labels, size = labels_of(info), (info['height'], info['width'])
        if labels is None:
            remedy = 'Make folds of training images'
            raise DatasetError.at(info['img_path'], 'the image has no labels', remedy)
        patients.append(info['patient'])
        covered = shares_of_image(info, len(classes))
        shares.append(covered.present)
        known.append(covered.known > 0)
        if 'side' in measured:
            measured['side'].append(side_of(info['image_name']))
        if 'bend' in measured:
            measured['bend'].append(bend_word(bend_degrees(labels, size, classes)))
    if by is None:
        by = [name for name in OF_IMAGE if set(measured[name]) != {UNKNOWN}]
        by += [name for name in ('sex', 'age', 'height') if name in columns]
    values = {}
    for name in dict.fromkeys(by):
        if table is not None and name in columns:
            values[name] = tuple(banded(name, table.values(name, patients)))
        else:
            values[name] = tuple(measured[name])
    return ImageAttributes(
        patients=tuple(patients),
        values=values,
        presence=np.stack([share > 0 for share in shares]),
        areas=np.stack(shares),
        known=np.stack(known),
        classes=classes,
    )


def _check_attributes(by: Sequence[str], table: PatientTable | None) -> None:
    """Make sure that all attributes can be known."""
    for name in by:
        if name in OF_IMAGE:
            continue
        if table is None:
            raise HandboneError(
                f'{shown(name)} cannot be seen in the images ({" and ".join(OF_IMAGE)} can). Add a '
                'table of patients with this column (--table).'
            )
        table.require(name)


def without_attributes(dataset: MultilabelDataset, known: ImageAttributes) -> list[str]:
    """List the patients none of whose images could be read: they need a fold all the same.

    Args:
        dataset: All images.
        known: The attributes of those that could be read.

    Returns:
        Their names.
    """
    return sorted(dataset.patients.difference(known.patients))
