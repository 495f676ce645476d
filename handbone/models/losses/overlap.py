"""The three sums that overlap losses are made of."""

from torch import Tensor

from .base import masked_sum


def soft_overlap(
    logits: Tensor, bits: Tensor, valid: Tensor | None, per_image: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum probabilities over the pixels of a class, over all pixels, and count the class's pixels.

    Args:
        logits: ``(N, K, H, W)`` floating point.
        bits: ``(N, K, H, W)`` bool.
        valid: ``(N, H, W)`` bool or ``None``; other pixels are left out of all three.
        per_image: Keep the image axis.

    Returns:
        ``sum(p * t)``, ``sum(p)`` and ``sum(t)``, each ``(K,)`` or, with ``per_image``, ``(N, K)``.
    """
    probability = logits.sigmoid()
    return (
        masked_sum(probability * bits, valid, per_image),
        masked_sum(probability, valid, per_image),
        masked_sum(bits.to(logits.dtype), valid, per_image),
    )
