"""Several regions of one kind in an image, such as both hands on one film."""

import cv2
import numpy as np
import torch
from torch import Tensor

#: Share of the longer side by which masks are widened, so that the bones of a hand touch.
REACH = 1 / 64
#: Share of the classes that a part of the image has to show to be a region of its own.
LEAST_SHARE = 1 / 3


def separate_regions(logits: Tensor) -> list[Tensor]:
    """Split the masks of an image that shows several regions into those of each.

    Masks that touch, once they are a little wider, belong to the same region. A region shows at
    least a third of the classes.

    Args:
        logits: ``(C, h, w)`` of a network that sees the whole image.

    Returns:
        Logits of the same shape, one per region, from the left to the right; all of ``logits`` if
        there are not at least two regions.
    """
    present = (logits > 0).cpu()
    reach = max(1, round(REACH * max(logits.shape[1:])))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    union = cv2.dilate(present.any(dim=0).numpy().astype(np.uint8), kernel)
    count, labels = cv2.connectedComponents(union)
    parts = [torch.from_numpy(labels == label) for label in range(1, count)]
    least = LEAST_SHARE * len(logits)
    regions = [part for part in parts if int((present & part).any(dim=(1, 2)).sum()) >= least]
    if len(regions) < 2:
        return [logits]
    regions.sort(key=lambda part: float(part.nonzero()[:, 1].float().mean()))
    nothing = torch.full_like(logits, -20.0)
    return [torch.where(part.to(logits.device), logits, nothing) for part in regions]
