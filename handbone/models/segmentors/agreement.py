"""How far two networks agree on what a view shows."""

from torch import Tensor


def agreement(logits: Tensor, others: Tensor) -> Tensor:
    """Compute the Dice of the masks of two networks, all classes taken together.

    Args:
        logits: ``(N, C, h, w)``; a class is where its logit is above 0.
        others: Those of the other network, of the same shape.

    Returns:
        ``(N,)``, from 0 to 1; 1 where neither has a mask.
    """
    masks, other_masks = ((each > 0).float() for each in (logits, others))
    both = (masks * other_masks).sum(dim=(1, 2, 3))
    sizes = masks.sum(dim=(1, 2, 3)) + other_masks.sum(dim=(1, 2, 3))
    return (2 * both + 1e-4) / (sizes + 1e-4)
