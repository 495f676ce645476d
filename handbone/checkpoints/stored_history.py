"""mmengine's histories of losses, in a checkpoint."""

import pickle
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

STATISTICS = ('min', 'max', 'current', 'mean')


class StoredHistory:
    """Stands for mmengine's ``HistoryBuffer`` while a checkpoint is read.

    A ``HistoryBuffer`` brings functions along and puts them into its class when it is unpickled;
    this one takes the numbers alone.
    """

    def __setstate__(self, state: dict) -> None:
        self.values = np.asarray(state['_log_history'], float)
        self.counts = np.asarray(state['_count_history'])
        self.max_length = int(state['max_length'])

    def to_buffer(self) -> HistoryBuffer:
        """Make the ``HistoryBuffer`` that was stored."""
        return HistoryBuffer(self.values, self.counts, self.max_length)


def statistic_of_history(owner: Any, name: str) -> None:
    """Answer for ``getattr`` in a checkpoint, which is needed for the statistics of a history.

    Args:
        owner: Must be the class of histories.
        name: 'min', 'max', 'current' or 'mean'.

    Raises:
        pickle.UnpicklingError: If anything else is asked for.
    """
    if owner is not StoredHistory or name not in STATISTICS:
        raise pickle.UnpicklingError(f'Unsupported getattr of {name!r}')


def pack_history(buffer: HistoryBuffer) -> dict:
    """Turn a history into tensors and a number, which any loader of weights reads.

    Args:
        buffer: The history.

    Returns:
        A dict for :func:`unpack_history`.
    """
    values, counts = buffer.data
    return dict(
        values=torch.from_numpy(np.asarray(values, float)),
        counts=torch.from_numpy(np.asarray(counts, float)),
        max_length=buffer.max_length,
    )


def unpack_history(packed: dict) -> HistoryBuffer:
    """Undo :func:`pack_history`."""
    return HistoryBuffer(
        packed['values'].cpu().numpy(), packed['counts'].cpu().numpy(), packed['max_length']
    )
