"""Join the networks of a cascade fold by fold: a cross-validation of the whole cascade."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

from mmengine.config import Config

from handbone.configuration.fold_config import fold_settings, write_finished_fold
from handbone.configuration.known_settings import name_of
from handbone.ensembles.held_out import held_out_images
from handbone.ensembles.trained_config import trained_config
from handbone.errors import HandboneError, counted, listed

from .fold_testing import find_folds, fold_checkpoints
from .joining import join
from .kept_folds import keep_fold_file, kept_fold_file

#: The checkpoint in the folder of a fold.
JOINED = 'joined.pth'


def has_folds(path: str | Path) -> bool:
    """Tell the work dir of a cross-validation from a checkpoint and from that of one training.

    Args:
        path: What stands in the place of a checkpoint.

    Returns:
        Whether it is a folder with folders of folds.
    """
    return any(each.is_dir() for each in Path(path).glob('fold_*'))


def join_folds(
    cfg: Config, work_dirs: Sequence[str | Path], out_dir: str | Path, last: bool = False
) -> list[Path]:
    """Write the checkpoint of a cascade for each fold from those of its networks.

    The folder is like one of ``handbone train-folds``: ``test-folds`` and ``find-best`` take it.

    >>> cfg = read_config_file('configs/cascade/hand.py')
    >>> join_folds(cfg, ['work_dirs/locator_folds', 'work_dirs/network_folds'], 'work_dirs/hand')

    Args:
        cfg: Complete configuration of the cascade.
        work_dirs: Work dirs of ``handbone train-folds`` of each network, in the order in which they
            run; all with the same folds.
        out_dir: Folder to write.
        last: Use the last checkpoints instead of the best ones, which were chosen on the held-out
            images.

    Returns:
        The checkpoints.

    Raises:
        FileNotFoundError: If a fold has no checkpoint.
        HandboneError: If folds are missing or differ, or the checkpoints do not fit the config.
        CheckpointWriteError: If a file cannot be written.
    """
    single = [str(path) for path in work_dirs if not has_folds(path)]
    if single:
        raise HandboneError(
            f'{listed(single)} is no work dir of `handbone train-folds`, but others are: give such '
            'a work dir, or a checkpoint, for all networks'
        )
    folders = [find_folds(work_dir) for work_dir in work_dirs]
    counts = {str(work_dir): len(own) for work_dir, own in zip(work_dirs, folders, strict=True)}
    if len(set(counts.values())) > 1:
        told = ', '.join(f'{name}: {count}' for name, count in counts.items())
        raise HandboneError(f'the networks have different numbers of folds ({told})')
    number = len(folders[0])
    checkpoints = [fold_checkpoints(Config(), own, last) for own in folders]
    fold_file = kept_fold_file(work_dirs[0])
    configs = []
    for fold in range(number):
        of_fold = deepcopy(cfg)
        of_fold.merge_from_dict(fold_settings(cfg, fold, number, fold_file))
        for own in checkpoints:
            _check_held_out(of_fold, own[fold], fold)
        configs.append(of_fold)
    kept = keep_fold_file(out_dir, fold_file, number)
    written = []
    for fold, of_fold in enumerate(configs):
        of_fold.merge_from_dict(fold_settings(cfg, fold, number, kept))
        folder = Path(out_dir) / f'fold_{fold}'
        join(of_fold, [own[fold] for own in checkpoints], folder / JOINED)
        write_finished_fold(folder, fold, number)
        written.append(folder / JOINED)
    return written


def _check_held_out(cfg: Config, checkpoint: str, fold: int) -> None:
    """Refuse a network that has seen images on which the whole cascade is going to be scored."""
    trained = trained_config(checkpoint)
    wanted, found = (
        {image.path for image in held_out_images(each, fold)[1]} for each in (cfg, trained)
    )
    if wanted != found:
        example = listed(sorted(wanted ^ found), 1)
        raise HandboneError(
            f'{checkpoint} was trained with other folds than {name_of(cfg)} has with those of the '
            f'first work dir: {counted(len(wanted ^ found), "image is", "images are")} held out '
            f'in one of both alone ({example}). Train all networks with the same --fold-file of '
            '`handbone folds`'
        )
