"""The hash by which a file is known."""

import hashlib
from pathlib import Path


def file_hash(path: Path) -> str:
    """Hash a file.

    Args:
        path: The file.

    Returns:
        SHA-256 of its bytes, in hexadecimal digits.

    Raises:
        OSError: If it cannot be read.
    """
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()
