"""The checkpoints of an ensemble, run by PyTorch one after the other."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import TASK_UTILS

from handbone.configuration.dataset_configs import dataset_metainfo, dataset_pipeline
from handbone.configuration.known_settings import name_of
from handbone.configuration.prediction_settings import prediction_settings, use_postprocessing
from handbone.engine.precision_choice import check_precision, resolve_precision
from handbone.ensembles import check_same_classes
from handbone.ensembles.ensemble_file import Ensemble, read_ensemble
from handbone.ensembles.mean_logits import mean_logits
from handbone.ensembles.members import (
    build_member,
    check_same_decision,
    decided_by,
    logits_only,
    steps_without_image,
)
from handbone.ensembles.trained_config import member_config
from handbone.errors import HandboneError
from handbone.masks import check_thresholds, logits_to_packed, planes_last
from handbone.postprocessing import apply_steps, index_classes

from .array_pipeline import ArrayPipeline
from .torch_predictor import autocast, choose_device, prepare_for_autocast


class EnsemblePredictor:
    """Predicts with an ensemble; see :class:`handbone.inference.Predictor`.

    Args:
        config: A config with the classes of the ensemble and their colours.
        path: File of the ensemble.
        device: As ``torch.device`` takes it; 'auto' is a GPU where there is one.
        precision: 'fp32', 'bf16' or, on GPUs, 'fp16'; 'auto' is 'bf16' where that is faster.
        thresholds: Probability above which a class is present, one per class; by default those of
            the ensemble.
        postprocess: Names of the steps after the thresholds; by default those of the ensemble.

    Attributes:
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class.
        thresholds: Probability above which a class is present, one per class.
        model_hash: SHA-256 of the ensemble, of what is decided differently, and of the precision.
        window: Window by which files of more than 8 bits are to be read.

    Raises:
        FileNotFoundError: If a file does not exist.
        HandboneError: If the ensemble does not fit the config, or its members read images in
            different ways.
    """

    def __init__(
        self,
        config: Config,
        path: str | Path,
        device: str = 'auto',
        precision: str = 'fp32',
        thresholds: Sequence[float] | None = None,
        postprocess: Sequence[str] | None = None,
    ) -> None:
        ensemble = read_ensemble(path)
        metainfo = dataset_metainfo(config)
        self.classes = tuple(metainfo['classes'])
        self.palette = tuple(tuple(color) for color in metainfo['palette'])
        check_same_classes(str(path), ensemble.classes, name_of(config), self.classes)
        self.device = choose_device(device)
        precision = resolve_precision(precision, self.device)
        self._dtype = check_precision(precision, self.device)
        chosen = ensemble.thresholds if thresholds is None else thresholds
        self.thresholds = check_thresholds(chosen, len(self.classes), 'thresholds')
        steps = _steps(ensemble, postprocess)
        self._load(ensemble, str(path))
        self._postprocess = steps_without_image(
            [TASK_UTILS.build(step) for step in index_classes(steps, self.classes)]
        )
        text = json.dumps(
            [ensemble.model_hash, self.thresholds, steps, precision], sort_keys=True, default=list
        )
        self.model_hash = hashlib.sha256(text.encode()).hexdigest()

    def _load(self, ensemble: Ensemble, path: str) -> None:
        """Build the members and the pipelines that prepare images for them."""
        self._merge, self._shares = ensemble.merge, ensemble.shares
        self._networks: list = []
        pipelines, self._places = [], []
        for index, member in enumerate(ensemble.members):
            cfg = member_config(member.checkpoint, member.views, member.prediction, self._merge)
            init_default_scope(cfg.get('default_scope', 'mmseg'))
            network = build_member(cfg.model, member.checkpoint)
            if index == 0:
                self._decided = decided_by(network)
            check_same_decision(
                network, self._decided, member.checkpoint, ensemble.members[0].checkpoint
            )
            network.to(self.device)
            prepare_for_autocast(network, self._dtype)
            self._networks.append(logits_only(network))
            pipeline = dataset_pipeline(cfg)
            if pipeline not in pipelines:
                pipelines.append(pipeline)
            self._places.append(pipelines.index(pipeline))
        self._prepare = [ArrayPipeline(pipeline) for pipeline in pipelines]
        first = self._prepare[0]
        for each in self._prepare:
            if each.reads_sections:
                raise HandboneError(
                    f'{path}: ensembles of networks for tissue sections are tested '
                    'with `handbone test`, not predicted file by file'
                )
            if (each.window, each.color) != (first.window, first.color):
                raise HandboneError(
                    f'{path}: its members read images in different ways (window or colours), so '
                    'that no file can be read for all: predict with their checkpoints, and vote'
                )
        self.window, self.color = first.window, first.color

    @torch.inference_mode()
    def predict(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Predict packed labels; see :meth:`handbone.inference.Predictor.predict`.

        Args:
            images: As :class:`handbone.inference.TorchPredictor` takes them.

        Returns:
            Packed maps, int32, (H, W) or (H, W, P), each at the size of its image.

        Raises:
            HandboneError: If an image does not have such values.
        """
        if not len(images):
            return []
        batches = [
            [prepare(each, f'image {index}') for index, each in enumerate(images)]
            for prepare in self._prepare
        ]
        logits = []
        with autocast(self.device, self._dtype):
            for network, place in zip(self._networks, self._places, strict=True):
                samples = network.test_step(pseudo_collate(batches[place]))
                logits.append([sample.seg_logits.data for sample in samples])
        return [
            self._labels(of_image, image.shape[:2])
            for of_image, image in zip(zip(*logits, strict=True), images, strict=True)
        ]

    def _labels(self, logits: Sequence[torch.Tensor], size: tuple[int, int]) -> np.ndarray:
        mean = mean_logits(logits, self._shares, self._merge, self._decided.has_background)
        exclusive = self._decided.exclusive
        packed = logits_to_packed(mean, size, self.thresholds, exclusive=exclusive)
        number = len(self.classes)
        packed = apply_steps(packed, self._postprocess, number, exclusive=exclusive)
        return planes_last(packed)


def _steps(ensemble: Ensemble, names: Sequence[str] | None) -> list[dict]:
    """Choose the steps: those of the ensemble, or those that are named, with its settings."""
    settings = dict(test_cfg=dict(postprocess=[dict(step) for step in ensemble.postprocess]))
    cfg = Config(dict(model=settings))
    if names is not None:
        use_postprocessing(cfg, names)
    return [dict(step) for step in prediction_settings(cfg)['postprocess']]
