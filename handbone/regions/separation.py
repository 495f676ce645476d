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
    present = (logits > 0).cpu().numpy()
    reach = max(1, round(REACH * max(logits.shape[1:])))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    union = (logits > 0).any(dim=0).cpu().numpy().astype(np.uint8)
    count, labels = cv2.connectedComponents(cv2.dilate(union, kernel))
    # number of classes in each part; one pass per class, however many specks there are
    classes = np.zeros(count, int)
    for mask in present:
        classes[np.unique(labels[mask])] += 1
    regions = np.flatnonzero(classes >= LEAST_SHARE * len(present))
    if len(regions) < 2:
        return [logits]
    columns = [np.nonzero(labels == region)[1].mean() for region in regions]
    parts = [torch.from_numpy(labels == regions[index]) for index in np.argsort(columns)]
    nothing = torch.full_like(logits, -20.0)
    return [torch.where(part.to(logits.device), logits, nothing) for part in parts]
