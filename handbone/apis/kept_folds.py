"""The CSV of folds that a cross-validation keeps in its folder."""

from pathlib import Path

from handbone.datasets.fold_file import read_fold_file
from handbone.errors import HandboneError, counted
from handbone.files import write_atomically

#: Its name.
FOLD_FILE = 'folds.csv'


def kept_fold_file(work_dir: str | Path) -> Path | None:
    """Find the CSV of folds that a cross-validation is trained with.

    Args:
        work_dir: Folder of the cross-validation.

    Returns:
        The file; None where the folds are those of the config.
    """
    path = Path(work_dir) / FOLD_FILE
    return path if path.is_file() else None


def keep_fold_file(
    work_dir: str | Path, fold_file: str | Path | None, num_folds: int
) -> Path | None:
    """Copy a CSV of folds into the folder of a cross-validation, so that the folds stay the same.

    Args:
        work_dir: Folder of the cross-validation.
        fold_file: The CSV; None for that which the folder has.
        num_folds: Number of folds.

    Returns:
        The copy; None if there is no CSV.

    Raises:
        HandboneError: If the CSV is not valid, has a different number of folds, or is not the one
            that the folder has.
        OSError: If a file cannot be read or written.
    """
    kept = kept_fold_file(work_dir)
    if fold_file is None and kept is None:
        return None
    folds = read_fold_file(fold_file or kept or '')
    if max(folds.values()) + 1 != num_folds:
        raise HandboneError(
            f'{fold_file or kept} has {counted(max(folds.values()) + 1, "fold")}, not {num_folds}. '
            'Ask for as many, or write a different file with `handbone folds`.'
        )
    if kept is not None and folds != read_fold_file(kept):
        raise HandboneError(
            f'{kept} has other folds than {fold_file}: the folder was trained with those. Choose a '
            'different work dir.'
        )
    if kept is None:
        kept = Path(work_dir) / FOLD_FILE
        write_atomically(kept, Path(fold_file or '').read_bytes())
    return kept


def number_of_folds(work_dir: str | Path, fold_file: str | Path | None, default: int = 5) -> int:
    """Count the folds of a CSV.

    Args:
        work_dir: Folder of the cross-validation, which may have one.
        fold_file: The CSV; None for that of the folder.
        default: The number without any CSV.

    Returns:
        Number of folds.

    Raises:
        HandboneError: If the CSV is not valid.
        OSError: If it cannot be read.
    """
    path = fold_file or kept_fold_file(work_dir)
    return max(read_fold_file(path).values()) + 1 if path else default
