"""A config and its checkpoint, run by PyTorch."""

import contextlib
import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch import nn

from handbone.checkpoints import find_checkpoint, load_checkpoint_file
from handbone.checkpoints.fitting import load_weights
from handbone.checkpoints.published import fingerprint
from handbone.configuration.config_file import read_config_file
from handbone.configuration.dataset_configs import dataset_metainfo, dataset_pipeline
from handbone.configuration.faults import (
    build_model,
    check_number_of_classes,
    config_faults_explained,
)
from handbone.configuration.prediction_settings import (
    index_postprocessing,
    prediction_settings,
    settings_unlike_training,
    use_postprocessing,
    use_published_thresholds,
)
from handbone.configuration.test_time_augmentation import use_test_time_augmentation
from handbone.engine.precision_choice import check_precision, resolve_precision
from handbone.errors import HandboneError
from handbone.masks import check_thresholds, planes_last

from .array_pipeline import ArrayPipeline
from .predictor import Labelled


class TorchPredictor:
    """Predicts with a checkpoint; see :class:`handbone.inference.Predictor`.

    Images go through the steps of the config's test pipeline between loading and labels. Those that
    have the same shape after that are one batch of the network.

    Args:
        config: The config or its file.
        checkpoint: A ``.pth`` or ``.safetensors`` file, or the work dir of a training.
        device: As ``torch.device`` takes it; 'auto' is a GPU where there is one.
        precision: 'fp32' ('float32' is the same), or the network in 'bf16' or, on GPUs, in 'fp16';
            'auto' is 'bf16' where that is faster.
        tta: Average over the views that the config names.
        thresholds: Probability above which a class is present, one per class; by default the
            config's, or those that were published with the weights.
        postprocess: Names of the steps after the thresholds; by default the config's.
        summarise: Also tell how sure the network is of each class.
        temperatures: What logits are divided by before that; by default those that were published
            with the weights, or 1.

    Attributes:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class.
        thresholds: Probability above which a class is present, one per class.
        model_hash: SHA-256 of the weights, of the settings of network, pipeline, labels and views,
            and of the precision.
        window: Window by which files of more than 8 bits are to be read.

    Raises:
        FileNotFoundError: If config or checkpoint do not exist.
        HandboneError: If the checkpoint does not fit the config, or the device cannot do this.
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: str = 'auto',
        precision: str = 'fp32',
        tta: bool = False,
        thresholds: Sequence[float] | None = None,
        postprocess: Sequence[str] | None = None,
        summarise: bool = False,
        temperatures: Sequence[float] | None = None,
    ) -> None:
        cfg = deepcopy(config) if isinstance(config, Config) else read_config_file(config)
        self.device = choose_device(device)
        precision = 'fp32' if precision == 'float32' else precision
        precision = resolve_precision(precision, self.device)
        self._dtype = check_precision(precision, self.device)
        metainfo = dataset_metainfo(cfg)
        self.classes = tuple(metainfo['classes'])
        self.palette = tuple(tuple(color) for color in metainfo['palette'])
        path = find_checkpoint(str(checkpoint))
        if thresholds is None:
            use_published_thresholds(cfg, path)
        self.thresholds = _decide(cfg, len(self.classes), thresholds, postprocess)
        preprocessing = cfg.model.get('data_preprocessor')
        content = load_checkpoint_file(path)
        changed = settings_unlike_training(cfg, content.get('meta') or {})
        if tta:
            use_test_time_augmentation(cfg)
        pipeline = dataset_pipeline(cfg)
        with config_faults_explained(cfg):
            self._prepare = ArrayPipeline(pipeline)
        self.window = self._prepare.window
        self.color = self._prepare.color
        self.reads_sections = self._prepare.reads_sections

        model = build_model(cfg)
        segmentor = model.module if tta else model
        check_number_of_classes(segmentor, cfg, self.classes)
        load_weights(segmentor, content, path, self.classes)
        views = {key: value for key, value in cfg.model.items() if tta and key != 'module'}
        # one number for all classes and a list of equal ones decide alike
        settings = prediction_settings(cfg) | dict(threshold=self.thresholds)
        # hashes of earlier versions stay as they are
        hashed = 'float32' if precision == 'fp32' else precision
        parts = [pipeline, preprocessing, views, settings, hashed, *([changed] if changed else [])]
        parts += _cascade_settings(cfg.model.module if tta else cfg.model)
        text = json.dumps(parts, sort_keys=True, default=str)
        self.model_hash = fingerprint(segmentor.state_dict(), dict(settings=text))
        self.summarises = summarise
        if summarise:
            # behind the hash, because it changes no label
            temperatures = temperatures or (content.get('meta') or {}).get('temperatures')
            segmentor.test_cfg['summarise'] = dict(temperatures=temperatures)
        self._model = model.to(self.device).eval()
        prepare_for_autocast(self._model, self._dtype)

    @torch.inference_mode()
    def predict(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Predict packed labels; see :meth:`handbone.inference.Predictor.predict`.

        Args:
            images: Grey values (H, W) of any sizes, uint8 or float from 0 to 255; where the test
                pipeline loads colours, also blue, green and red (H, W, 3) of these types; sections
                where it loads those.

        Returns:
            Packed maps, int32, (H, W) or (H, W, P), each at the size of its image.

        Raises:
            HandboneError: If an image does not have such values.
        """
        return [planes_last(sample.pred_sem_seg.data) for sample in self._samples(images)]

    @torch.inference_mode()
    def predict_summarised(self, images: Sequence[np.ndarray]) -> list[Labelled]:
        """Predict packed labels, and tell how sure the network is of each class.

        Args:
            images: As for :meth:`predict`.

        Returns:
            Labels and summaries.

        Raises:
            HandboneError: If an image does not have such values, or the views of the images come
                from the pipeline.
        """
        found = []
        for sample in self._samples(images):
            if 'logit_summary' not in sample.metainfo:
                raise HandboneError(
                    'views that the pipeline makes (TestTimeAug) tell nothing of how sure the '
                    'network is: make them on the device, as tta_views does'
                )
            labels = planes_last(sample.pred_sem_seg.data)
            found.append(Labelled(labels, sample.metainfo['logit_summary']))
        return found

    def _samples(self, images: Sequence[np.ndarray]) -> list:
        prepared = [self._prepare(each, f'image {index}') for index, each in enumerate(images)]
        if not prepared:
            return []
        with autocast(self.device, self._dtype):
            return self._model.test_step(pseudo_collate(prepared))


def _cascade_settings(model: Config) -> list:
    """List what decides about the labels of a cascade and is not in its weights."""
    keys = ('data_preprocessor', 'test_cfg')
    if 'looks' in model:
        networks = [model.first, *(look['network'] for look in model.looks)]
        groups = [[look['regions'], look.get('edge')] for look in model.looks]
        own = [[net.get(key) for key in keys] for net in networks]
        return [groups, model.get('shrink'), own, *_cascade_settings(model.first)]
    if 'region' not in model:
        return []
    networks = [model.locator, model.network]
    return [model.region, model.get('shrink'), [[net.get(key) for key in keys] for net in networks]]


def _decide(
    cfg: Config,
    num_classes: int,
    thresholds: Sequence[float] | None,
    postprocess: Sequence[str] | None,
) -> tuple[float, ...]:
    """Put thresholds and steps into a configuration; returns the thresholds, one per class."""
    settings = prediction_settings(cfg)
    if thresholds is not None:
        settings['threshold'] = list(check_thresholds(thresholds, num_classes, 'thresholds'))
    threshold = settings.get('threshold', 0.5)
    decided = check_thresholds(threshold, num_classes, 'test_cfg.threshold')
    if postprocess is not None:
        use_postprocessing(cfg, postprocess)
    index_postprocessing(cfg)
    return decided


def autocast(device: torch.device, dtype: torch.dtype | None) -> contextlib.AbstractContextManager:
    """Compute in mixed precision, or not.

    Args:
        device: Where to compute.
        dtype: Of the network; None for float32.

    Returns:
        A context.
    """
    return contextlib.nullcontext() if dtype is None else torch.autocast(device.type, dtype)


def prepare_for_autocast(model: nn.Module, dtype: torch.dtype | None) -> None:
    """Prepare a model for :func:`autocast`: on CPUs, channels-last convolutions are faster in it.

    Args:
        model: The model, changed in place.
        dtype: As for :func:`autocast`.
    """
    if dtype is not None and next(model.parameters()).device.type == 'cpu':
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def choose_device(name: str) -> torch.device:
    """Choose where to compute.

    Args:
        name: As ``torch.device`` takes it; 'auto' is a GPU where there is one.

    Returns:
        The device.

    Raises:
        HandboneError: If there is no such device.
    """
    if name == 'auto':
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise HandboneError(
            f'device {name!r} is unknown: take auto, cpu, cuda or cuda:1'
        ) from error
    if device.type == 'cuda' and (device.index or 0) >= torch.cuda.device_count():
        raise HandboneError(
            f'device {name}: this machine has {torch.cuda.device_count()} GPUs that PyTorch can '
            'use; take auto or cpu'
        )
    return device
