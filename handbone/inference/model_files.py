"""A predictor from the files of a model: a config with its checkpoint, or an exported file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handbone.configuration.config_file import read_config_file
from handbone.configuration.dataset_configs import dataset_classes
from handbone.ensembles.ensemble_file import is_ensemble
from handbone.errors import HandboneError
from handbone.evaluation import read_temperatures, read_thresholds
from handbone.export import is_exported, open_exported

from .ensemble_predictor import EnsemblePredictor
from .predictor import Predictor
from .torch_predictor import TorchPredictor


def open_predictor(
    model: str | Path,
    checkpoint: str | Path | None = None,
    device: str | None = None,
    precision: str | None = None,
    tta: bool = False,
    thresholds: Sequence[float] | str | Path | None = None,
    postprocess: Sequence[str] | None = None,
    cfg_options: Mapping[str, Any] | None = None,
    summarise: bool = False,
) -> Predictor:
    """Open a config with its checkpoint, or an exported model.

    >>> predictor = open_predictor('configs/demo.py', 'work_dirs/demo')
    >>> (labels,) = predictor.predict([np.zeros((512, 384), np.uint8)])

    Args:
        model: A config file, or an exported ``.onnx`` or ``.xml`` file.
        checkpoint: Checkpoint of the config: a file or a work dir; or an ensemble of
            ``handbone find-best``, whose members bring their own configs.
        device: 'cpu', 'cuda', 'cuda:1' and so on; ``None`` takes a GPU where there is one. With
            'meta' the predictor has its classes, thresholds and hash, but may not predict.
        precision: 'fp32', 'bf16', 'fp16', or 'auto', which is 'bf16' where that is faster; ``None``
            is 'fp32'. An exported model has its own.
        tta: Average over the views that the config names.
        thresholds: Probability above which a class is present, one per class, or a file of
            ``handbone tune-thresholds``; ``None`` takes those of the model.
        postprocess: Names of the steps after the thresholds; ``None`` takes those of the config.
        cfg_options: Settings of the config to override, by dotted key.
        summarise: Also tell how sure the network is of each class, with the temperatures of the
            file of thresholds.

    Returns:
        The predictor.

    Raises:
        FileNotFoundError: If a file does not exist.
        HandboneError: If model, checkpoint and options do not fit each other.
    """
    if summarise and is_exported(model):
        raise HandboneError(
            f'{model} is an exported model, which gives labels and does not tell how sure it is: '
            'give the config and the checkpoint'
        )
    if is_exported(model):
        of_configs = (checkpoint, precision, tta or None, postprocess, cfg_options or None)
        if any(option is not None for option in of_configs):
            raise HandboneError(
                f'{model} is an exported model: it takes no checkpoint, no precision, no '
                'test-time augmentation, no postprocessing and no settings of a config; give the '
                'config and the checkpoint'
            )
        if isinstance(thresholds, (str, Path)):
            thresholds = read_thresholds(thresholds, open_exported(model, 'cpu').classes)
        return open_exported(model, 'cpu' if device == 'meta' else device, thresholds)
    if checkpoint is None:
        raise HandboneError(f'{model} is a config: give the checkpoint or the work dir after it')
    cfg = read_config_file(model, cfg_options or {})
    temperatures = None
    if isinstance(thresholds, (str, Path)):
        temperatures = read_temperatures(thresholds, dataset_classes(cfg))
        thresholds = read_thresholds(thresholds, dataset_classes(cfg))
    if is_ensemble(checkpoint):
        if tta:
            raise HandboneError(f'{checkpoint} says which views are averaged: leave out --tta')
        if summarise:
            raise HandboneError(
                f'{checkpoint} is an ensemble, whose trust is not written by a prediction: '
                '`handbone test --uncertainty` tells how far its members agree'
            )
        return EnsemblePredictor(
            cfg, checkpoint, device or 'auto', precision or 'fp32', thresholds, postprocess
        )
    return TorchPredictor(
        cfg,
        checkpoint,
        device or 'auto',
        precision or 'fp32',
        tta,
        thresholds,
        postprocess,
        summarise,
        temperatures,
    )
