"""Patients by the names of images, as the datasets of a config find them."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from mmseg.registry import DATASETS

from handbone.configuration.known_settings import find_type
from handbone.configuration.wrapped_datasets import inner_datasets
from handbone.datasets import MultilabelDataset
from handbone.datasets.file_list import image_file
from handbone.errors import HandboneError
from handbone.listing import normal_form


def unread_datasets(loader: Any, key: str) -> Iterator[tuple[str, MultilabelDataset]]:
    """Build the datasets of a data loader without reading their files.

    Args:
        loader: Settings of the data loader; without a dataset there are none.
        key: Its dotted key.

    Yields:
        Dotted key and dataset of each that finds patients in names, and whose settings are valid.
    """
    settings = (loader or {}).get('dataset') or {}
    for place, each in inner_datasets(settings, f'{key}.dataset') if settings else ():
        kind = find_type(place, each.get('type'))
        if not isinstance(kind, type) or not issubclass(kind, MultilabelDataset):
            continue
        try:
            dataset = DATASETS.build(dict(each, pipeline=[], lazy_init=True))
        except HandboneError:  # it names no patients, whatever is wrong
            continue
        yield place, dataset


def patients_of(dataset: Any) -> dict[str, str]:
    """Find the patient of each image of a dataset, whose files are read unless they were.

    Args:
        dataset: The dataset.

    Returns:
        Patient by path of the image, in normal form.

    Raises:
        HandboneError: If the data cannot be read.
    """
    dataset.full_init()
    infos = (dataset.get_data_info(index) for index in range(len(dataset)))
    return {info['img_path']: normal_form(str(info['patient'])) for info in infos}


def patient_in(dataset: MultilabelDataset, name: str) -> str:
    """Find the patient of an image as a dataset does, which may know a pattern of names.

    Args:
        dataset: The dataset.
        name: Path of an image, of this dataset or another one, below its folder of images.

    Returns:
        The patient; that of the folder where the pattern of the dataset finds none.
    """
    try:
        return dataset.image_file(name).patient
    except HandboneError:
        return image_file(PurePosixPath(name)).patient
