"""Look at a checkpoint before a run that needs it is set up."""

import zipfile
from pathlib import Path

#: How PyTorch's checkpoints begin: a zip archive, or a bare pickle before PyTorch 1.6.
ZIP, PICKLE = b'PK', b'\x80'


def check_checkpoint_file(path: str | Path) -> None:
    """Check that a checkpoint is there and whole, as far as can be seen without loading it.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is cut off or no checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    with path.open('rb') as file:
        start = file.read(2)
    if start[:1] != PICKLE and not (start == ZIP and zipfile.is_zipfile(path)):
        raise ValueError(
            f'{path} is cut off, damaged or no checkpoint: copy it again, or take an earlier one'
        )
