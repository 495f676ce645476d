"""Hashes of images, and whether a file has changed since it was hashed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pyarrow as pa

from handbone.file_hash import file_hash

#: Files whose size and time are queried in parallel: network disks answer each query slowly.
FILES_ASKED_AT_ONCE = 16


def add_known_hashes(listed: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Look up the hashes of files that have not changed since they were hashed.

    Args:
        listed: ``image`` and ``image_name`` of the images to predict, each image once.
        known: The archive's table of images.

    Returns:
        ``listed`` with ``size``, ``modified`` (-1 where the system does not tell), ``image_hash``,
        which is missing for files that could not be read, and ``hashed``, which is False for files
        that are new or changed.
    """
    with ThreadPoolExecutor(FILES_ASKED_AT_ONCE) as pool:
        states = list(pool.map(_state, listed['image']))
    asked = listed.assign(size=[state[0] for state in states], modified=[s[1] for s in states])
    keys = ['image', 'size', 'modified']
    found = asked.merge(known[[*keys, 'image_hash']], on=keys, how='left', indicator='hashed')
    return found.assign(hashed=found['hashed'] == 'both')


def _state(image: str) -> tuple[int, int]:
    try:
        state = Path(image).stat()
    except OSError:
        return -1, -1
    return state.st_size, state.st_mtime_ns


def hash_images(images: pa.Table, root: str) -> pa.Table:
    """Hash some images, on any machine of the cluster.

    Args:
        images: Column ``image``.
        root: Folder from which relative paths start.

    Returns:
        ``image``, and ``image_hash`` or ``error``, the other one missing.
    """
    hashes: list[str | None] = []
    errors: list[str | None] = []
    for image in images['image'].to_pylist():
        try:
            hashes.append(file_hash(Path(root) / image))
            errors.append(None)
        except OSError as error:
            hashes.append(None)
            errors.append(f'it cannot be read: {error.strerror or error}')
    return pa.table(
        {
            'image': images['image'],
            'image_hash': pa.array(hashes, pa.string()),
            'error': pa.array(errors, pa.string()),
        }
    )
