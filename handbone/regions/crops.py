"""Views of images: what a network sees of a region."""

import torch
import torch.nn.functional as F
from torch import Tensor

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
