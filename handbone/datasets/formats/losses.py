"""What a conversion cannot carry from one format to another."""

from collections import Counter

import numpy as np

from handbone.masks import ignore_mask


class Losses:
    """Counts what is lost, by kind.

    >>> losses = Losses()
    >>> losses.add('attributes of annotations', 2)
    >>> losses.add('attributes of annotations')
    >>> losses.lines()
    ['attributes of annotations: 3']
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, count: int = 1) -> None:
        """Count a loss.

        Args:
            kind: What is lost, in the plural.
            count: How many of them; 0 adds nothing.
        """
        if count:
            self.counts[kind] += int(count)

    def lines(self) -> list[str]:
        """List the losses, one line per kind in the order in which they came up."""
        return [f'{kind}: {count}' for kind, count in self.counts.items()]


def drop_ignored(packed: np.ndarray, losses: Losses) -> None:
    """Make the pixels to ignore background, for formats that have no place for them.

    Args:
        packed: Packed map, (H, W) or (H, W, P), changed in place.
        losses: Counts the pixels.
    """
    ignored = ignore_mask(packed)
    losses.add('ignored pixels', int(ignored.sum()))
    packed[ignored] = 0
