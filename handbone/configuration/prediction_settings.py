"""How a config turns logits into labels: its thresholds and its steps after them."""

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
        cfg: Configuration; ``test_cfg`` is added where there is none.

    Returns:
        ``test_cfg``, to be read or changed.
    """
    model = cfg.model.get('module', cfg.model)
    if model.get('test_cfg') is None:
        model.test_cfg = dict(mode='whole')
    return model.test_cfg


def use_thresholds(cfg: Config, path: str) -> None:
    """Take the thresholds of a file.

    Args:
        cfg: Configuration, changed in place.
        path: A file of ``handbone tune-thresholds``.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is a different kind of file, or its classes differ.
    """
    prediction_settings(cfg)['threshold'] = list(read_thresholds(path, dataset_classes(cfg)))


def use_published_thresholds(cfg: Config, checkpoint: str) -> None:
    """Take the thresholds that were published with the weights, unless the config has its own.

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

    A step that the configuration has keeps its settings there.

    Args:
        cfg: Configuration, changed in place.
        names: Names of steps; none for labels as the thresholds give them.

    Raises:
        HandboneError: If there is no such step.
    """
    for name in names:
        if name not in STEPS:
            raise HandboneError(f'there is no step {name!r}; the steps are {", ".join(STEPS)}')
    settings = prediction_settings(cfg)
    configured = {step['type']: step for step in settings.get('postprocess', ())}
    settings['postprocess'] = [configured.get(name, dict(type=name)) for name in names]


def index_postprocessing(cfg: Config) -> None:
    """Put class indices for class names in the steps of a configuration.

    Args:
        cfg: Configuration, changed in place.

    Raises:
        HandboneError: If there is no class of a name.
    """
    settings = prediction_settings(cfg)
    if settings.get('postprocess'):
        settings['postprocess'] = index_classes(settings['postprocess'], dataset_classes(cfg))
