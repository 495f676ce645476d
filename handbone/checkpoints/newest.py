"""Choose a checkpoint in a folder."""

import logging
import zipfile
from pathlib import Path

from mmengine.logging import print_log

from .loading import CheckpointError, load_checkpoint_file, starter_or_file


def is_address(path: str | Path) -> bool:
    """Tell whether a path is an address such as ``https://…`` or ``open-mmlab://…``."""
    return '://' in str(path)


def checkpoint_folder(work_dir: str | Path, out_dir: str | Path | None) -> Path:
    """Find the folder in which a training saves its checkpoints.

    Args:
        work_dir: Its work dir.
        out_dir: The ``out_dir`` of its checkpoint hook, if it has one.

    Returns:
        The work dir, or the folder of the same name in ``out_dir``.
    """
    return Path(work_dir) if out_dir is None else Path(out_dir) / Path(work_dir).name


def find_checkpoint(path: str) -> str:
    """Find the checkpoint that a path stands for.

    Args:
        path: A checkpoint; a work dir, which stands for its best checkpoint by mean Dice, else
            its newest best one by a different score, else its last one; or ``'starter'``, the
            weights that come with the package.

    Returns:
        The checkpoint's path.

    Raises:
        FileNotFoundError: If there is none.
        HandboneError: If the starter weights are missing or damaged.
    """
    if not Path(path).is_dir():
        return starter_or_file(path)
    for pattern in ('best_mDice_*.pth', 'best_*.pth'):
        best = sorted(Path(path).glob(pattern), key=lambda file: file.stat().st_mtime)
        if best:
            return str(best[-1])
    last = newest_checkpoint(path, resumable=False)
    if last is None:
        raise FileNotFoundError(f'there is no checkpoint in {path}')
    return str(last)


def last_checkpoint(folder: str | Path) -> str:
    """Find the last checkpoint of a training.

    Args:
        folder: A work dir.

    Returns:
        The checkpoint's path.

    Raises:
        FileNotFoundError: If there is none.
        CheckpointError: If there are checkpoints but none of them can be read.
    """
    # the best one, which has no optimizer, may be as new as the last one
    found = newest_checkpoint(folder) or newest_checkpoint(folder, resumable=False)
    if found is None:
        raise FileNotFoundError(f'there is no checkpoint in {folder}')
    return str(found)


def newest_checkpoint(folder: str | Path, resumable: bool = True) -> Path | None:
    """Find the newest checkpoint that can be read.

    The age is the time stored in the file, so it survives copying. The checksums of the chosen
    file are verified. Files that cannot be read are skipped with a warning.

    Args:
        folder: A work dir.
        resumable: Skip files from which a training cannot be resumed, such as weights alone or
            those of ``handbone join``.

    Returns:
        The file, or None if the folder has no checkpoint.

    Raises:
        CheckpointError: If there are checkpoints but none of them can be read.
    """
    ages, unreadable = {}, []
    for path in sorted(Path(folder).glob('*.pth')):
        try:
            content = load_checkpoint_file(path, mmap=True)
        except CheckpointError as error:
            unreadable.append(error)
            continue
        meta = content.get('meta') or {}
        trained = 'iter' in meta and ('optimizer' in content or not resumable)
        if trained or ('joined' in meta and not resumable):
            ages[path] = (str(meta.get('time', '')), meta.get('iter', 0))
    chosen = None
    for path in sorted(ages, key=lambda path: ages[path], reverse=True):
        if _checksums_fit(path):
            chosen = path
            break
        unreadable.append(CheckpointError(f'{path} is damaged: its checksums do not fit'))
    for fault in unreadable:
        print_log(f'Skipped: {fault}', logger='current', level=logging.WARNING)
    if chosen is None and unreadable:
        raise CheckpointError(f'{folder} has no checkpoint that can be read: {unreadable[0]}')
    return chosen


def _checksums_fit(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return True  # the format before PyTorch 1.6 has none
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, EOFError, OSError):
        return False
