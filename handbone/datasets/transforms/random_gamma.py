"""Random gamma curves."""

import math

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .arguments import check_prob, check_range
from .random_exposure import grade


@TRANSFORMS.register_module()
class RandomGamma(BaseTransform):
    """Brighten or darken the middle greys, leaving black and white where they are.

    Image: ``255 * (v / 255) ** gamma``; the dtype stays the same. Labels: untouched.
    :class:`RandomExposure` does this among other things; mmseg's AdjustGamma has one fixed gamma.

    Required and modified keys: ``img``, (H, W) or (H, W, 3), uint8 or float32 of 0 to 255.

    Args:
        gamma: Range of the exponent, drawn log-uniformly; values below 1 brighten.
        prob: Share of images that are changed.

    >>> transform = RandomGamma(gamma=(0.5, 0.5), prob=1.0)
    >>> transform(dict(img=np.full((1, 1), 64, np.uint8)))['img'].item()
    128
    """

    def __init__(self, gamma: tuple[float, float] = (0.7, 1.4), prob: float = 0.5) -> None:
        self.gamma = check_range('gamma', gamma, 0.01)
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self) -> float:
        """Draw the exponent, 1 for an image left as it is."""
        chosen = np.random.rand() < self.prob
        gamma = math.exp(np.random.uniform(*np.log(self.gamma)))
        return gamma if chosen else 1.0

    def transform(self, results: dict) -> dict:
        """Change the grey values.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        gamma = self._draw()
        if gamma != 1.0:
            results['img'] = grade(results['img'], gamma)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(gamma={self.gamma}, prob={self.prob})'
