"""Start a run in one process or several, with or without GPUs."""

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta

import torch
import torch.distributed
from mmengine.config import Config

from handbone.errors import HandboneError

#: By launcher: an environment variable that it sets for its processes, and how to start them.
STARTERS = {
    'pytorch': ('RANK', 'torchrun --nproc-per-node N --no-python'),
    'slurm': ('SLURM_PROCID', 'srun'),
}

#: Environment variables from which the processes of a launcher read their rank.
RANK_VARIABLES = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}


@contextlib.contextmanager
def process_group(launcher: str, timeout: float = 1800.0) -> Iterator[None]:
    """Keep a gloo process group open around a distributed run without GPUs.

    mmengine's launchers select a GPU first of all; without GPUs, the group must exist before the
    runner is built. At the end all processes wait for each other, so that none of them closes the
    store while the others still use it.

    Args:
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        timeout: Seconds to wait for the other processes.

    Yields:
        Nothing.

    Raises:
        HandboneError: If the process was not started by the launcher, or a run without GPUs was
            started by anything but torchrun or Slurm.
    """
    _check_started_by(launcher)
    if launcher == 'none' or torch.cuda.is_available():
        yield
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        return
    if launcher == 'slurm':
        _copy_slurm_variables()
    elif launcher != 'pytorch':
        raise HandboneError(
            f'--launcher {launcher} needs GPUs; on CPUs use --launcher pytorch, started '
            f'with `{STARTERS["pytorch"][1]} handbone train …`'
        )
    torch.distributed.init_process_group('gloo', timeout=timedelta(seconds=timeout))
    try:
        yield
        torch.distributed.barrier()
    finally:
        torch.distributed.destroy_process_group()


def _check_started_by(launcher: str) -> None:
    variable, starter = STARTERS.get(launcher, (None, ''))
    if variable is not None and variable not in os.environ:
        raise HandboneError(
            f'--launcher {launcher} is for processes that {starter.split()[0]} starts, and the '
            f'environment has no {variable}: start them with `{starter} handbone train …`'
        )


def is_first_process(launcher: str) -> bool:
    """Tell whether this is the process that writes, before a process group exists.

    Args:
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Returns:
        Whether its rank is 0.
    """
    variable = RANK_VARIABLES.get(launcher)
    return variable is None or os.environ.get(variable, '0') == '0'


def _copy_slurm_variables() -> None:
    """Translate Slurm's environment variables into those of torch.distributed."""
    for theirs, ours in (
        ('SLURM_PROCID', 'RANK'),
        ('SLURM_NTASKS', 'WORLD_SIZE'),
        ('SLURM_LOCALID', 'LOCAL_RANK'),
    ):
        os.environ.setdefault(ours, os.environ[theirs])
    os.environ.setdefault('MASTER_PORT', '29500')
    if 'MASTER_ADDR' not in os.environ:
        raise HandboneError(
            'set MASTER_ADDR to the first node: export MASTER_ADDR=$(scontrol show hostnames '
            '"$SLURM_JOB_NODELIST" | head -n 1)'
        )


def use_gpu(cfg: Config) -> None:
    """Speed up training on GPUs: pinned memory and TensorFloat-32.

    The data loader puts batches into pinned memory, which is copied to the GPU faster. Products of
    float32 matrices are computed in TensorFloat-32, as PyTorch does for convolutions by default.

    Args:
        cfg: Configuration, changed in place; its own settings take precedence.
    """
    if not torch.cuda.is_available():
        return
    torch.set_float32_matmul_precision('high')
    cfg.train_dataloader.setdefault('pin_memory', True)


def adapt_to_hardware(cfg: Config) -> None:
    """Set what depends on the hardware: BatchNorm across processes and the DDP wrapper.

    With several GPUs, BatchNorm becomes SyncBN. On CPUs or with ``sync_bn=None`` it does not, and
    all processes take the main process's BatchNorm statistics before each validation. Without
    GPUs, DDP is not given a device.

    Args:
        cfg: Configuration, changed in place.
    """
    if cfg.get('launcher', 'none') == 'none':
        return
    if torch.cuda.is_available():
        if cfg.setdefault('sync_bn', 'torch') is not None:
            return
    else:
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), dict(type='BroadcastBuffersHook')]
