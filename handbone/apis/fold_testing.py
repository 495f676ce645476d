"""Test a cross-validation: each fold on its held-out images, all folds on the test images."""

import contextlib
import itertools
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.checkpoints import find_checkpoint, last_checkpoint
from handbone.configuration.completion import use_validation_images
from handbone.configuration.dataset_configs import dataset_metainfo, training_checkpoints
from handbone.configuration.fold_config import fold_settings, read_finished_fold
from handbone.errors import HandboneError, listed, shown
from handbone.evaluation.fold_scores import FoldScores
from handbone.files import open_atomically
from handbone.submissions import SubmissionRows
from handbone.submissions.image_names import dataset_image_paths, name_images
from handbone.submissions.rle_rows import HEADER

from .kept_folds import kept_fold_file
from .soft_voting import EnsembleModel, soft_vote
from .testing import test

OUT_OF_FOLD = 'out_of_fold.csv'
MOST_NAMED = 10  # folds that a message names


def find_folds(work_dir: str | Path) -> list[Path]:
    """Find the folds that ``handbone train-folds`` has trained.

    Args:
        work_dir: Its folder.

    Returns:
        The folders of all folds, in order.

    Raises:
        HandboneError: If there is none, one is missing, not finished or damaged, or two folders
            have one number.
    """
    folders: dict[int, Path] = {}
    for path in sorted(Path(work_dir).glob('fold_*')):
        if not re.fullmatch(r'fold_[0-9]+', path.name):
            continue
        fold = int(path.name.removeprefix('fold_'))
        if fold in folders:
            raise HandboneError(
                f'{work_dir} has two folders of fold {fold}: {folders[fold].name} and {path.name}. '
                'Remove or rename the one that does not belong to this cross-validation.'
            )
        folders[fold] = path
    counts = {fold: read_finished_fold(path, fold) for fold, path in folders.items()}
    finished = {fold: count for fold, count in counts.items() if count is not None}
    if not finished:
        raise HandboneError(
            f'{work_dir} has no finished fold; train them with `handbone train-folds`'
        )
    num_folds = max(finished.values())
    unfinished = (fold for fold in range(num_folds) if fold not in finished)
    missing = list(itertools.islice(unfinished, MOST_NAMED + 1))
    if missing or len(finished) > num_folds or len(set(finished.values())) > 1:
        raise HandboneError(
            f'{work_dir} should have {shown(num_folds)} finished folds; '
            + (f'not finished: {listed(missing, MOST_NAMED)}' if missing else 'it has others')
            + '. `handbone train-folds` continues where it stopped'
        )
    return [folders[fold] for fold in range(num_folds)]


def predict_out_of_fold(
    cfg: Config,
    folders: Sequence[Path],
    checkpoints: Sequence[str],
    out: str | Path,
    image_name: str = 'basename',
) -> FoldScores:
    """Predict each training image with the model that was not trained on it.

    >>> cfg, folders = read_config_file('configs/demo.py'), find_folds('work_dirs/folds')
    >>> predict_out_of_fold(cfg, folders, fold_checkpoints(cfg, folders), 'out_of_fold.csv')

    Args:
        cfg: Complete configuration.
        folders: Work dirs of the folds, in order.
        checkpoints: The checkpoint of each.
        out: CSV to write, with every image once.
        image_name: How the CSV names an image, as in :class:`RLESubmissionHook`.

    Returns:
        The scores.

    Raises:
        HandboneError: If two images would have the same name.
    """
    configs = []
    for fold in range(len(folders)):
        of_fold = deepcopy(cfg)
        kept = kept_fold_file(folders[fold].parent)
        of_fold.merge_from_dict(fold_settings(cfg, fold, len(folders), kept))
        configs.append(of_fold)
    names = _names_in_folds(configs, image_name)
    for fold, (folder, checkpoint) in enumerate(zip(folders, checkpoints, strict=True)):
        of_fold = configs[fold]
        use_validation_images(of_fold)
        of_fold.test_evaluator = dict(type='DiceMetric', output_dir=str(folder / 'test'))
        hook = dict(type='RLESubmissionHook', out_file=str(folder / 'test' / OUT_OF_FOLD))
        hook['image_name'] = image_name
        of_fold.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]
        of_fold.load_from = checkpoint
        _name(of_fold, f'fold_{fold}', folder / 'test')
        test(of_fold)
    groups = dataset_metainfo(cfg, 'val_dataloader').get('groups')
    scores = FoldScores([folder / 'test' / 'dice_per_image.csv' for folder in folders], groups)
    _join([folder / 'test' / OUT_OF_FOLD for folder in folders], scores, names, Path(out))
    return scores


def fold_checkpoints(cfg: Config, folders: Sequence[Path], last: bool = False) -> list[str]:
    """Find the checkpoint of each fold.

    Args:
        cfg: Complete configuration.
        folders: Work dirs of the folds, in order.
        last: Use the last checkpoints instead of the best ones.

    Returns:
        Their paths.

    Raises:
        FileNotFoundError: If a fold has no checkpoint.
    """
    places = [training_checkpoints(cfg, folder) for folder in folders]
    return [
        last_checkpoint(place) if last or not place.is_dir() else find_checkpoint(str(place))
        for place in places
    ]


def predict_ensemble(
    cfg: Config,
    checkpoints: Sequence[str],
    out: str | Path,
    work_dir: str | Path,
    image_name: str = 'basename',
    scored: bool = True,
    merge: str = 'probabilities',
    one_at_a_time: bool = False,
) -> dict[str, float]:
    """Predict the test images with the mean of all folds.

    Args:
        cfg: Complete configuration.
        checkpoints: The checkpoint of each fold.
        out: CSV to write.
        work_dir: Where the log and the tables go.
        image_name: How the CSV names an image, as in :class:`RLESubmissionHook`.
        scored: Whether the test images have reference masks.
        merge: Mean of ``probabilities`` or of ``logits``.
        one_at_a_time: Hold one model on the device at a time.

    Returns:
        The metrics, empty where nothing is scored.
    """
    cfg = deepcopy(cfg)
    if not scored:
        cfg.test_evaluator = dict(type='DiceMetric', format_only=True)
    hook = dict(type='RLESubmissionHook', out_file=str(out), image_name=image_name)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]
    _name(cfg, 'ensemble', Path(work_dir))
    models = [EnsembleModel(cfg, checkpoint) for checkpoint in checkpoints]
    return soft_vote(models, merge, one_at_a_time)


def _name(cfg: Config, name: str, work_dir: Path) -> None:
    """Distinguish a run from the others of this process."""
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = name
    if cfg.get('visualizer') is not None:  # mmengine's own takes the name of the experiment
        cfg.visualizer = dict(cfg.visualizer, name=name)


def _names_in_folds(configs: Sequence[Config], image_name: str) -> dict[str, str]:
    """Name the held-out images of all folds; the keys are their paths."""
    init_default_scope(configs[0].get('default_scope', 'mmseg'))
    names: dict[str, str] = {}
    for of_fold in configs:
        paths = dataset_image_paths(DATASETS.build(of_fold.val_dataloader.dataset))
        names |= dict(zip(paths, name_images(paths, image_name), strict=True))
    first: dict[str, str] = {}
    for path, name in names.items():
        if name in first:
            raise HandboneError(
                f'two images of different folds would both be named {name!r}: {first[name]} and '
                f'{path}. Name images with their folders by --image-name path, or rename one'
            )
        first[name] = path
    return names


def _join(parts: Sequence[Path], scores: FoldScores, names: Mapping[str, str], out: Path) -> None:
    """Write the rows of all folds into one file, images in the order of the scores."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(SubmissionRows(part)) for part in parts]
        output = stack.enter_context(open_atomically(out))
        output.write(HEADER)
        for fold, path in zip(scores.folds, scores.images, strict=True):
            output.write(files[fold].copy(names[path]))
