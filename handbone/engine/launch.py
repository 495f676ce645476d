"""Start a run on one process or many, on GPUs or without."""

import contextlib
import os
from collections.abc import Iterator
from datetime import timedelta

import torch
import torch.distributed
from mmengine.config import Config

from handbone.errors import HandboneError

#: By launcher: a variable that its processes find in the environment, and how they are started.
STARTERS = {
    'pytorch': ('RANK', 'torchrun --nproc-per-node N --no-python'),
    'slurm': ('SLURM_PROCID', 'srun'),
}

#: Where the processes of a launcher find their rank.
RANK_VARIABLES = {'pytorch': 'RANK', 'slurm': 'SLURM_PROCID', 'mpi': 'OMPI_COMM_WORLD_RANK'}


@contextlib.contextmanager
def process_group(launcher: str, timeout: float = 1800.0) -> Iterator[None]:
    """Keep a gloo process group open around a distributed run without GPUs.

    mmengine's launchers select a GPU before anything else; where there is none, the group must
    stand before the runner is built. At the end all processes wait for each other, so that none of
    them tears down the store which the others still use.

    Args:
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        timeout: Seconds to wait for the other processes.

    Yields:
        Nothing.

    Raises:
        HandboneError: If the process was not started by the launcher, or a run without GPUs is
            launched by other means than torchrun or Slurm.
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
    """Tell whether this is the process that writes, before a process group stands.

    Args:
        launcher: ``none``, ``pytorch``, ``slurm`` or ``mpi``.

    Returns:
        Whether its rank is 0.
    """
    variable = RANK_VARIABLES.get(launcher)
    return variable is None or os.environ.get(variable, '0') == '0'


def _copy_slurm_variables() -> None:
    """Translate what Slurm says of a task into what torch.distributed reads."""
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
    """Set what a training on GPUs gains from: fast copies and fast products.

    The data loader puts batches into pinned memory, which is copied faster. Products of float32
    matrices are computed in TensorFloat-32, as PyTorch does for convolutions anyway.

    Args:
        cfg: Configuration, changed in place; what it sets itself stays.
    """
    if not torch.cuda.is_available():
        return
    torch.set_float32_matmul_precision('high')
    cfg.train_dataloader.setdefault('pin_memory', True)


def adapt_to_hardware(cfg: Config) -> None:
    """Choose what depends on the hardware: BatchNorm across processes and how DDP is wrapped.

    With several GPUs BatchNorm becomes SyncBN. Where it does not, on CPUs or with ``sync_bn=None``,
    the processes share the main process's BatchNorm statistics before each validation. Without
    GPUs DDP gets no device.

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
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(type='BroadcastBuffersHook')]
