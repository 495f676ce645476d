"""One fold of a cross-validation, as a change to a config."""

from pathlib import Path

from mmengine.config import Config

from handbone.errors import HandboneError

#: The file that a finished fold leaves in its work dir.
FINISHED = 'finished.json'


def fold_settings(cfg: Config, fold: int, num_folds: int) -> dict[str, int]:
    """Say what makes a config train on all folds but one and validate on that one.

    Args:
        cfg: Complete configuration.
        fold: The fold that is held out, 0 to ``num_folds`` - 1.
        num_folds: Number of folds, at least 2.

    Returns:
        Values by dotted key, as ``--cfg-options`` takes them.

    Raises:
        HandboneError: If the fold does not exist, or the data are not one dataset that has folds.
    """
    if num_folds < 2 or not 0 <= fold < num_folds:
        raise HandboneError(f'fold {fold} of {num_folds} does not exist; folds count from 0')
    settings = {}
    for loader in ('train_dataloader', 'val_dataloader'):
        if cfg.get(loader) is None:
            raise HandboneError(f'{cfg.filename} has no {loader}: folds need both to train')
        key, dataset = f'{loader}.dataset', cfg[loader].dataset
        while 'dataset' in dataset:  # mmengine's wrappers
            key, dataset = f'{key}.dataset', dataset.dataset
        if 'datasets' in dataset:
            raise HandboneError(
                f'{key} of {cfg.filename} joins several datasets: folds are made of one'
            )
        settings[f'{key}.fold'] = fold
        settings[f'{key}.num_folds'] = num_folds
    return settings


def checkpoint_folder(cfg: Config, work_dir: str | Path) -> Path:
    """Say where a training keeps its checkpoints.

    Args:
        cfg: Complete configuration.
        work_dir: Work dir of the training.

    Returns:
        The work dir, or the folder of its name in the ``out_dir`` of the checkpoint hook.
    """
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    out_dir = hook.get('out_dir')
    return Path(work_dir) if out_dir is None else Path(out_dir) / Path(work_dir).name
