"""The datasets of a config, also inside mmengine's wrappers.

``RepeatDataset`` and ``ClassBalancedDataset`` hold one dataset, ``ConcatDataset`` a list of them,
and each of these may be a wrapper again. These functions find the classes of a config, its test
pipeline and the dataset that is split into folds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.checkpoints import checkpoint_folder
from handbone.errors import HandboneError
from handbone.listing import normal_forms

from .faults import config_faults_explained
from .known_settings import name_of
from .wrapped_datasets import inner_datasets


def only_dataset(cfg: Config, loader: str, purpose: str) -> tuple[str, Any]:
    """Find the one dataset of a data loader, inside any wrappers.

    Args:
        cfg: Complete configuration.
        loader: ``train_dataloader``, ``val_dataloader`` or ``test_dataloader``.
        purpose: Why it must be one, for the message: "folds are made of one".

    Returns:
        Its dotted key and its config, which may be changed in place.

    Raises:
        HandboneError: If the data loader does not exist, or it joins several datasets.
    """
    first, *others = inner_datasets(_dataset(cfg, loader), f'{loader}.dataset')
    if others:
        key = first[0].rpartition('.datasets.')[0]
        raise HandboneError(f'{name_of(cfg)}: {key} joins several datasets: {purpose}')
    return first


def dataset_with_folds(cfg: Config, loader: str) -> tuple[str, Any]:
    """Find the dataset of a data loader that is split into folds, inside any wrappers.

    Of several that a training joins, as real and pseudo-labelled images, it is the one that the
    validation images are held out of: it has the same folder of images, and no list of images
    (``ann_file``), which folds do not go with.

    Args:
        cfg: Complete configuration.
        loader: As for :func:`only_dataset`.

    Returns:
        Its dotted key and its config, which may be changed in place.

    Raises:
        HandboneError: If the data loader does not exist, or there is not exactly one such dataset.
    """
    purpose = 'folds are made of one'
    joined = list(inner_datasets(_dataset(cfg, loader), f'{loader}.dataset'))
    if len(joined) == 1 or loader != 'train_dataloader':
        return only_dataset(cfg, loader, purpose)
    _, held_out = only_dataset(cfg, 'val_dataloader', purpose)
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    with config_faults_explained(cfg):
        folder = _image_folder(held_out)
        found = [
            (key, dataset)
            for key, dataset in joined
            if not dataset.get('ann_file') and _image_folder(dataset) == folder
        ]
    if len(found) != 1:
        key = joined[0][0].rpartition('.datasets.')[0]
        raise HandboneError(
            f'{name_of(cfg)}: {key} joins several datasets: {purpose}, that which has the images '
            f'of val_dataloader ({folder}) and no ann_file, and here {len(found) or "none"} of '
            f'{len(joined)} do'
        )
    return found[0]


def dataset_metainfo(cfg: Config, loader: str = 'test_dataloader') -> dict:
    """Read classes and palette of a dataset, without reading its files.

    Args:
        cfg: Complete configuration.
        loader: The data loader of the dataset.

    Returns:
        The meta information of the dataset, with ``classes``.

    Raises:
        HandboneError: If the dataset names no classes, or joined datasets have different ones.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    datasets = inner_datasets(_dataset(cfg, loader), f'{loader}.dataset')
    with config_faults_explained(cfg):
        named = {key: _metainfo(dataset) for key, dataset in datasets}
    first = next(iter(named))
    for key, metainfo in named.items():
        if not metainfo.get('classes'):
            raise HandboneError(
                f'{name_of(cfg)}: {key} does not name its classes: set its '
                'metainfo=dict(classes=(…))'
            )
        if normal_forms(metainfo['classes']) != normal_forms(named[first]['classes']):
            raise HandboneError(
                f'{name_of(cfg)}: {first} and {key} have different classes: set the same '
                'metainfo for both'
            )
    return dict(named[first], classes=normal_forms(named[first]['classes']))


def dataset_classes(cfg: Config) -> tuple[str, ...]:
    """Read the classes of the test images, without reading their files.

    Args:
        cfg: Complete configuration.

    Returns:
        Names in class order.

    Raises:
        HandboneError: As for :func:`dataset_metainfo`.
    """
    return tuple(dataset_metainfo(cfg)['classes'])


def dataset_pipeline(cfg: Config) -> list:
    """Find the steps that test images go through.

    Args:
        cfg: Complete configuration.

    Returns:
        The configs of the steps.

    Raises:
        HandboneError: If the test dataset has no pipeline, or joins datasets with different ones.
    """
    datasets = list(inner_datasets(_dataset(cfg, 'test_dataloader'), 'test_dataloader.dataset'))
    first, pipeline = datasets[0][0], datasets[0][1].get('pipeline')
    if not pipeline:
        raise HandboneError(f'{name_of(cfg)}: {first} has no pipeline, the steps that load images')
    for key, dataset in datasets:
        if dataset.get('pipeline') != pipeline:
            raise HandboneError(
                f'{name_of(cfg)}: {first} and {key} have different pipelines, where one is '
                'needed for all images: give both the same'
            )
    return pipeline


def with_pipeline(dataset: Mapping, pipeline: Sequence) -> dict:
    """Give a dataset, inside any wrappers, a different pipeline.

    Args:
        dataset: Config of a dataset or of a wrapper.
        pipeline: Configs of the steps.

    Returns:
        A config of the same images.
    """
    changed = dict(dataset)
    if 'dataset' in changed:
        changed['dataset'] = with_pipeline(changed['dataset'], pipeline)
    elif 'datasets' in changed:
        changed['datasets'] = [with_pipeline(each, pipeline) for each in changed['datasets']]
    else:
        changed['pipeline'] = pipeline
    return changed


def training_checkpoints(cfg: Config, work_dir: str | Path) -> Path:
    """Find the folder in which a training with this config saves its checkpoints.

    Args:
        cfg: Complete configuration.
        work_dir: Work dir of the training.

    Returns:
        The work dir, or the folder of the same name in the ``out_dir`` of the checkpoint hook.
    """
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    return checkpoint_folder(work_dir, hook.get('out_dir'))


def _dataset(cfg: Config, loader: str) -> Any:
    settings = cfg.get(loader)
    if not settings or not settings.get('dataset'):
        raise HandboneError(f'{name_of(cfg)}: there is no {loader}.dataset')
    return settings['dataset']


def _metainfo(dataset: Mapping) -> Mapping:
    kind = _kind(dataset)
    if _has_files(kind):
        # built without its files, because a dataset may find its classes in its own way
        return DATASETS.build(dict(dataset, lazy_init=True, pipeline=[])).metainfo
    return {**getattr(kind, 'METAINFO', {}), **(dataset.get('metainfo') or {})}


def _image_folder(dataset: Mapping) -> Path | None:
    """Find the folder of the images, absolute; None for a type that has none."""
    if not _has_files(_kind(dataset)):
        return None
    built = DATASETS.build(dict(dataset, lazy_init=True, pipeline=[]))
    folder = (built.data_prefix or {}).get('img_path')
    return None if folder is None else Path(folder).resolve()


def _kind(dataset: Mapping) -> Any:
    kind = dataset['type']
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    if kind is None:
        raise KeyError(dataset['type'])
    return kind


def _has_files(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseDataset)
