"""Write a checkpoint like those of a training."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .durable_backend import DurableBackend


def write_checkpoint(
    path: str | Path, weights: Mapping[str, Tensor], meta: Mapping[str, Any]
) -> None:
    """Write weights with their classes and config, completely or not at all.

    Args:
        path: The file.
        weights: Tensors by name.
        meta: Meta information as :func:`load_checkpoint_file` returns it, with more or other
            entries; ``config_text`` is stored as trainings store it, as ``cfg``.

    Raises:
        CheckpointWriteError: If it cannot be written.
    """
    stored = dict(meta)
    stored['cfg'] = stored.pop('config_text', '')
    content = io.BytesIO()
    torch.save(dict(meta=stored, state_dict=dict(weights)), content)
    DurableBackend().put(content.getvalue(), path)
