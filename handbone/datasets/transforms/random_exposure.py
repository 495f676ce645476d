"""Random differences in exposure, processing and dose, as between radiographs."""

import math
from statistics import NormalDist

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .arguments import check_factors, check_prob, check_range

Range = tuple[float, float]

# Standard normal values at the middles of 256 equally likely intervals.
NORMAL_QUANTILES = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])


@TRANSFORMS.register_module()
class RandomExposure(BaseTransform):
    """Vary gamma, contrast, brightness, sharpness and noise of an image.

    Image: ``255 * (contrast * ((v / 255) ** gamma - 0.5) + 0.5 + brightness)``, then a Gaussian
    blur, then Gaussian noise, clipped to 0 to 255; the dtype stays the same. The grey values of
    uint8 images are mapped by one table. Labels: untouched.

    Modified keys: ``img``, (H, W) or (H, W, 3), uint8 or float32 of 0 to 255.

    Args:
        gamma: Range of the exponent, drawn log-uniformly; values below 1 brighten.
        contrast: Range of the factor about mid-grey, drawn log-uniformly.
        brightness: Range of the shift, as a share of the grey range.
        blur: Range of the standard deviation of the blur in pixels; below 0.2 there is no blur.
        noise: Range of the standard deviation of the noise in grey values of 0 to 255.
        prob: Probability of each of the three steps (grey values, blur, noise), independently.

    >>> transform = RandomExposure(prob=1.0)
    >>> transform(dict(img=np.full((8, 8), 100, np.uint8)))['img'].dtype
    dtype('uint8')
    """

    def __init__(
        self,
        gamma: Range = (0.7, 1.4),
        contrast: Range = (0.8, 1.25),
        brightness: Range = (-0.1, 0.1),
        blur: Range = (0.0, 1.0),
        noise: Range = (0.0, 6.0),
        prob: float = 0.5,
    ) -> None:
        self.gamma = check_factors('gamma', gamma)
        self.contrast = check_factors('contrast', contrast)
        self.brightness = check_range('brightness', brightness, -1, 1)
        self.blur = check_range('blur', blur, 0)
        self.noise = check_range('noise', noise, 0)
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self) -> dict[str, float]:
        """Draw all values; a step that is skipped gets its neutral value."""
        graded, blurred, noisy = np.random.rand(3) < self.prob
        values = dict(
            gamma=math.exp(np.random.uniform(*np.log(self.gamma))),
            contrast=math.exp(np.random.uniform(*np.log(self.contrast))),
            brightness=np.random.uniform(self.brightness[0], self.brightness[1]),
            blur=np.random.uniform(self.blur[0], self.blur[1]) * blurred,
            noise=np.random.uniform(self.noise[0], self.noise[1]) * noisy,
        )
        return values if graded else dict(values, gamma=1.0, contrast=1.0, brightness=0.0)

    def transform(self, results: dict) -> dict:
        """Vary the image.

        Args:
            results: The dict of one image.

        Returns:
            The same dict with the varied image.
        """
        values = self._draw()
        image = results['img']
        grades = values['gamma'], values['contrast'], values['brightness']
        if grades != (1.0, 1.0, 0.0):
            image = grade(image, *grades)
        if values['blur'] >= 0.2:
            image = cv2.GaussianBlur(image, (0, 0), values['blur'])
        if values['noise'] > 0:
            image = _add_noise(image, values['noise'])
        results['img'] = image
        return results

    def __repr__(self) -> str:
        name = type(self).__name__
        return (
            f'{name}(gamma={self.gamma}, contrast={self.contrast}, brightness={self.brightness}, '
            f'blur={self.blur}, noise={self.noise}, prob={self.prob})'
        )


def grade(
    image: np.ndarray, gamma: float, contrast: float = 1.0, brightness: float = 0.0
) -> np.ndarray:
    """Map the grey values of an image, as :class:`RandomExposure` says.

    Args:
        image: (H, W) or (H, W, 3), uint8 or float32 of 0 to 255.
        gamma: Exponent, above 0.
        contrast: Factor about mid-grey.
        brightness: Shift, as a share of the grey range.

    Returns:
        The image in the same dtype.
    """
    offset = 255 * (0.5 - 0.5 * contrast + brightness)
    if image.dtype == np.uint8:
        table = 255 * contrast * (np.arange(256) / 255) ** gamma + offset
        return cv2.LUT(image, np.rint(table.clip(0, 255)).astype(np.uint8))
    graded = cv2.pow(image / 255, gamma) * (255 * contrast) + offset
    return graded.clip(0, 255, out=graded)


def _add_noise(image: np.ndarray, deviation: float) -> np.ndarray:
    # A random byte chooses one of 256 equally likely values of the normal distribution, which is
    # several times faster than drawing from it and finer than the grey values.
    chosen = np.frombuffer(np.random.bytes(image.size), np.uint8).reshape(image.shape)
    values = NORMAL_QUANTILES * deviation
    if image.dtype == np.uint8:
        noise = cv2.LUT(chosen, np.rint(values).clip(-128, 127).astype(np.int8))
        return cv2.add(image, noise, dtype=cv2.CV_8U)
    noise = cv2.LUT(chosen, values.astype(np.float32))
    noise += image
    return noise.clip(0, 255, out=noise)
