"""Check a checkpoint before the run that needs it is set up."""

from pathlib import Path

from handbone.checkpoints import is_address, load_checkpoint_file


def check_checkpoint_file(path: str | Path) -> None:
    """Check that a checkpoint exists, is complete and can be read without running code.

    Args:
        path: The file; an address such as ``https://…`` is left to the loader.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If it is damaged or not a checkpoint, or needs unpickling, which is not
            allowed.
    """
    if not is_address(path):
        load_checkpoint_file(path, mmap=True)
