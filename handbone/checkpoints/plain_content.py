"""What a checkpoint holds beside weights, as tensors, numbers and texts."""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log

from .stored_history import pack_history, unpack_history

#: Parts that PyTorch itself made of tensors.
WEIGHTS = ('state_dict', 'ema_state_dict')


def pack_content(checkpoint: dict) -> None:
    """Replace NumPy's numbers, paths, config dicts and histories by plain values.

    Args:
        checkpoint: Content of a checkpoint, changed in place.
    """
    for key, value in checkpoint.items():
        if key not in WEIGHTS:
            checkpoint[key] = _plain(value, key)


def unpack_content(checkpoint: dict) -> None:
    """Make histories of what :func:`pack_content` made of them.

    Args:
        checkpoint: Content of a checkpoint, changed in place.
    """
    scalars = checkpoint.get('message_hub', {}).get('log_scalars', {})
    for name, value in scalars.items():
        if isinstance(value, dict) and 'values' in value:
            scalars[name] = unpack_history(value)


def _plain(value: Any, place: str) -> Any:
    if isinstance(value, HistoryBuffer):
        return pack_history(value)
    if isinstance(value, Mapping):
        return {
            _plain(key, place): _plain(each, f'{place}.{key}')
            for key, each in value.items()
            # OneCycleLR's state names a function of its own, which it has again when it is built
            if not isinstance(each, (FunctionType, MethodType))
        }
    if isinstance(value, (list, tuple)):
        elements = [_plain(each, place) for each in value]
        return elements if isinstance(value, list) else tuple(elements)
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
        return torch.from_numpy(value.copy())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if value is not None and type(value) not in (bool, int, float, str, set, bytes):
        _warn_of(value, place)
    return value


def _warn_of(value: Any, place: str) -> None:
    if not isinstance(value, (torch.Tensor, torch.Size, torch.dtype, torch.device)):
        print_log(
            f'The checkpoint holds a {type(value).__name__} at {place}: reading it will need '
            '--allow-pickle.',
            logger='current',
            level=logging.WARNING,
        )
