"""Low-resolution logits to a packed label map of full size."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F

from .packed import CLASSES_PER_PLANE, num_planes


def logits_to_packed(
    logits: torch.Tensor,
    size: tuple[int, int],
    thresholds: float | Sequence[float] = 0.5,
    content: tuple[float, float] | None = None,
) -> torch.Tensor:
    """Upsample logits bilinearly, threshold their sigmoid and pack the masks.

    Args:
        logits: (C, h, w).
        size: Height and width of the packed map.
        thresholds: Probability above which a class is present, one for all or one a class.
        content: Height and width of the image inside the logits, in logit pixels.

    Returns:
        Packed int32 tensor (P, H, W).
    """
    num_classes, height, width = logits.shape
    if isinstance(thresholds, (int, float)):
        thresholds = [thresholds] * num_classes
    if content is None:
        content = (height, width)
    logits = logits[:, : math.ceil(content[0]), : math.ceil(content[1])].float()
    packed = logits.new_zeros((num_planes(num_classes), *size), dtype=torch.int32)
    ys = (torch.arange(size[0], device=logits.device) + 0.5) * (content[0] / size[0]) - 0.5
    xs = (torch.arange(size[1], device=logits.device) + 0.5) * (content[1] / size[1]) - 0.5
    y = 2 * (ys + 0.5) / logits.shape[1] - 1
    x = 2 * (xs + 0.5) / logits.shape[2] - 1
    grid = torch.stack(torch.meshgrid(y, x, indexing='ij')[::-1], dim=-1)[None]
    for index, (logit, threshold) in enumerate(zip(logits, thresholds, strict=True)):
        full = F.grid_sample(
            logit[None, None], grid, mode='bilinear', padding_mode='border', align_corners=False
        )
        plane, bit = divmod(index, CLASSES_PER_PLANE)
        above = full[0, 0] > math.log(threshold / (1 - threshold))
        packed[plane] |= above.int() << bit
    return packed
