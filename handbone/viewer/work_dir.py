"""The data that a training was validated and tested on, and what it predicts, by its work dir."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from handbone.bones import CLASSES
from handbone.configuration.dumped_config import read_dumped_config
from handbone.configuration.wrapped_datasets import inner_datasets
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.source import Source, split_names
from handbone.errors import HandboneError, shown

from .model_process import Model

#: The config that mmengine writes for each start.
CONFIG = '*/vis_data/config.py'
#: The data that are shown, first choice first: a CSV of masks is of the test data.
TESTED = ('test_dataloader', 'val_dataloader', 'train_dataloader')
VALIDATED = ('val_dataloader', 'test_dataloader', 'train_dataloader')
#: Folders of the hand-bone layout, where a config does not name others.
IMAGES, LABELS = 'train/DCM', 'train/outputs_json'
SUBMISSION = 'submission.csv'


#: Tells by the names of all images which of them to take.
Choose = Callable[[Sequence[str]], Sequence[bool]]
#: Settings of a dataset that take a part of the images in its folder.
CHOOSING = ('fold', 'ann_file')


class RunPart(NamedTuple):
    """A part of the data of a training.

    Attributes:
        source: Where it is.
        choose: Tells by the names of all images which of them the training used; None: all.
    """

    source: Source
    choose: Choose | None


class Run(NamedTuple):
    """What a work dir holds to be looked at.

    Attributes:
        parts: The data.
        csv: The newest CSV of masks, None without any.
        model: The best checkpoint with its config, where there is no CSV; None without any.
    """

    parts: list[RunPart]
    csv: Path | None
    model: Model | None


def is_work_dir(path: Path) -> bool:
    """Tell whether a folder is the work dir of a training."""
    return path.is_dir() and any(path.glob(CONFIG))


def read_run(path: Path, device: str | None = None) -> Run:
    """Find the data and the predictions of a training.

    Args:
        path: The work dir.
        device: Where its checkpoint predicts.

    Returns:
        The test data with the newest CSV of masks; without one, the validation data with the best
        checkpoint.

    Raises:
        HandboneError: The config names no data that can be shown.
        ConfigTextError: The config of the run holds more than values.
    """
    file = max(path.glob(CONFIG), key=lambda each: each.stat().st_mtime)
    cfg = read_dumped_config(file)
    written = [*path.glob(SUBMISSION), *path.glob(f'*/{SUBMISSION}')]
    newest = max(written, key=lambda each: each.stat().st_mtime, default=None)
    loaders = VALIDATED if newest is None else TESTED
    loader = next((cfg[name] for name in loaders if cfg.get(name)), None)
    if loader is None:
        raise HandboneError(f'{file} names no data. Name them: handbone view DATA CSV')
    found = [each for _, each in inner_datasets(loader['dataset'])]
    paths = [_labels(each, file) for each in found]
    names = split_names(paths) if len(paths) > 1 else ['']
    parts = [
        RunPart(_source(name, labels, each), _choice_of(each))
        for name, labels, each in zip(names, paths, found, strict=True)
    ]
    return Run(parts, newest, None if newest else _best_model(path, cfg, device))


def unite(parts: Iterable[RunPart]) -> list[RunPart]:
    """Show the data of several trainings once, with the images of all of them.

    Args:
        parts: The parts of the data of each training.

    Returns:
        One part per file or folder of labels.
    """
    by_path: dict[Path, list[RunPart]] = {}
    for part in parts:
        by_path.setdefault(part.source.path, []).append(part)
    return [RunPart(same[0].source, _any_of(same)) for same in by_path.values()]


def _any_of(parts: Sequence[RunPart]) -> Choose | None:
    chooses = [part.choose for part in parts if part.choose is not None]
    if len(chooses) < len(parts):
        return None
    return lambda names: [any(each) for each in zip(*(c(names) for c in chooses), strict=True)]


def _best_model(path: Path, cfg: Mapping[str, Any], device: str | None) -> Model | None:
    from mmengine.config import Config

    from handbone.checkpoints import find_checkpoint
    from handbone.configuration.dataset_configs import training_checkpoints

    try:
        checkpoint = find_checkpoint(str(training_checkpoints(Config(dict(cfg)), path)))
    except FileNotFoundError:
        return None
    return Model(cfg, Path(checkpoint), device)


def _choice_of(dataset: Mapping[str, Any]) -> Choose | None:
    """Find out which images of its folder a dataset takes, without reading their labels."""
    if all(dataset.get(key) in (None, '') for key in CHOOSING):
        return None
    return partial(_choose, dataset)


def _choose(dataset: Mapping[str, Any], names: Sequence[str]) -> Sequence[bool]:
    from mmengine.registry import init_default_scope
    from mmseg.registry import DATASETS

    from handbone.registration import register

    register()
    init_default_scope('mmseg')
    return DATASETS.build(dict(dataset, pipeline=[], lazy_init=True)).choose(names)


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
