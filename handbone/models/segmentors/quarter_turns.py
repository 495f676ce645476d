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
    square = images.shape[2] == images.shape[3]
    turned: list[Tensor] = []
    for same_shape in [(0, 2, 1, 3)] if square else [(0, 2), (1, 3)]:
        batch = torch.stack([torch.rot90(images, turns, (2, 3)) for turns in same_shape], dim=1)
        logits = infer(batch.flatten(0, 1)).unflatten(0, (-1, len(same_shape)))
        for index, turns in enumerate(same_shape):
            turned.append(torch.rot90(logits[:, index], -turns, (2, 3)))
    candidates = torch.stack(turned, dim=1)
    best = support(candidates.flatten(0, 1)).unflatten(0, (-1, 4)).argmax(dim=1)
    index = best[:, None, None, None, None].expand(-1, 1, *candidates.shape[2:])
    return candidates.gather(1, index)[:, 0]
