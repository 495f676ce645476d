"""The one file of a kind in a folder."""

from pathlib import Path

from handbone.errors import listed

from ..errors import DatasetError


def only_file(source: Path, suffix: str) -> Path:
    """Find the file of the labels.

    Args:
        source: The file itself, or a folder with one such file.
        suffix: Its suffix, such as '.json'.

    Returns:
        The file.

    Raises:
        DatasetError: The folder has none or several.
    """
    if not source.is_dir():
        return source
    files = files_directly_in(source, suffix)
    if len(files) != 1:
        kind = suffix.lstrip('.').upper()
        problem = f'there are {len(files)} {kind} files ({listed([path.name for path in files])})'
        remedy = 'Name the file of the labels itself'
        raise DatasetError.at(source, problem if files else f'there is no {kind} file', remedy)
    return files[0]


def files_directly_in(source: Path, suffix: str) -> list[Path]:
    """List the files that could be that of the labels, in the order of their names.

    Args:
        source: The file itself, or a folder.
        suffix: As for :func:`only_file`.

    Returns:
        The files, without hidden ones, such as those that archives of a Mac carry, and folders.
    """
    if not source.is_dir():
        return [source]
    found = (path for path in source.glob(f'*{suffix}') if path.is_file())
    return sorted(path for path in found if not path.name.startswith('.'))
