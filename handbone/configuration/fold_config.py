"""One fold of a cross-validation: as a change to a config, and its end as a file."""

import json
from pathlib import Path

from mmengine.config import Config

from handbone.errors import HandboneError, shown
from handbone.files import write_atomically
from handbone.structure import Fields, check_structure, parse_json

from .dataset_configs import dataset_with_folds

#: The file that marks the work dir of a finished fold.
FINISHED = 'finished.json'


def fold_settings(
    cfg: Config, fold: int, num_folds: int, fold_file: str | Path | None = None
) -> dict[str, int | str]:
    """Settings that make a config train on all folds but one and validate on that one.

    Where the training joins several datasets, only the one that the validation images are held out
    of has folds; all images of the others are in each training.

    Args:
        cfg: Complete configuration.
        fold: The fold that is held out, 0 to ``num_folds`` - 1.
        num_folds: Number of folds, at least 2.
        fold_file: CSV of ``handbone folds``. Default: what the config has.

    Returns:
        Values by dotted key, as ``--cfg-options`` takes them.

    Raises:
        HandboneError: If the fold does not exist, or there is not one dataset to split into folds.
    """
    if num_folds < 2 or not 0 <= fold < num_folds:
        raise HandboneError(f'fold {fold} of {num_folds} does not exist; folds count from 0')
    settings: dict[str, int | str] = {}
    for loader in ('train_dataloader', 'val_dataloader'):
        key, _ = dataset_with_folds(cfg, loader)
        settings[f'{key}.fold'] = fold
        settings[f'{key}.num_folds'] = num_folds
        if fold_file is not None:
            settings[f'{key}.fold_file'] = str(fold_file)
    return settings


def write_finished_fold(folder: Path, fold: int, num_folds: int) -> None:
    """Note that the training of a fold is finished.

    Args:
        folder: Work dir of the fold.
        fold: The fold that is held out, from 0.
        num_folds: Number of folds.

    Raises:
        OSError: If the file cannot be written.
    """
    content = json.dumps(dict(fold=fold, folds=num_folds)) + '\n'
    write_atomically(folder / FINISHED, content.encode())


def read_finished_fold(folder: Path, fold: int) -> int | None:
    """Read how many folds there are from what a finished fold has noted.

    Args:
        folder: Work dir of the fold.
        fold: The fold that is held out there, from 0.

    Returns:
        Number of folds; None if the fold is not finished.

    Raises:
        HandboneError: If the file is damaged, or of a different fold.
    """
    path = folder / FINISHED
    if not path.is_file():
        return None
    try:
        content = parse_json(path.read_bytes(), str(path))
        check_structure(content, Fields(dict(fold=int, folds=int)), str(path))
        of, num_folds = content['fold'], content['folds']
        if of != fold or not max(2, fold + 1) <= num_folds:
            raise HandboneError(
                f'{path} tells of fold {shown(of)} of {shown(num_folds)}, but lies in the work dir '
                f'of fold {fold}'
            )
    except HandboneError as error:
        raise HandboneError(
            f'{error}: remove the file and start `handbone train-folds` again, which writes it '
            'once the fold is finished'
        ) from error
    return num_folds
