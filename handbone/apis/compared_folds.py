"""Cross-validations that are compared: opened, and refused where their images differ."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from handbone.configuration.prediction_settings import prediction_settings
from handbone.ensembles.out_of_fold import CrossValidation
from handbone.ensembles.trained_config import trained_config
from handbone.errors import HandboneError, counted, listed
from handbone.file_hash import file_hash

from .fold_testing import find_folds, fold_checkpoints

#: Settings of test_cfg that let a network see whole images.
WHOLE = dict(mode='whole')


def open_validation(
    work_dir: str | Path,
    best_checkpoints: bool,
    windows: int | None,
    merge: str,
    device: torch.device,
) -> CrossValidation:
    """Find the checkpoints of a cross-validation, and how else its networks can see images.

    Args:
        work_dir: Work dir of ``handbone train-folds``.
        best_checkpoints: Take the best checkpoint of each fold instead of the last one.
        windows: Side in pixels of the windows that are the other way where whole images are
            predicted; None for no other way there.
        merge: What views average, ``probabilities`` or ``logits``.
        device: Where the networks compute.

    Returns:
        The cross-validation, whose images are not listed yet.

    Raises:
        FileNotFoundError: If a fold has no checkpoint.
        HandboneError: If a fold is missing or not finished.
    """
    folders = find_folds(work_dir)
    checkpoints = fold_checkpoints(Config(), folders, last=not best_checkpoints)
    settings = prediction_settings(trained_config(checkpoints[0]))
    other: dict[str, Any] | None = None
    if settings.get('mode', 'whole') == 'slide':
        other = dict(WHOLE)
    elif windows is not None:
        other = dict(mode='slide', crop_size=[windows, windows])
    hashes = [file_hash(Path(checkpoint)) for checkpoint in checkpoints]
    return CrossValidation(
        str(work_dir), checkpoints, hashes, other_windows=other, merge=merge, device=device
    )


def unused_windows(validations: Sequence[CrossValidation], windows: int) -> list[str]:
    """Say where windows of a side are not tried, because images are seen in windows anyway.

    Args:
        validations: From :func:`open_validation`.
        windows: The side in pixels.

    Returns:
        One line if there is such a cross-validation.

    Raises:
        HandboneError: If all are.
    """
    unused = [each.name for each in validations if each.other_windows == WHOLE]
    if not unused:
        return []
    note = (
        f'windows={windows} has no effect on {listed(unused)}: test_cfg predicts in windows '
        'already, and whole images are what is tried'
    )
    if len(unused) == len(validations):
        raise HandboneError(f'{note}. Leave it out')
    return [note]


def check_same_images(validations: Sequence[CrossValidation]) -> None:
    """List the images of cross-validations, and refuse those with other folds than the first.

    Args:
        validations: From :func:`open_validation`.

    Raises:
        HandboneError: If folds, images or patients differ.
    """
    for each in validations:
        each.list_images()
        first = validations[0]
        if len(each.checkpoints) != len(first.checkpoints):
            raise HandboneError(
                f'{each.name} has {counted(len(each.checkpoints), "fold")} and {first.name} has '
                f'{len(first.checkpoints)}: train all with the same folds'
            )
        if each.images == first.images:
            continue
        folds, others = ({image.path: image.fold for image in own.images} for own in (each, first))
        missing = [path for path in others if path not in folds]
        added = [path for path in folds if path not in others]
        moved = [path for path in folds if path in others and folds[path] != others[path]]
        renamed = [
            own.path
            for own, other in zip(each.images, first.images, strict=False)
            if own.path == other.path and own.patient != other.patient
        ]
        faults = [
            f'{counted(len(paths), "image is", "images are")} {what} ({listed(paths, 1)})'
            for what, paths in (
                ('in other folds', moved),
                ('missing in it', missing),
                ('in it alone', added),
                ('of other patients, by its patient_pattern', renamed),
            )
            if paths
        ]
        raise HandboneError(
            f'{each.name} and {first.name} have different folds: {"; ".join(faults)}. Train all '
            'with the same --fold-file of `handbone folds`'
        )
