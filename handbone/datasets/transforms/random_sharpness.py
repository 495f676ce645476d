"""Random sharpening and softening."""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .arguments import check_prob, check_range


@TRANSFORMS.register_module()
class RandomSharpness(BaseTransform):
    """Strengthen or weaken edges, as the processing of radiographs does.

    Image: ``v + amount * (v - blurred)``, clipped to 0 to 255, with a Gaussian blur (unsharp
    masking); the dtype stays the same. Labels: untouched.

    Required and modified keys: ``img``, (H, W) or (H, W, 3), uint8 or float32 of 0 to 255.

    Args:
        amount: Range of the strength: -1 is the blurred image, 0 the image itself, above 0 sharper.
        deviation: Range of the standard deviation of the blur in pixels, at most 8.
        prob: Share of images that are changed.

    >>> transform = RandomSharpness(prob=1.0)
    >>> transform(dict(img=np.full((8, 8), 100, np.uint8)))['img'][0, 0]
    np.uint8(100)
    """

    def __init__(
        self,
        amount: tuple[float, float] = (-0.5, 1.0),
        deviation: tuple[float, float] = (0.8, 2.0),
        prob: float = 0.5,
    ) -> None:
        self.amount = check_range('amount', amount, -1)
        self.deviation = check_range('deviation', deviation, 0.3, 8)
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self) -> tuple[float, float]:
        """Draw amount and deviation; an amount of 0 for an image left as it is."""
        chosen = np.random.rand() < self.prob
        amount = np.random.uniform(*self.amount)
        deviation = np.random.uniform(*self.deviation)
        return (amount if chosen else 0.0), deviation

    def transform(self, results: dict) -> dict:
        """Sharpen or soften the image.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        amount, deviation = self._draw()
        if amount == 0.0:
            return results
        image = results['img']
        blurred = cv2.GaussianBlur(image, (0, 0), deviation)
        sharpened = cv2.addWeighted(image, 1 + amount, blurred, -amount, 0)
        if image.dtype != np.uint8:
            sharpened.clip(0, 255, out=sharpened)
        results['img'] = sharpened
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(amount={self.amount}, deviation={self.deviation}, '
            f'prob={self.prob})'
        )
