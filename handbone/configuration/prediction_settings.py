"""How a config turns logits into labels: thresholds and postprocessing steps."""

import logging
from collections.abc import Sequence

from mmengine.config import Config
from mmengine.logging import print_log

from handbone.checkpoints import is_address, load_checkpoint_file
from handbone.errors import HandboneError
from handbone.evaluation import read_thresholds
from handbone.postprocessing import STEPS, index_classes

from .dataset_configs import dataset_classes


def prediction_settings(cfg: Config) -> dict:
    """Find ``test_cfg`` of the segmentor, which test-time augmentation may wrap.

    Args:
        cfg: Configuration; ``test_cfg`` is added if it is missing.

    Returns:
        ``test_cfg``, to be read or changed.
    """
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

    Args:
        cfg: Configuration, changed in place.
        checkpoint: File of the weights.
    """
    if is_address(checkpoint):
        return
    published = (load_checkpoint_file(checkpoint, mmap=True).get('meta') or {}).get('thresholds')
    settings = prediction_settings(cfg)
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
