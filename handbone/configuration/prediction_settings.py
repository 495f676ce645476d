"""How a config turns logits into labels: thresholds and postprocessing steps."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from handbone.checkpoints import is_address, load_checkpoint_file
from handbone.errors import HandboneError
from handbone.evaluation import read_thresholds
from handbone.listing import normal_forms
from handbone.postprocessing import STEPS, index_classes

from .dataset_configs import dataset_classes, dataset_metainfo
from .dumped_config import ConfigTextError, config_differences, parse_config_text
from .known_settings import name_of

#: Settings of a segmentor and its parts that do not change what given weights predict.
ONLY_TRAINING = (
    'train_cfg',
    'auxiliary_head',
    'loss_decode',
    'init_cfg',
    'pretrained',
    'with_cp',
)


def prediction_settings(cfg: Config) -> dict:
    """Find ``test_cfg`` of the segmentor, which test-time augmentation may wrap.

    Args:
        cfg: Configuration; ``test_cfg`` is added if it is missing.

    Returns:
        ``test_cfg``, to be read or changed.

    Raises:
        HandboneError: If there is no model.
    """
    if cfg.get('model') is None:
        raise HandboneError(f'{name_of(cfg)} has no model')
    model = cfg.model.get('module', cfg.model)
    if model.get('test_cfg') is None:
        model.test_cfg = dict(mode='whole')
    return model.test_cfg


def use_thresholds(cfg: Config, path: str) -> None:
    """Use the thresholds in a file.

    Args:
        cfg: Configuration, changed in place.
        path: A file from ``handbone tune-thresholds``.

    Raises:
        FileNotFoundError: If the file does not exist.
        HandboneError: If it is a different kind of file, or its classes differ.
    """
    prediction_settings(cfg)['threshold'] = list(read_thresholds(path, dataset_classes(cfg)))


def use_published_thresholds(cfg: Config, checkpoint: str) -> None:
    """Use the thresholds that were published with the weights, unless the config has its own.

    Where the network tells how sure it is, the published temperatures are used, too.

    Args:
        cfg: Configuration, changed in place.
        checkpoint: File of the weights.
    """
    if is_address(checkpoint):
        return
    meta = load_checkpoint_file(checkpoint, mmap=True).get('meta') or {}
    published, settings = meta.get('thresholds'), prediction_settings(cfg)
    if settings.get('summarise') is not None and meta.get('temperatures'):
        settings['summarise'].setdefault('temperatures', meta['temperatures'])
    if published is None:
        return
    configured = settings.setdefault('threshold', published)
    if configured != published:
        print_log(
            f'{checkpoint} was published with the thresholds {published}; those of the config are '
            f'used: {configured}. To change them: --thresholds FILE',
            level=logging.WARNING,
        )


def use_postprocessing(cfg: Config, names: Sequence[str]) -> None:
    """Apply steps in place of those of the configuration.

    A step that the configuration already has keeps its settings.

    Args:
        cfg: Configuration, changed in place.
        names: Names of steps; empty for the labels that the thresholds give.

    Raises:
        HandboneError: If a step does not exist.
    """
    for name in names:
        if name not in STEPS:
            raise HandboneError(f'there is no step {name!r}; the steps are {", ".join(STEPS)}')
    settings = prediction_settings(cfg)
    configured = {step['type']: step for step in settings.get('postprocess', ())}
    settings['postprocess'] = [configured.get(name, dict(type=name)) for name in names]


def index_postprocessing(cfg: Config) -> None:
    """Replace class names by class indices in the steps of a configuration.

    Args:
        cfg: Configuration, changed in place.

    Raises:
        HandboneError: If a class does not exist.
    """
    settings = prediction_settings(cfg)
    if settings.get('postprocess'):
        settings['postprocess'] = index_classes(settings['postprocess'], dataset_classes(cfg))


def settings_unlike_training(cfg: Config, meta: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Find what a config says of the network and its classes that its weights do not imply.

    Weights imply the settings that they were trained with, which their file holds. ``test_cfg`` and
    ``data_preprocessor`` are left out: they are settings of the prediction.

    Args:
        cfg: Configuration without test-time augmentation.
        meta: The checkpoint's ``meta``, with ``config_text`` and ``dataset_meta`` as far as it
            tells.

    Returns:
        Dotted key and value of each setting that is different or not known to be the same, in the
        order of the keys.
    """
    try:
        trained = parse_config_text(meta.get('config_text') or '').get('model') or {}
    except ConfigTextError:
        trained = {}
    if isinstance(trained, dict):
        trained = trained.get('module') or trained
    old, new = (
        dict(classes=normal_forms(metainfo.get('classes') or ()), palette=metainfo.get('palette'))
        for metainfo in (meta.get('dataset_meta') or {}, dataset_metainfo(cfg))
    )
    differences = config_differences(
        dict(model=_prediction_part(trained), metainfo=old),
        dict(model=_prediction_part(cfg.model), metainfo=new),
    )
    return [(key, value) for key, _, value in differences]


def _prediction_part(model: Any, outermost: bool = True) -> Any:
    """Leave out of a segmentor's settings what does not belong to its network."""
    if isinstance(model, (list, tuple)):
        return [_prediction_part(part, outermost=False) for part in model]
    if not isinstance(model, dict):
        return model
    left_out = ONLY_TRAINING + (('test_cfg', 'data_preprocessor') if outermost else ())
    return {
        key: _prediction_part(part, outermost=False)
        for key, part in model.items()
        if key not in left_out
    }
