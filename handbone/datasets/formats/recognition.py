"""Signs by which the formats of datasets are told apart."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from handbone.errors import HandboneError
from handbone.json_files import json_beginning
from handbone.json_stream import read_members
from handbone.listing import UTF16_MARKS, files_below

from .csv_columns import IMAGE, RUNS
from .label_png import label_png_classes
from .only_file import files_directly_in

#: Files that are looked at in a folder of many.
MOST_FILES = 2000
#: Bytes of the first line of a table.
LONGEST_HEADER = 2**14


def _hand_bone(source: Path) -> str:
    inner = source / 'outputs_json'
    if inner.is_dir():
        return 'it has a folder outputs_json'
    path = _first(source, '.json')
    keys = _keys(path)
    if 'annotations' in keys and not keys & {'images', 'categories'}:
        return f'{path} has "annotations" without "images" and "categories"'
    return ''


def _coco(source: Path) -> str:
    for path in files_directly_in(source, '.json')[:1]:
        if {'images', 'categories'} <= _keys(path):
            return f'{path} has "images" and "categories"'
    return ''


def _label_png(source: Path) -> str:
    inner = source / 'label_png'
    path = _first(inner if inner.is_dir() else source, '.png')
    try:
        classes = label_png_classes(path) if path else ()
    except (OSError, HandboneError):
        classes = ()
    return f'{path} names its classes' if classes else ''


def _rle_csv(source: Path) -> str:
    for path in files_directly_in(source, '.csv')[:1]:
        with path.open('rb') as file:
            line = file.readline(LONGEST_HEADER)
        # the reader says what to do with UTF-16
        header = line.decode('utf-16' if line.startswith(UTF16_MARKS) else 'utf-8', 'ignore')
        names = {name.strip().strip('"') for name in header.lstrip('\ufeff').split(',')}
        if path.suffix.lower() == '.csv' and names & set(RUNS) and names & set(IMAGE):
            return f'{path} has columns of images and of runs'
    return ''


def _class_masks(source: Path) -> str:
    masks = source / 'masks'
    if masks.is_dir() and any(path.is_dir() for path in masks.iterdir()):
        inner = [path for path in masks.iterdir() if path.is_file()]
        listed = _has(source, 'classes.txt') or _has(source, 'colors.json')
        if not inner and not listed and _first(masks, '.npy') is None:
            return f'{masks} has a folder per class'
    return ''


def _index_png(source: Path) -> str:
    return _pictures_beside(source, 'classes.txt', '.png')


def _color_png(source: Path) -> str:
    return _pictures_beside(source, 'colors.json', '.png')


def _arrays(source: Path) -> str:
    if source.is_dir():
        path = _first(source, '.npy') or _first(source, '.npz')
        return f'{path} is an array' if path else ''
    return ''


def _nnunet(source: Path) -> str:
    return 'it has dataset.json and labelsTr' if _has(source, 'dataset.json', 'labelsTr') else ''


def _labelme(source: Path) -> str:
    path = _first(source, '.json')
    return f'{path} has "shapes"' if 'shapes' in _keys(path) else ''


def _cvat(source: Path) -> str:
    path = source / 'annotations.xml' if source.is_dir() else source
    return f'{path} is XML' if path.suffix.lower() == '.xml' and path.is_file() else ''


def _label_studio(source: Path) -> str:
    path = _first(source, '.json')
    if path is not None:
        start = json_beginning(path)
        if start.startswith('[') and '"data"' in start:
            return f'{path} is a list of tasks with "data"'
    return ''


def _dicom_seg(source: Path) -> str:
    return 'it has a folder dicom_seg' if (source / 'dicom_seg').is_dir() else ''


def _pictures_beside(source: Path, name: str, suffix: str) -> str:
    """Tell whether a folder has pictures in its folder of masks and a list beside them."""
    masks = source / 'masks'
    if _has(source, name) and masks.is_dir() and _first(masks, suffix):
        return f'it has {name} and pictures in masks'
    return ''


def _has(source: Path, *names: str) -> bool:
    return all((source / name).exists() for name in names)


#: By format, a function that says why a source is in it, or gives an empty text.
RECOGNISED_BY: Mapping[str, Callable[[Path], str]] = {
    'hand-bone': _hand_bone,
    'coco': _coco,
    'rle-csv': _rle_csv,
    'labelme': _labelme,
    'cvat': _cvat,
    'label-studio': _label_studio,
    'label-png': _label_png,
    'class-masks': _class_masks,
    'index-png': _index_png,
    'color-png': _color_png,
    'arrays': _arrays,
    'dicom-seg': _dicom_seg,
    'nnunet': _nnunet,
}


def signs(source: Path) -> Iterator[tuple[str, str]]:
    """Find the formats that a source looks like.

    Args:
        source: A file or folder that exists.

    Yields:
        Format, and why it is that one.
    """
    _keys.cache_clear()  # files may have changed since the last source
    for name, reason_for in RECOGNISED_BY.items():
        reason = reason_for(source)
        if reason:
            yield name, reason


def _first(source: Path, suffix: str) -> Path | None:
    """Find the first file of a kind, the source itself or one below it."""
    files = [source] if source.is_file() else itertools.islice(files_below(source), MOST_FILES)
    return next((path for path in files if path.suffix.lower() == suffix), None)


@lru_cache(8)
def _keys(path: Path | None) -> frozenset[str]:
    """List the keys of a JSON object; none if the file is something else."""
    keys: set[str] = set()
    if path is None or path.suffix.lower() != '.json':
        return frozenset()
    try:
        for key, _, _ in read_members(path):
            keys.add(key)
            if {'images', 'categories'} <= keys:
                break
    except (OSError, HandboneError):
        pass
    return frozenset(keys)
