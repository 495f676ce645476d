"""Look at a checkpoint before a run that needs it is set up."""

from pathlib import Path

from handbone.checkpoints import is_address, load_checkpoint_file


def check_checkpoint_file(path: str | Path) -> None:
    """Check that a checkpoint is there, whole, and readable without running what it contains.

    Args:
        path: The file; an address, as ``https://…``, is left to the loader.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is cut off or no checkpoint, or needs unpickling and that is not
            allowed.
    """
    if not is_address(path):
        load_checkpoint_file(path, mmap=True)
