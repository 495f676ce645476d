"""Chooses the implementation that computes the losses on packed labels."""

import os
import shutil
import sysconfig
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from handbone.errors import HandboneError

if TYPE_CHECKING:
    from .base import PackedLoss

#: Environment variable that names the implementation where the caller does not.
VARIABLE = 'HANDBONE_LOSS_BACKEND'
BACKENDS = ('auto', 'triton', 'compile', 'eager')
#: What the kernels are made for on GPUs; float64 is for checks by the interpreter.
KERNEL_DTYPES = (torch.float16, torch.bfloat16, torch.float32)
#: Compute capability that Triton needs.
CAPABILITY = (7, 5)


def choose_backend(
    wanted: str,
    logits: Tensor,
    target: Tensor,
    losses: Sequence['PackedLoss'],
    align_corners: bool,
) -> str:
    """Choose the implementation of the losses.

    ``auto`` takes the Triton kernels on a GPU. Where they do not apply (``align_corners``, float64,
    losses that are not made of sums), it takes the PyTorch operations through ``torch.compile``. On
    CPUs, and on GPUs without Triton, which ``torch.compile`` needs there as well, it takes the
    plain PyTorch operations.

    Args:
        wanted: ``auto``, ``triton``, ``compile`` or ``eager``; with ``auto`` the environment
            variable ``HANDBONE_LOSS_BACKEND`` is read first.
        logits: ``(N, C, h, w)``.
        target: ``(N, P, H, W)``.
        losses: The losses.
        align_corners: Geometry of the upsampling.

    Returns:
        ``triton``, ``compile`` or ``eager``.

    Raises:
        HandboneError: If there is no such implementation, or ``triton`` is wanted and cannot
            be used.
    """
    source = 'backend'
    if wanted == 'auto':
        source, wanted = VARIABLE, os.environ.get(VARIABLE, 'auto')
    if wanted not in BACKENDS:
        raise HandboneError(f'{source}={wanted!r}: choose one of {", ".join(BACKENDS)}')
    if wanted == 'triton':
        reason = _why_no_kernels(logits, target, losses, align_corners) or _why_no_triton(logits)
        if reason:
            raise HandboneError(f"{source}='triton': {reason}; 'auto' falls back to PyTorch")
        return wanted
    if wanted != 'auto':
        return wanted
    if logits.device.type != 'cuda' or not triton_runs(logits.device):
        return 'eager'
    if logits.dtype not in KERNEL_DTYPES:
        return 'compile'
    return 'compile' if _why_no_kernels(logits, target, losses, align_corners) else 'triton'


def _why_no_kernels(
    logits: Tensor, target: Tensor, losses: Sequence['PackedLoss'], align_corners: bool
) -> str | None:
    """Say why the kernels cannot compute these losses; ``None`` if they can."""
    if align_corners and logits.shape[2:] != target.shape[2:]:
        return 'the kernels upsample with align_corners=False only'
    for loss in losses:
        if not loss.reads_sums():
            return f'{type(loss).__name__} does not define losses_of_sums for its class_losses'
    return None


def _why_no_triton(logits: Tensor) -> str | None:
    """Say why Triton cannot run here; ``None`` if it can."""
    if find_spec('triton') is None:
        return 'Triton is not installed'
    if logits.device.type == 'cuda':
        if triton_runs(logits.device):
            return None
        return 'Triton needs a newer GPU, or a C compiler and the headers of Python'
    if logits.device.type == 'cpu' and os.environ.get('TRITON_INTERPRET') == '1':
        return None
    return f'Triton needs a GPU, or TRITON_INTERPRET=1 on CPUs, got a tensor on {logits.device}'


@cache
def triton_runs(device: torch.device) -> bool:
    """Tell whether Triton can compile for a GPU.

    Args:
        device: Device of type ``cuda``.

    Returns:
        Whether Triton is installed, knows the GPU and finds what it compiles its launchers with: a
        C compiler and the headers of Python.
    """
    if find_spec('triton') is None:
        return False
    compilers = [os.environ['CC']] if 'CC' in os.environ else ['gcc', 'clang']
    if not any(map(shutil.which, compilers)):
        return False
    if not Path(sysconfig.get_path('include'), 'Python.h').is_file():  # python3-dev of Debian
        return False
    return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= CAPABILITY
