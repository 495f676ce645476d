"""Rare and hard images more often."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.logging import MMLogger
from mmseg.registry import DATA_SAMPLERS

from handbone.errors import HandboneError

from .known_labels import present_classes
from .repeat_factors import attribute_factors, class_factors, hard_factors


@DATA_SAMPLERS.register_module()
class RepeatFactorSampler(InfiniteSampler):
    """mmengine's InfiniteSampler that shows some images more often than others.

    Each image has a factor, the largest that applies to it. In a round over the dataset it comes as
    often as the factor says: 2.3 means twice, and in three of ten rounds once more. The order
    depends on the seed alone, so that a resumed run goes on where it was. mmengine's
    ClassBalancedDataset repeats by the frequency of classes only, and rounds factors up.

    Args:
        dataset: The dataset.
        seed: Its seed.
        threshold: Classes that fewer than this share of the images have are rare, and images with
            them come ``sqrt(threshold / share)`` times as often (Gupta et al., LVIS, 2019).
        attributes: Factor by value by attribute: ``dict(bend=dict(bent=3.0), side=dict(L=2.0))``.
        hard: ``dict(table='dice_out_of_fold.csv', share=0.2, factor=2.0)``: the images with the
            lowest Dice by models that have not seen them, from ``handbone test-folds``; at least
            one image.
        most: Largest factor.

    Raises:
        HandboneError: If an argument is not possible, or no image is of a kind that it names.

    Example:
        In a config::

            train_dataloader = dict(sampler=dict(
                _delete_=True, type='RepeatFactorSampler', threshold=0.9,
                attributes=dict(bend=dict(bent=3.0))))
    """

    def __init__(
        self,
        dataset: Any,
        seed: int | None = None,
        threshold: float | None = None,
        attributes: Mapping[str, Mapping[str, float]] | None = None,
        hard: Mapping[str, Any] | None = None,
        most: float = 10.0,
    ) -> None:
        super().__init__(dataset, shuffle=True, seed=seed)
        if threshold is not None and not 0 < threshold <= 1:
            raise HandboneError(
                f'RepeatFactorSampler: threshold must be above 0 and at most 1, got {threshold}'
            )
        if threshold is None and not attributes and not hard:
            raise HandboneError(
                'RepeatFactorSampler: say which images come more often, with threshold, attributes '
                'or hard; to show all equally often, take InfiniteSampler'
            )
        infos = [dataset.get_data_info(index) for index in range(len(dataset))]
        factors = np.ones(len(infos))
        if threshold is not None:
            present = [present_classes(info) for info in infos]
            factors = np.maximum(factors, class_factors(present, threshold))
        if attributes:
            classes = dataset.metainfo['classes']
            factors = np.maximum(factors, attribute_factors(infos, classes, attributes))
        if hard:
            factors = np.maximum(factors, _of_hard([info['img_path'] for info in infos], **hard))
        if not most >= 1:
            raise HandboneError(f'RepeatFactorSampler: most is at least 1, got {most}')
        self.factors = np.minimum(factors, most)
        MMLogger.get_current_instance().info(
            f'Repeat factors: {int((self.factors > 1).sum())} of {len(infos)} images come more '
            f'often, up to {self.factors.max():.2f} times; a round has {self.factors.sum():.0f} '
            'images on average'
        )

    def _infinite_indices(self) -> Iterator[int]:
        """Yield the images of one round after the other, each in an order of its own."""
        generator = torch.Generator()
        generator.manual_seed(self.seed)
        factors = torch.from_numpy(self.factors)
        while True:
            extra = torch.rand(len(factors), generator=generator, dtype=torch.float64)
            counts = factors.floor() + (extra < factors - factors.floor())
            round_of = torch.arange(len(factors)).repeat_interleave(counts.long())
            order = torch.randperm(len(round_of), generator=generator)
            yield from round_of[order].tolist()


def _of_hard(images: list[str], table: str, share: float = 0.2, factor: float = 2.0) -> np.ndarray:
    if not 0 < share <= 1 or not (factor >= 1 and math.isfinite(factor)):
        raise HandboneError(
            f'RepeatFactorSampler: hard.share must be above 0 and at most 1 and hard.factor at '
            f'least 1, got {share} and {factor}'
        )
    return hard_factors(images, Path(table), share, factor)
