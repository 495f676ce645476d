"""A network that sees images in four positions."""

from collections.abc import Callable

import torch
from torch import Tensor


def logits_of_best_turn(
    images: Tensor, infer: Callable[[Tensor], Tensor], support: Callable[[Tensor], Tensor]
) -> Tensor:
    """Turn images by 0, 90, 180 and 270 degrees, and keep what the network says best supported.

    Without a decision in Python, so that an exported graph does the same.

    Args:
        images: ``(N, channels, H, W)``.
        infer: The network, from images to logits of the same position, ``(N, C, h, w)``.
        support: From logits, turned back, to how well they are supported, ``(N,)``.

    Returns:
        ``(N, C, h, w)`` of the best position of each image, turned back.
    """
    turned = [
        torch.rot90(infer(torch.rot90(images, turns, (2, 3))), -turns, (2, 3)) for turns in range(4)
    ]
    best = torch.stack([support(logits) for logits in turned]).argmax(dim=0)
    return torch.take_along_dim(torch.stack(turned), best[None, :, None, None, None], dim=0)[0]
