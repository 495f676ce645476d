"""Look at a checkpoint before a run that needs it is set up."""

from pathlib import Path

from handbone.engine.checkpoints import load_checkpoint_file


def check_checkpoint_file(path: str | Path) -> None:
    """Check that a checkpoint is there, whole, and readable without running what it contains.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is cut off or no checkpoint, or needs unpickling and that is not allowed.
    """
    load_checkpoint_file(path, mmap=True)
