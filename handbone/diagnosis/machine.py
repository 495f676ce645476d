"""Checks of the machine: shared memory, open files, a GPU that torch does not use."""

import os
import shutil
from pathlib import Path

from .distributions import CUDA_LOCK, install_all
from .finding import Finding

GIB = 2**30
#: Four loader workers, each with two prefetched batches of eight 1536 x 1536 samples: an image of
#: three bytes and a packed label of four bytes per pixel.
WORKER_MEMORY = 4 * 2 * 8 * 1536 * 1536 * 7
#: The usual limit on Linux; every tensor on its way from a loader worker holds a descriptor.
OPEN_FILES = 1024


def check_shared_memory(
    folder: Path = Path('/dev/shm'), needed: int = WORKER_MEMORY
) -> list[Finding]:
    """Compare the shared memory with what loader workers pass their batches through.

    Args:
        folder: where shared memory is mounted; a system without it is not checked.
        needed: bytes.

    Returns:
        A finding if the mount is smaller, as in a container started without ``--shm-size``.
    """
    if not folder.is_dir():
        return []
    size = shutil.disk_usage(folder).total
    if size >= needed:
        return []
    return [
        Finding(
            f'{folder} holds {size / GIB:.2f} GiB; loader workers may need {needed / GIB:.2f} GiB '
            f'and then die with "Bus error"',
            'docker run --shm-size=8g …\n'
            f'or, on the machine itself: mount -o remount,size=8G {folder}\n'
            'or, without either: --cfg-options train_dataloader.num_workers=0 '
            'train_dataloader.persistent_workers=False',
        )
    ]


def check_open_files(needed: int = OPEN_FILES) -> list[Finding]:
    """Compare the limit of open files with what loader workers hold.

    Args:
        needed: number of files.

    Returns:
        A finding if the soft limit of this process is lower.
    """
    try:
        import resource
    except ModuleNotFoundError:  # not a Unix system
        return []
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return []
    what = f'only {soft} files may be open at once: loader workers fail with "Too many open files"'
    return [Finding(what, 'ulimit -n 4096')]


def check_gpu_in_use() -> list[Finding]:
    """Find an NVIDIA GPU that the installed torch cannot use."""
    driver = Path('/proc/driver/nvidia/version').exists() or shutil.which('nvidia-smi')
    if not driver or os.environ.get('CUDA_VISIBLE_DEVICES') in {'', '-1'}:
        return []
    try:
        import torch
    except Exception:  # which the table of versions reports
        return []
    if torch.cuda.is_available():
        return []
    if torch.version.cuda is None:
        what = f'this machine has an NVIDIA driver, but torch {torch.__version__} is a CPU build'
        fix = install_all(CUDA_LOCK)
    else:
        what = (
            f'torch {torch.__version__} is built for CUDA {torch.version.cuda} and finds no GPU: '
            f'the driver is too old, or the container was started without its GPUs'
        )
        fix = (
            'nvidia-smi  (shows the CUDA version that the driver supports)\ndocker run --gpus all …'
        )
    return [Finding(what, fix, fault=False)]
