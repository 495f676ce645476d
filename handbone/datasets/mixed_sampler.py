"""Several sets at stated rates."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.logging import MMLogger
from mmseg.registry import DATA_SAMPLERS

from handbone.errors import HandboneError, counted

#: Images within which the order of the sets is mixed.
BLOCK = 100


@DATA_SAMPLERS.register_module()
class MixedSampler(InfiniteSampler):
    """mmengine's InfiniteSampler that mixes the sets of a ConcatDataset at stated rates.

    However many images each set has, of every hundred that are shown the stated shares come from
    each, in a mixed order; within a set every image comes once before one comes again. The order
    depends on the seed alone, so that a resumed run goes on where it was.

    Args:
        dataset: A ``ConcatDataset``.
        shares: Share of each of its sets, in their order; they are divided by their sum.
        seed: Seed of the order.

    Raises:
        HandboneError: If the dataset does not join sets, or the shares do not fit them.

    Example:
        In a config, three real images for each one with pseudo-labels::

            train_dataloader = dict(
                sampler=dict(_delete_=True, type='MixedSampler', shares=(3, 1)),
                dataset=dict(_delete_=True, type='ConcatDataset', datasets=[real, pseudo]))
    """

    def __init__(self, dataset: Any, shares: Sequence[float], seed: int | None = None) -> None:
        super().__init__(dataset, shuffle=True, seed=seed)
        ends = getattr(dataset, 'cumulative_sizes', None)
        if ends is None:
            raise HandboneError(
                'MixedSampler: the dataset does not join sets; write '
                "dict(type='ConcatDataset', datasets=[…])"
            )
        if len(shares) != len(ends):
            raise HandboneError(
                f'MixedSampler: shares has {counted(len(shares), "number")} for {len(ends)} sets; '
                'give one for each'
            )
        if not all(0 < share < math.inf for share in shares):
            raise HandboneError(f'MixedSampler: shares are above 0, got {tuple(shares)}')
        self.shares = np.array(shares, np.float64) / sum(shares)
        self.first = [0, *ends[:-1]]
        self.sizes = np.diff([0, *ends]).tolist()
        rates = ', '.join(
            f'{share:.1%} from a set of {size}'
            for share, size in zip(self.shares, self.sizes, strict=True)
        )
        MMLogger.get_current_instance().info(f'Images are mixed: {rates}')

    def _infinite_indices(self) -> Iterator[int]:
        """Yield block after block; the set that is furthest behind its share has the next image."""
        generator = torch.Generator()
        generator.manual_seed(self.seed)
        sets = [
            _endless(first, size, generator)
            for first, size in zip(self.first, self.sizes, strict=True)
        ]
        behind = np.zeros(len(sets))
        while True:
            block = []
            for _ in range(BLOCK):
                behind += self.shares
                block.append(int(behind.argmax()))
                behind[block[-1]] -= 1
            for place in torch.randperm(BLOCK, generator=generator).tolist():
                yield next(sets[block[place]])


def _endless(first: int, size: int, generator: torch.Generator) -> Iterator[int]:
    """Yield the images of one set, each round in an order of its own."""
    while True:
        yield from (torch.randperm(size, generator=generator) + first).tolist()
