"""Test the mean of several models."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

from mmengine.config import Config

from handbone.checkpoints import find_checkpoint, load_checkpoint_file, unpickling
from handbone.checkpoints.fitting import checkpoint_classes
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.dataset_configs import dataset_classes, dataset_pipeline
from handbone.configuration.known_settings import name_of
from handbone.configuration.prediction_settings import prediction_settings
from handbone.ensembles import check_same_classes
from handbone.evaluation import read_thresholds

from .testing import test


class EnsembleModel(NamedTuple):
    """A model of an ensemble.

    Attributes:
        config: Its complete configuration.
        checkpoint: Its checkpoint, or a work dir, as for :func:`find_checkpoint`.
        weight: Its weight in the mean.
    """

    config: Config
    checkpoint: str
    weight: float = 1.0


def soft_vote(
    models: Sequence[EnsembleModel],
    merge: str = 'probabilities',
    one_at_a_time: bool = False,
    thresholds: str | Path | None = None,
) -> dict[str, float]:
    """Run the test set of the first configuration through all models.

    >>> configs = [read_config_file(f'configs/{name}.py') for name in ('small', 'large')]
    >>> soft_vote([EnsembleModel(cfg, f'work_dirs/{n}') for n, cfg in enumerate(configs)])

    Args:
        models: The models. Everything but the models, their test pipelines and their checkpoints
            comes from the first configuration.
        merge: Mean of ``probabilities`` or of ``logits``.
        one_at_a_time: Hold one model on the device at a time.
        thresholds: File of thresholds. Default: those of the first configuration.

    Returns:
        The metrics, empty where only predictions were asked for.

    Raises:
        FileNotFoundError: If a checkpoint does not exist.
        HandboneError: If a checkpoint does not fit its configuration, or the models have different
            class lists.
    """
    cfg = models[0].config
    with unpickling(cfg.get('allow_pickle', False)):
        checkpoints = [find_checkpoint(model.checkpoint) for model in models]
        classes = _same_classes(models, checkpoints)
    if thresholds is not None:
        chosen = read_thresholds(thresholds, classes)
        prediction_settings(cfg)['threshold'] = list(chosen)  # the segmentor checks them
    else:
        chosen = prediction_settings(cfg).get('threshold', 0.5)
    # what is summarised is the mean, not each member
    summarise = prediction_settings(cfg).pop('summarise', None) is not None
    members = []
    for model, checkpoint in zip(models, checkpoints, strict=True):
        config = deepcopy(model.config)
        drop_pretrained(config)
        prediction_settings(config)['postprocess'] = []  # only the first config's steps are applied
        members.append(
            dict(
                name=f'{name_of(config)} with {checkpoint}',
                model=config.model,
                checkpoint=checkpoint,
                weight=model.weight,
                pipeline=dataset_pipeline(config),
            )
        )
    cfg.load_from = checkpoints[0]
    cfg.test_cfg = dict(
        type='EnsembleTestLoop',
        members=members,
        thresholds=chosen,
        merge=merge,
        one_at_a_time=one_at_a_time,
        summarise=summarise,
        fp16=(cfg.get('test_cfg') or {}).get('fp16', False),
    )
    return test(cfg)


def _same_classes(models: Sequence[EnsembleModel], checkpoints: Sequence[str]) -> tuple[str, ...]:
    first = dataset_classes(models[0].config)
    for model, checkpoint in zip(models, checkpoints, strict=True):
        others = (name_of(models[0].config), first)
        check_same_classes(name_of(model.config), dataset_classes(model.config), *others)
        trained = checkpoint_classes(load_checkpoint_file(checkpoint, mmap=True))
        if trained is not None:
            check_same_classes(f'the checkpoint {checkpoint}', trained, *others)
    return first
