"""Names of a dataset's images in the files that hooks write."""

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from handbone.errors import HandboneError
from handbone.listing import normal_form

if TYPE_CHECKING:
    from mmengine.dataset import BaseDataset

IMAGE_NAMES = ('basename', 'stem', 'path')


def spellings(name: str) -> tuple[str, ...]:
    """List how files of predictions may name an image of a dataset.

    Args:
        name: Path of the image below its folder.

    Returns:
        That path, without its suffix, the file name, and its stem, in normal form.

    >>> spellings('ID001/image1_R.png')
    ('ID001/image1_R.png', 'ID001/image1_R', 'image1_R.png', 'image1_R')
    """
    path = PurePosixPath(normal_form(name))
    return str(path), str(path.with_suffix('')), path.name, path.stem


def dataset_image_paths(dataset: 'BaseDataset') -> list[str]:
    """List the images of a dataset in its order.

    Args:
        dataset: mmengine's ``BaseDataset`` or one of its wrappers.

    Returns:
        The ``img_path`` of every item.

    Raises:
        TypeError: If the dataset has no ``get_data_info``.
    """
    if not hasattr(dataset, 'get_data_info'):
        raise TypeError(
            f'{type(dataset).__name__} has no get_data_info(index), by which the images are '
            'listed: derive the dataset from mmengine.dataset.BaseDataset.'
        )
    size = len(dataset)
    return [dataset.get_data_info(index)['img_path'] for index in range(size)]


def name_images(paths: Sequence[str], style: str) -> list[str]:
    """Name images, and refuse names that two of them would share.

    Args:
        paths: Paths of the images.
        style: 'basename' (``image1_R.png``), 'stem' (``image1_R``) or 'path'
            (``ID001/image1_R.png``, from the deepest folder that holds all images).

    Returns:
        One name per image.

    Raises:
        HandboneError: If two images would have one name, or the style is unknown.
    """
    if style not in IMAGE_NAMES:
        raise HandboneError(f'Image names are one of {", ".join(IMAGE_NAMES)}, got {style!r}.')
    if style == 'path' and paths:
        # one folder may be named as relative and as absolute path
        whole = [os.path.abspath(path) for path in paths]  # noqa: PTH100
        root = os.path.commonpath([os.path.dirname(path) for path in whole])  # noqa: PTH120
        names = [Path(path).relative_to(root).as_posix() for path in whole]
    else:
        names = [Path(path).stem if style == 'stem' else Path(path).name for path in paths]
    first: dict[str, str] = {}
    for name, path in zip(names, paths, strict=True):
        key = normal_form(name)
        if key in first:
            raise HandboneError(
                f'Two images would both be named {name!r}: {first[key]} and {path}. Rename or '
                'remove one of them, or tell them apart by their folders: --image-name path, or '
                "image_name='path' of the hook."
            )
        first[key] = path
    return names
