"""The full-size pixels of a few classes, as the losses see them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from handbone.masks import class_bits, ignore_bits

from .class_sums import mean_of_processes

#: Stands for minus infinity in the logits of ignored pixels: probability and all terms vanish.
ABSENT = -1e4


@dataclass(frozen=True)
class ClassPixels:
    """Prediction and reference of K classes; ignored and unknown pixels are absent in both.

    Attributes:
        logits: ``(N, K, H, W)`` floating point.
        probability: ``(N, K, H, W)``, the sigmoid of ``logits``.
        target: ``(N, K, H, W)``, 1 where the class is present, 0 elsewhere, same dtype.
        num_valid: Number of pixels of the batch that count, the mean of all processes, at least 1;
            one number, or ``(K, 1, 1)`` where the classes differ because some are unknown.
        num_images: Number of images with a pixel that counts, likewise.
    """

    logits: Tensor
    probability: Tensor
    target: Tensor
    num_valid: float | Tensor
    num_images: float | Tensor

    @classmethod
    def of(
        cls,
        logits: Tensor,
        target: Tensor,
        hidden: Tensor | None,
        num_valid: float | Tensor,
        num_images: float | Tensor,
    ) -> 'ClassPixels':
        """Prepare the pixels of some classes.

        Args:
            logits: ``(N, K, H, W)`` floating point.
            target: ``(N, K, H, W)``, 0 or 1, same dtype.
            hidden: ``(N, K or 1, H, W)`` bool, pixels that do not count, or ``None``.
            num_valid: Number of pixels that count, as in the class.
            num_images: Number of images that count, as in the class.

        Returns:
            The pixels.
        """
        if hidden is not None:
            logits = logits.masked_fill(hidden, ABSENT)
            target = target.masked_fill(hidden, 0)
        return cls(logits, logits.sigmoid(), target, num_valid, num_images)

    def mean(self, values: Tensor) -> Tensor:
        """Average values over the pixels that count.

        Args:
            values: ``(N, K, H, W)``, 0 at the others.

        Returns:
            ``(K,)``.
        """
        return (values.sum(dim=(0, 2, 3), keepdim=True) / self.num_valid).flatten()


class CountedPixels:
    """Which pixels of a batch count, for each class, and how many.

    Args:
        labels: ``(N, P, H, W)`` int32 packed labels.
        unknown: Unknown bits of the same shape; ``None`` if nothing is unknown.
        num_classes: Number of classes C.
    """

    def __init__(self, labels: Tensor, unknown: Tensor | None, num_classes: int) -> None:
        self._ignored = ignore_bits(labels)
        self._unknown = unknown
        hidden = (
            [self._ignored]
            if unknown is None
            else (self._hidden_of_class(index) for index in range(num_classes))
        )
        pixels = torch.stack([each.logical_not().flatten(1).sum(1) for each in hidden]).cpu()
        self._all_count = unknown is None and bool((pixels == self._ignored[0].numel()).all())
        # a column for each class even if they are alike: another process may know less
        counts = torch.stack([pixels.sum(1), (pixels > 0).sum(1)]).double()
        counts = mean_of_processes(counts.repeat(1, num_classes // len(pixels))).clamp_(min=1)
        self._counts = counts
        self._alike = bool((counts == counts[:, :1]).all())

    def hidden(self, classes: range) -> Tensor | None:
        """Find the pixels that do not count.

        Args:
            classes: Class indices.

        Returns:
            ``(N, K or 1, H, W)`` bool, or ``None`` if all count.
        """
        if self._unknown is not None:
            return torch.stack([self._hidden_of_class(index) for index in classes], dim=1)
        return None if self._all_count else self._ignored[:, None]

    def numbers(
        self, classes: range, like: Tensor, as_tensors: bool
    ) -> tuple[float | Tensor, float | Tensor]:
        """Count pixels and images, as :class:`ClassPixels` takes them.

        Args:
            classes: Class indices.
            like: A tensor of the dtype and on the device of the result.
            as_tensors: Whether one number for all classes comes as a tensor too.

        Returns:
            ``num_valid`` and ``num_images``.
        """
        if self._alike and not as_tensors:
            return self._counts[0, 0].item(), self._counts[1, 0].item()
        counts = self._counts.to(like)
        if self._alike:
            return counts[0, 0], counts[1, 0]
        pixels, images = counts[:, classes.start : classes.stop, None, None]
        return pixels, images

    def _hidden_of_class(self, index: int) -> Tensor:
        assert self._unknown is not None
        return self._ignored | class_bits(self._unknown, index)
