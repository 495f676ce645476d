"""Grey values by their rank in the image."""

import math
from typing import Any

import torch
from mmseg.registry import MODELS
from torch import Tensor

from handbone.errors import HandboneError
from handbone.regions import sample_grid

from .progressive import ProgressiveDataPreProcessor

#: Points per side whose grey values are ranked.
SAMPLES = 64
#: Least width of the step between two ranks, as a share of the range of grey values.
LEAST_STEP = 1 / 256


@MODELS.register_module()
class RankDataPreProcessor(ProgressiveDataPreProcessor):
    """mmseg's data preprocessor, which replaces grey values by their ranks in the image.

    Film base, exposure and gamma change the grey values of a radiograph, but hardly their order.
    Here the grey values between two neighbouring quantiles of an image are spread evenly over the
    range between their ranks, which gives each image about the same distribution of mean 0 and
    standard deviation 1. The quantiles are those of an even grid of points, so that an exported
    model does the same.

    Each channel is treated on its own. ``mean`` and ``std`` are not needed, and padding is 0, which
    is the median.

    Args:
        ranks: Number of intervals between quantiles.
        **kwargs: ``stages`` of :class:`ProgressiveDataPreProcessor`, and the arguments of
            ``SegDataPreProcessor`` without ``mean``, ``std`` and ``pad_val``.

    Raises:
        HandboneError: If there are fewer than two ranks, or one of the arguments is given that have
            no effect on ranks.

    Example:
        In a config::

            data_preprocessor = dict(type='RankDataPreProcessor', size_divisor=64, seg_pad_val=0,
                                     test_cfg=dict(size_divisor=64))
    """

    def __init__(self, ranks: int = 32, **kwargs: Any) -> None:
        if not isinstance(ranks, int) or ranks < 2:
            raise HandboneError(f'RankDataPreProcessor: ranks is a number from 2 on, got {ranks}')
        for name in ('mean', 'std', 'pad_val'):
            if kwargs.get(name):
                raise HandboneError(
                    f'RankDataPreProcessor: {name}={kwargs[name]} has no effect on ranks; remove it'
                )
        super().__init__(**kwargs)
        self.ranks = ranks

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Rank and stack a batch.

        Args:
            data: Batch of the data loader, ``inputs`` and ``data_samples``.
            training: Whether the batch is trained on.

        Returns:
            The same with ``inputs`` as one tensor.
        """
        data = self.cast_data(data)
        inputs = data['inputs']
        # before the padding, which has no ranks
        data['inputs'] = [self.normalise(image[None])[0] for image in inputs]
        return super().forward(data, training)

    def normalise(self, images: Tensor, content: Tensor | None = None) -> Tensor:
        """Replace grey values by ranks.

        Args:
            images: ``(N, channels, H, W)``.
            content: ``(2,)``, height and width of the images without their padding, whose values
                do not count.

        Returns:
            ``(N, channels, H, W)`` float32.
        """
        images = images.float()
        if content is None:
            content = torch.tensor(images.shape[2:], device=images.device)
        sampled = sample_grid(images, SAMPLES, content).flatten(2)
        places = [round(rank * (SAMPLES**2 - 1) / self.ranks) for rank in range(self.ranks + 1)]
        knots = sampled.sort(dim=2).values[:, :, places, None, None]
        least = (knots[:, :, -1] - knots[:, :, 0]).clamp_min(1e-3) * LEAST_STEP
        total = torch.zeros_like(images)
        for lower, upper in zip(knots.unbind(2)[:-1], knots.unbind(2)[1:], strict=True):
            total = total + ((images - lower) / (upper - lower).maximum(least)).clamp(0, 1)
        # uniform from 0 to the number of ranks
        return (total / self.ranks - 0.5) * math.sqrt(12)
