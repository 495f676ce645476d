"""Where in low-resolution logits each class is above its limit."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Extent(NamedTuple):
    """Rows and columns of the logits in which a class is above its limit.

    Attributes:
        class_index: The class.
        rows: Rising.
        columns: Rising.
    """

    class_index: int
    rows: np.ndarray
    columns: np.ndarray


def extents(logits: Tensor, limits: Sequence[float], classes: Sequence[int]) -> Iterator[Extent]:
    """Find where classes are above their limits, with one transfer from the device.

    Args:
        logits: (C, h, w).
        limits: The logit that a class has to exceed, one per class.
        classes: The classes to look for.

    Yields:
        The extent of each of them that is above its limit anywhere, in their order.
    """
    if logits.device.type == 'cpu':  # NumPy takes a fraction of the time, class by class the least
        values = logits.numpy()
        for index in classes:
            present: np.ndarray = values[index] > values.dtype.type(limits[index])
            rows = np.flatnonzero(present.any(axis=1))
            if len(rows):
                yield Extent(index, rows, np.flatnonzero(present.any(axis=0)))
        return
    bounds = torch.tensor(limits, dtype=logits.dtype, device=logits.device)
    above = logits > bounds[:, None, None]
    both = torch.cat([above.any(dim=2), above.any(dim=1)], dim=1).cpu().numpy()
    for index in classes:
        in_row, in_column = np.split(both[index], [logits.shape[1]])
        if in_row.any():
            yield Extent(index, np.flatnonzero(in_row), np.flatnonzero(in_column))
