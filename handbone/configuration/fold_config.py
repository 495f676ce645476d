"""One fold of a cross-validation, as a change to a config."""

from mmengine.config import Config

from handbone.errors import HandboneError

from .dataset_configs import only_dataset

#: The file that marks the work dir of a finished fold.
FINISHED = 'finished.json'


def fold_settings(cfg: Config, fold: int, num_folds: int) -> dict[str, int]:
    """Settings that make a config train on all folds but one and validate on that one.

    Args:
        cfg: Complete configuration.
        fold: The fold that is held out, 0 to ``num_folds`` - 1.
        num_folds: Number of folds, at least 2.

    Returns:
        Values by dotted key, as ``--cfg-options`` takes them.

    Raises:
        HandboneError: If the fold does not exist, or the data are not one dataset with folds.
    """
    if num_folds < 2 or not 0 <= fold < num_folds:
        raise HandboneError(f'fold {fold} of {num_folds} does not exist; folds count from 0')
    settings = {}
    for loader in ('train_dataloader', 'val_dataloader'):
        key, _ = only_dataset(cfg, loader, 'folds are made of one')
        settings[f'{key}.fold'] = fold
        settings[f'{key}.num_folds'] = num_folds
    return settings
