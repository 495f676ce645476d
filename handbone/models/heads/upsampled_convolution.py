"""Convolutions of upsampled, concatenated feature maps, without upsampling or concatenating them.

Heads that fuse a pyramid bring every level to the finest resolution, concatenate the channels and
convolve. But a convolution of a concatenation is a sum of convolutions, and the products of a
coarse map with the weights can be taken before it is upsampled, where there are fewer pixels: each
tap of the kernel becomes a map of its own, and upsampling, shifting and adding the taps is one
small matrix along the rows and one along the columns. The result is the same but for rounding.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmseg.models.utils import resize
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# Numbers in the maps that are held at once, apart from input and output.
ELEMENTS_PER_STEP = {'cpu': 2**23, 'cuda': 2**27}


def fuse_levels(module: ConvModule, maps: Iterable[Tensor], align_corners: bool) -> Tensor:
    """Apply a convolution module to maps that are upsampled to the first one and concatenated.

    Args:
        module: Convolution, normalisation and activation for all channels of ``maps`` together.
        maps: Feature maps, each ``(N, C_i, h_i, w_i)``; the first has the size of the result. A
            generator saves memory in prediction: each map is dropped before the next is made.
        align_corners: Geometry of the bilinear upsampling, as in ``F.interpolate``.

    Returns:
        What ``module(torch.cat([resize(each, maps[0]) for each in maps], 1))`` gives,
        ``(N, C, h_0, w_0)``.
    """
    if not _is_plain(module):
        maps = list(maps)
        size = maps[0].shape[2:]
        resized = [resize(each, size, None, 'bilinear', align_corners) for each in maps]
        return module(torch.cat(resized, dim=1))
    fused = convolve_levels(maps, module.conv.weight, align_corners)
    if module.conv.bias is not None:
        fused = fused + module.conv.bias.to(fused.dtype).reshape(1, -1, 1, 1)
    if module.with_norm:
        fused = module.norm(fused)
    return module.activate(fused) if module.with_activation else fused


def _is_plain(module: ConvModule) -> bool:
    """Whether a module is an ordinary convolution of odd size that keeps the resolution."""
    convolution = module.conv
    # during an export the layers are instances of other classes, with PyTorch's methods
    ordinary = getattr(type(convolution), 'forward', None) is nn.Conv2d.forward
    if not ordinary or module.order != ('conv', 'norm', 'act'):
        return False
    height, width = convolution.kernel_size
    return (
        height == width
        and height % 2 == 1
        and convolution.padding == (height // 2, height // 2)
        and convolution.padding_mode == 'zeros'
        and not module.with_explicit_padding
        and not module.with_spectral_norm
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.groups == 1
    )


def convolve_levels(maps: Iterable[Tensor], weight: Tensor, align_corners: bool) -> Tensor:
    """Convolve maps that are upsampled to the first one and concatenated.

    Args:
        maps: Feature maps, each ``(N, C_i, h_i, w_i)``.
        weight: ``(O, C, k, k)``, k odd, C the sum of all ``C_i``.
        align_corners: Geometry of the bilinear upsampling.

    Returns:
        ``(N, O, h_0, w_0)``.
    """
    device = weight.device.type
    # the meta device, on which operations are counted, knows no autocast
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        weight = weight.to(torch.get_autocast_dtype(device))
    fused: Tensor | None = None
    first = 0
    for each in maps:
        part = weight[:, first : first + each.shape[1]]
        first += each.shape[1]
        if fused is None:
            fused = F.conv2d(each.to(weight.dtype), part, padding=weight.shape[-1] // 2)
        else:
            size = (fused.shape[2], fused.shape[3])
            fused.add_(_convolve_level(each.to(weight.dtype), part, size, align_corners))
        del each
    assert fused is not None  # there is a first map
    return fused


def _convolve_level(
    maps: Tensor, weight: Tensor, size: tuple[int, int], align_corners: bool
) -> Tensor:
    """Convolve one upsampled map, in whichever order is cheaper."""
    kernel = weight.shape[-1]
    if tuple(maps.shape[2:]) == size:
        return F.conv2d(maps, weight, padding=kernel // 2)
    if kernel == 1:
        low = F.conv2d(maps, weight)
        return F.interpolate(low, size, mode='bilinear', align_corners=align_corners)
    if torch.onnx.is_in_onnx_export():
        # the loops over images and channels below would be written down for one batch size
        full = F.interpolate(maps, size, mode='bilinear', align_corners=align_corners)
        return F.conv2d(full, weight, padding=kernel // 2)
    return _UpsampledConvolution.apply(maps, weight, size, align_corners)


class _UpsampledConvolution(torch.autograd.Function):
    """Convolution of one upsampled map; only the map and the weights are kept for backward."""

    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, weight: Tensor, size: tuple[int, int], align_corners: bool
    ) -> Tensor:
        ctx.save_for_backward(maps, weight)
        ctx.size, ctx.align_corners = size, align_corners
        rows, columns = _taps(maps, weight.shape[-1], size, align_corners)
        result = maps.new_empty(len(maps), len(weight), *size)
        for image, part in _steps(maps, weight, size):
            products = _tap_weights(weight[part]) @ maps[image].flatten(1)
            products = products.view(len(columns), -1, maps.shape[-1])
            wide = products[0] @ columns[0].t()
            for tap in range(1, len(columns)):
                wide.addmm_(products[tap], columns[tap].t())
            wide = wide.view(-1, rows.shape[1], size[1])
            torch.bmm(rows.expand(len(wide), -1, -1), wide, out=result[image, part])
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight = ctx.saved_tensors
        rows, columns = _taps(maps, weight.shape[-1], ctx.size, ctx.align_corners)
        grad_maps = torch.zeros_like(maps, memory_format=torch.contiguous_format)
        grad_weight = torch.zeros_like(weight, memory_format=torch.contiguous_format)
        for image, part in _steps(maps, weight, ctx.size):
            wide = rows.t() @ grad[image, part]
            wide = wide.view(-1, ctx.size[1])
            products = torch.stack([wide @ tap for tap in columns])
            products = products.view(-1, maps.shape[-2] * maps.shape[-1])
            taps = _tap_weights(weight[part])
            grad_maps[image].flatten(1).addmm_(taps.t(), products)
            grad_taps = products @ maps[image].flatten(1).t()
            grad_weight[part] += _untap(grad_taps, weight[part].shape)
        return grad_maps, grad_weight, None, None


def _steps(maps: Tensor, weight: Tensor, size: tuple[int, int]) -> list[tuple[int, slice]]:
    """List the images and output channels that are computed together."""
    low = maps.shape[-2] * weight.shape[-1]
    per_channel = low * (maps.shape[-1] * weight.shape[-1] + size[1])
    channels = ELEMENTS_PER_STEP['cpu' if maps.device.type == 'cpu' else 'cuda'] // per_channel
    step = max(1, min(len(weight), channels))
    return [
        (image, slice(first, min(first + step, len(weight))))
        for image in range(len(maps))
        for first in range(0, len(weight), step)
    ]


def _tap_weights(weight: Tensor) -> Tensor:
    """Order weights (O, I, ky, kx) as rows (kx, O, ky) of a matrix over I."""
    return weight.permute(3, 0, 2, 1).reshape(-1, weight.shape[1])


def _untap(taps: Tensor, shape: Sequence[int]) -> Tensor:
    """Undo :func:`_tap_weights`."""
    outputs, inputs, height, width = shape
    return taps.view(width, outputs, height, inputs).permute(1, 3, 2, 0)


def _taps(
    maps: Tensor, kernel: int, size: tuple[int, int], align_corners: bool
) -> tuple[Tensor, list[Tensor]]:
    """Make the matrices that upsample, shift by a tap and add up the taps.

    Returns:
        For the rows ``(H, kernel * h)``, for the columns one ``(W, w)`` a tap.
    """
    height, width = (
        _shifted_interpolation(low, full, kernel, align_corners, maps)
        for low, full in zip(maps.shape[2:], size, strict=True)
    )
    return torch.cat(height, dim=1), width


def _shifted_interpolation(
    low: int, full: int, kernel: int, align_corners: bool, like: Tensor
) -> list[Tensor]:
    """Interpolation matrices (full, low) shifted by each tap, zero where a tap leaves the map."""
    units = torch.eye(low, dtype=torch.float32, device=like.device)[None]
    matrix = F.interpolate(units, full, mode='linear', align_corners=align_corners)[0].t()
    padded = F.pad(matrix, (0, 0, kernel // 2, kernel // 2)).to(like.dtype)
    return [padded[tap : tap + full].contiguous() for tap in range(kernel)]
