"""The full-size pixels of a few classes, as the losses see them."""

from dataclasses import dataclass

from torch import Tensor

#: Stands for minus infinity in the logits of ignored pixels: probability and all terms vanish.
ABSENT = -1e4


@dataclass(frozen=True)
class ClassPixels:
    """Prediction and reference of K classes; ignored pixels are absent in both.

    Attributes:
        logits: ``(N, K, H, W)`` floating point.
        probability: ``(N, K, H, W)``, the sigmoid of ``logits``.
        target: ``(N, K, H, W)``, 1 where the class is present, 0 elsewhere, same dtype.
        num_valid: Number of pixels of the batch that are not ignored, the mean of all processes, at
            least 1.
    """

    logits: Tensor
    probability: Tensor
    target: Tensor
    num_valid: float | Tensor

    @classmethod
    def of(
        cls, logits: Tensor, bits: Tensor, ignored: Tensor | None, num_valid: float | Tensor
    ) -> 'ClassPixels':
        """Prepare the pixels of some classes.

        Args:
            logits: ``(N, K, H, W)`` floating point.
            bits: ``(N, K, H, W)`` bool.
            ignored: ``(N, H, W)`` bool, or ``None`` if no pixel is ignored.
            num_valid: Number of pixels of the batch that are not ignored, the mean of all
                processes, at least 1.

        Returns:
            The pixels.
        """
        if ignored is not None:
            ignored = ignored.unsqueeze(1)
            logits = logits.masked_fill(ignored, ABSENT)
            bits = bits & ~ignored
        return cls(logits, logits.sigmoid(), bits.to(logits.dtype), num_valid)
