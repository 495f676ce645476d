"""The data that a training was validated and tested on, and what it predicted, by its work dir."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handbone.bones import CLASSES
from handbone.configuration.dumped_config import read_dumped_config
from handbone.configuration.wrapped_datasets import inner_datasets
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source, split_names
from handbone.errors import HandboneError, shown

#: The config that mmengine writes for each start.
CONFIG = '*/vis_data/config.py'
#: What is tested comes first: predictions are of it.
LOADERS = ('test_dataloader', 'val_dataloader', 'train_dataloader')
#: Folders of the hand-bone layout, where a config does not name others.
IMAGES, LABELS = 'train/DCM', 'train/outputs_json'
SUBMISSION = 'submission.csv'


def is_work_dir(path: Path) -> bool:
    """Tell whether a folder is the work dir of a training."""
    return path.is_dir() and any(path.glob(CONFIG))


def work_dir_sources(path: Path) -> tuple[list[Source], list[Path]]:
    """Find the data and the predictions of a training.

    Args:
        path: The work dir.

    Returns:
        The test data, or the validation data without any, and the newest CSV of masks if there is
        one.

    Raises:
        HandboneError: The config names no data that can be shown.
        ConfigTextError: The config of the run holds more than values.
    """
    file = max(path.glob(CONFIG), key=lambda each: each.stat().st_mtime)
    cfg = read_dumped_config(file)
    loader = next((cfg[name] for name in LOADERS if cfg.get(name)), None)
    if loader is None:
        raise HandboneError(f'{file} names no data. Name them: handbone view DATA CSV')
    found = [each for _, each in inner_datasets(loader['dataset'])]
    paths = [_labels(each, file) for each in found]
    names = split_names(paths) if len(paths) > 1 else ['']
    sources = [
        _source(name, labels, each) for name, labels, each in zip(names, paths, found, strict=True)
    ]
    written = [*path.glob(SUBMISSION), *path.glob(f'*/{SUBMISSION}')]
    newest = max(written, key=lambda each: each.stat().st_mtime, default=None)
    return sources, [] if newest is None else [newest]


def _labels(dataset: Mapping[str, Any], file: Path) -> Path:
    kind = dataset.get('type')
    if kind not in ('XRayHandBoneDataset', 'FormatDataset'):
        raise HandboneError(
            f'{file}: data of the type {shown(kind)} cannot be found by their work dir. Name them: '
            'handbone view DATA CSV'
        )
    prefix = dataset.get('data_prefix') or {}
    return Path(dataset.get('data_root') or '') / prefix.get('ann_path', LABELS)


def _source(name: str, labels: Path, dataset: Mapping[str, Any]) -> Source:
    prefix = dataset.get('data_prefix') or {}
    images = Path(dataset.get('data_root') or '') / prefix.get('img_path', IMAGES)
    classes = (dataset.get('metainfo') or {}).get('classes')
    if classes is None and dataset['type'] == 'XRayHandBoneDataset':
        classes = CLASSES
    choice = ClassChoice(
        None if classes is None else tuple(classes),
        dict(dataset.get('rename') or {}),
        tuple(dataset.get('skip_labels') or ()),
    )
    options = tuple((dataset.get('reader_options') or {}).items())
    kind = dataset.get('format', 'hand-bone')
    return Source(name, labels, kind, images, choice, options)
