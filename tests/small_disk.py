"""A file system of a few kilobytes, for tests of full disks."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path


def fill_disk(folder: Path, room: int) -> Path:
    """Write a file that leaves some bytes of a file system free, a multiple of 4096."""
    filler = folder / 'filler'
    status = os.statvfs(folder)
    filler.write_bytes(bytes(status.f_bavail * status.f_frsize - room))
    return filler


@contextmanager
def mount_small_disk(folder: Path, size: str = '64k'):
    """Mount a file system of 64 kB, or give None where that is not allowed."""
    folder.mkdir()
    mount = shutil.which('mount')
    command = [mount, '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', str(folder)]
    if mount is None or subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(['umount', str(folder)], check=True)
