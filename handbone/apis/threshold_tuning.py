"""Tune the thresholds of a checkpoint."""

import copy
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from handbone.checkpoints import load_checkpoint_file
from handbone.configuration.completion import use_validation_images
from handbone.configuration.dataset_configs import only_dataset
from handbone.configuration.dumped_config import ConfigTextError, parse_config_text
from handbone.configuration.fold_config import fold_settings
from handbone.configuration.known_settings import name_of
from handbone.configuration.prediction_settings import prediction_settings
from handbone.configuration.wrapped_datasets import inner_datasets
from handbone.errors import HandboneError

from .testing import test


def tune_thresholds(
    cfg: Config,
    checkpoints: Sequence[str],
    out_file: str | Path,
    split: str = 'val',
    fold_file: str | Path | None = None,
    calibration: str | Path | None = None,
) -> dict[str, float]:
    """Choose thresholds on images with labels and write them to a file.

    >>> cfg = read_config_file('configs/demo.py')
    >>> tune_thresholds(cfg, ['work_dirs/demo/iter_2000.pth'], 'thresholds.json')

    Args:
        cfg: Complete configuration.
        checkpoints: One checkpoint, or those of a cross-validation in the order of their folds,
            whose held-out images are pooled.
        out_file: JSON file to write.
        split: ``val`` for the validation images, or ``train`` for all others in the training
            folder, which the test pipeline loads.
        fold_file: CSV of folds that several checkpoints were trained with. Default: what the config
            has.
        calibration: Folder for ``calibration.csv`` and ``calibration.png``: how right the
            probabilities are. The file of thresholds then has temperatures. Default: none of these.

    Returns:
        Mean Dice with the previous thresholds, with the tuned ones, and on held-out images.

    Raises:
        FileNotFoundError: If a checkpoint does not exist.
        HandboneError: If a checkpoint, the configuration or the data are faulty.
    """
    if prediction_settings(cfg).get('decision') == 'exclusive':
        raise HandboneError(
            f'{name_of(cfg)}: classes that exclude each other (test_cfg.decision) have no '
            'thresholds to tune: the class with the largest logit is taken'
        )
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f'{fold}.npz' for fold in range(len(checkpoints))]
        for fold, checkpoint in enumerate(checkpoints):
            run = copy.deepcopy(cfg)
            run.load_from = checkpoint
            if len(checkpoints) > 1:
                run.merge_from_dict(fold_settings(run, fold, len(checkpoints), fold_file))
                _check_fold(checkpoint, fold, len(checkpoints), _fold_file(run))
                run.experiment_name = (
                    f'thresholds_{fold}'  # the default, a time in seconds, may repeat
                )
            elif split == 'train':
                _take_training_images(run)
            last = fold == len(checkpoints) - 1
            use_validation_images(run)
            run.test_evaluator = dict(
                type='ThresholdMetric',
                thresholds=prediction_settings(run).get('threshold', 0.5),
                out_file=str(out_file) if last else None,
                made_of=_made_of(cfg, checkpoints, split),
                scores_file=str(files[fold]),
                pooled=[str(file) for file in files[:fold]],
                calibration=None if calibration is None else str(calibration),
            )
            prediction_settings(run).update(keep_logits='uncut', postprocess=[])
            metrics = test(run)
    return metrics


def _take_training_images(cfg: Config) -> None:
    key, dataset = only_dataset(cfg, 'val_dataloader', 'folds are made of one')
    if dataset.get('fold') is None:
        raise HandboneError(
            f'--train uses the images of the other folds, and {key} has no fold: '
            'set its fold and num_folds, or name the training images in its ann_file'
        )
    dataset.split = 'train'


def _fold_file(cfg: Config) -> str:
    return only_dataset(cfg, 'val_dataloader', 'folds are made of one')[1].get('fold_file', '')


def _check_fold(checkpoint: str, fold: int, num_folds: int, fold_file: str = '') -> None:
    """Refuse a checkpoint that was trained on the images to tune its thresholds on."""
    meta = load_checkpoint_file(checkpoint, mmap=True).get('meta') or {}
    try:
        loader = parse_config_text(meta.get('config_text') or '')['train_dataloader']
        joined = [each for _, each in inner_datasets(loader['dataset'])]
        # of several that are joined, one has folds
        (dataset,) = [each for each in joined if each.get('fold') is not None] or joined
        trained = dataset['fold'], dataset['num_folds']
        trained_file = dataset.get('fold_file', '')
    except (ConfigTextError, KeyError, TypeError, ValueError):
        return  # the checkpoint does not say
    if trained != (fold, num_folds):
        raise HandboneError(
            f'{checkpoint} was trained without fold {trained[0]} of {trained[1]}, but it is number '
            f'{fold} of {num_folds} here: give the checkpoints of all folds, fold 0 first'
        )
    if trained_file != fold_file:
        raise HandboneError(
            f'{checkpoint} was trained on the folds of {trained_file or "num_folds"}, but they are '
            f'those of {fold_file or "num_folds"} here: set --fold-file to the former'
        )


def _made_of(cfg: Config, checkpoints: Sequence[str], split: str) -> dict:
    """Describe the origin of the thresholds, for the file."""
    return dict(
        config=name_of(cfg),
        checkpoints=list(checkpoints),
        split=split,
        augmented=cfg.model.type == 'MultilabelTTAModel',
    )
