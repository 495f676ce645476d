"""Masks fitted to the edges of the image by a fully connected conditional random field."""

from collections.abc import Sequence

import numpy as np
from mmseg.registry import TASK_UTILS

from handbone.errors import HandboneError
from handbone.extras import import_extra

from .step import PostprocessingStep


@TASK_UTILS.register_module()
class DenseCRF(PostprocessingStep):
    """Mean-field inference of a dense CRF (Krähenbühl and Koltun, 2011) on the box of each class.

    The mask is assumed to be correct with a certain probability; pixels that are close to each
    other, and even more so if their grey values are similar, tend to get the same label. Needs the
    extra ``crf``. The grey values are the network's input, resized to the size of the image.

    Args:
        certainty: Probability that a pixel of the mask is correct, above 0.5 and below 1.
        iterations: Iterations of the inference.
        smoothness: Weight of the kernel of position alone, with a standard deviation of 3 pixels.
        appearance: Weight of the kernel of position and grey value.
        reach: Standard deviation of the position in the appearance kernel, in pixels.
        contrast: Standard deviation of the grey value in it, in grey values of 0 to 255.
        margin: Pixels around the mask that may be added to it.
        classes: As in :class:`PostprocessingStep`.

    Raises:
        MissingExtraError: If pydensecrf2 is not installed.
        HandboneError: If the certainty is not between 0.5 and 1.
    """

    needs_image = True

    def __init__(
        self,
        certainty: float = 0.8,
        iterations: int = 5,
        smoothness: float = 3.0,
        appearance: float = 5.0,
        reach: float = 20.0,
        contrast: float = 8.0,
        margin: int = 16,
        classes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(classes)
        if not 0.5 < certainty < 1:
            raise HandboneError(f'DenseCRF: certainty must be between 0.5 and 1, got {certainty}')
        self.certainty = certainty
        self.iterations = iterations
        self.smoothness = smoothness
        self.appearance = appearance
        self.reach = reach
        self.contrast = contrast
        self.margin = margin
        self._package = import_extra('pydensecrf.densecrf', 'crf')

    def process(
        self, mask: np.ndarray, shape: tuple[int, int], image: np.ndarray | None
    ) -> np.ndarray:
        """Fit a mask to the edges of the image; arguments as in the base class.

        Args:
            mask: Bool (h, w).
            shape: Not used.
            image: Grey values, uint8 (h, w).

        Returns:
            Bool (h, w).
        """
        assert image is not None  # needs_image
        height, width = mask.shape
        field = self._package.DenseCRF2D(width, height, 2)
        present = np.where(mask, self.certainty, 1 - self.certainty).ravel()
        unary = -np.log(np.stack([1 - present, present]))
        field.setUnaryEnergy(np.ascontiguousarray(unary, np.float32))
        field.addPairwiseGaussian(sxy=3, compat=self.smoothness)
        field.addPairwiseBilateral(
            sxy=self.reach,
            srgb=self.contrast,
            rgbim=np.ascontiguousarray(np.repeat(image[..., None], 3, axis=2)),
            compat=self.appearance,
        )
        absent, present = np.asarray(field.inference(self.iterations))
        return (present > absent).reshape(height, width)
