"""Views of images: what a network sees of a region."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from handbone.masks.axes import along_axes, axis_at

from .block_means import block_means

#: Samples per pixel and side of a view, whose mean is the pixel. A view at a quarter of the image's
#: scale then sees every pixel of it.
OVERSAMPLING = 2


def sample_crops(
    images: Tensor,
    matrices: Tensor,
    size: tuple[int, int],
    content: Tensor,
    oversampling: int = OVERSAMPLING,
) -> Tensor:
    """Sample views of images, one bilinear interpolation each.

    Args:
        images: ``(N, channels, H, W)``, padded at the right and the bottom.
        matrices: ``(N, 2, 3)``, from x, y of the view's pixel centres to those of the image.
        size: Width and height of the views.
        content: ``(2,)``, height and width of the images without their padding. Pixels outside of
            it take the value at its border.
        oversampling: Samples per pixel and side.

    Returns:
        ``(N, channels, height, width)`` float32.
    """
    if _along_axes_suffices(images, matrices):
        return _upright_crops(images, matrices, size, content, oversampling)
    # places have to be exact to a fraction of a pixel, which half precision is not
    with torch.autocast(images.device.type, enabled=False):
        matrices = matrices.float()
        x, y = (
            (torch.arange(side * oversampling, device=images.device) + 0.5) / oversampling - 0.5
            for side in size
        )
        columns = matrices[:, :, 0, None, None] * x
        rows = matrices[:, :, 1, None, None] * y[:, None]
        places = columns + rows + matrices[:, :, 2, None, None]
        return F.avg_pool2d(_sampled(images, places, content), oversampling)


def _along_axes_suffices(images: Tensor, matrices: Tensor) -> bool:
    """Tell whether views can be sampled on the CPU by rows and columns: none is turned."""
    if torch.compiler.is_compiling() or images.device.type != 'cpu':
        return False
    if images.dtype != torch.float32 or images.requires_grad:
        return False
    scales = matrices.diagonal(dim1=1, dim2=2)
    turned = matrices[:, 0, 1].any() or matrices[:, 1, 0].any()
    return not bool(turned) and bool((scales > 0).all())


def _upright_crops(
    images: Tensor, matrices: Tensor, size: tuple[int, int], content: Tensor, oversampling: int
) -> Tensor:
    """Do the same as :func:`sample_crops`, in a fraction of the time, for views not turned."""
    width, height = ((np.arange(side * oversampling) + 0.5) / oversampling - 0.5 for side in size)
    last = content.cpu().numpy() - 1.0
    views = []
    for image, matrix in zip(images.numpy(), matrices.double().numpy(), strict=True):
        down, across = (
            axis_at(
                (matrix[axis, axis] * places + matrix[axis, 2]).clip(0, last[1 - axis]),
                image.shape[2 - axis],
                np.float32,
            )
            for axis, places in ((1, height), (0, width))
        )
        views.append(np.stack([along_axes(channel, down, across) for channel in image]))
    return block_means(torch.from_numpy(np.stack(views)), oversampling)


def sample_grid(images: Tensor, count: int, content: Tensor) -> Tensor:
    """Sample images at the points of an even grid.

    Args:
        images: ``(N, channels, H, W)``, padded at the right and the bottom.
        count: Points per side.
        content: ``(2,)``, height and width of the images without their padding, which may be
            fractions.

    Returns:
        ``(N, channels, count, count)`` float32.
    """
    with torch.autocast(images.device.type, enabled=False):
        shares = (torch.arange(count, device=images.device) + 0.5) / count
        x, y = (shares * content[axis] - 0.5 for axis in (1, 0))
        places = torch.stack([x.expand(count, count), y[:, None].expand(count, count)])
        return _sampled(images, places.expand(images.shape[0], 2, count, count), content)


def inside(images: Tensor, content: Tensor) -> Tensor:
    """Mark the pixels of padded images that are not padding.

    Args:
        images: ``(N, channels, H, W)``.
        content: ``(2,)``, height and width without the padding.

    Returns:
        ``(1, 1, H, W)`` float32, 1 or 0.
    """
    height, width = images.shape[2:]
    rows = torch.arange(height, device=images.device)[:, None] < content[0]
    columns = torch.arange(width, device=images.device)[None] < content[1]
    return (rows & columns).float()[None, None]


def _sampled(images: Tensor, places: Tensor, content: Tensor) -> Tensor:
    """Interpolate images at places ``(N, 2, h, w)``, x and y in pixels."""
    height, width = images.shape[2:]
    x = places[:, 0].clamp_min(0).minimum(content[1] - 1.0)
    y = places[:, 1].clamp_min(0).minimum(content[0] - 1.0)
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    return F.grid_sample(images.float(), grid, padding_mode='border', align_corners=False)
