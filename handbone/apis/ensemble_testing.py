"""Test an ensemble of ``handbone find-best``."""

from pathlib import Path

from mmengine.config import Config

from handbone.configuration.dataset_configs import (
    dataset_classes,
    dataset_pipeline,
    with_pipeline,
)
from handbone.configuration.known_settings import name_of
from handbone.configuration.prediction_settings import prediction_settings
from handbone.ensembles import check_same_classes
from handbone.ensembles.ensemble_file import read_ensemble
from handbone.ensembles.trained_config import member_config

from .soft_voting import EnsembleModel, soft_vote


class EnsembleTest:
    """The test of an ensemble on the images of a config.

    Args:
        cfg: Complete configuration, which says what is tested and how it is scored; changed in
            place. Its model and the steps of its test pipeline become those of the first member,
            its thresholds and postprocessing those of the ensemble, and may be changed after that.
        path: File of the ensemble.

    Raises:
        FileNotFoundError: If the file does not exist.
        HandboneError: If it is not valid, a checkpoint is missing or another one, or the classes
            are others than those of the config.
    """

    def __init__(self, cfg: Config, path: str | Path) -> None:
        ensemble = read_ensemble(path)
        summarised = prediction_settings(cfg).get('summarise')
        check_same_classes(str(path), ensemble.classes, name_of(cfg), dataset_classes(cfg))
        self._merge = ensemble.merge
        self._models: list[EnsembleModel] = []
        for member, share in zip(ensemble.members, ensemble.shares, strict=True):
            own = member_config(member.checkpoint, member.views, member.prediction, ensemble.merge)
            if not self._models:
                cfg.model = own.model
                dataset = cfg.test_dataloader.dataset
                cfg.test_dataloader.dataset = with_pipeline(dataset, dataset_pipeline(own))
                own = cfg
            self._models.append(EnsembleModel(own, member.checkpoint, share))
        settings = prediction_settings(cfg)
        settings['threshold'] = list(ensemble.thresholds)
        if summarised is not None:
            settings['summarise'] = summarised
        settings['postprocess'] = [dict(step) for step in ensemble.postprocess]

    def run(self, one_at_a_time: bool = False) -> dict[str, float]:
        """Predict all test images with all members.

        Args:
            one_at_a_time: Hold one model on the device at a time.

        Returns:
            The metrics, empty where only predictions were asked for.
        """
        return soft_vote(self._models, self._merge, one_at_a_time)
