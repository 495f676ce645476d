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

from . import winograd

# Numbers in the maps that are held at once, apart from input and output.
ELEMENTS_PER_STEP = {'cpu': 2**23, 'cuda': 2**27}
# Pixels along an axis that are interpolated together: fewer skip more zeros, more multiply faster.
PIXELS_PER_BAND = 96


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
    if not is_plain(module):
        maps = list(maps)
        size = maps[0].shape[2:]
        resized = [resize(each, size, None, 'bilinear', align_corners) for each in maps]
        return module(torch.cat(resized, dim=1))
    return finish(module, convolve_levels(maps, module.conv.weight, align_corners))


def finish(module: ConvModule, convolved: Tensor) -> Tensor:
    """Apply what follows the convolution in a module: bias, normalisation, activation.

    Args:
        module: The module.
        convolved: What its convolution gives without bias, ``(N, C, H, W)``.

    Returns:
        Same shape.
    """
    if module.conv.bias is not None:
        convolved = convolved + module.conv.bias.to(convolved.dtype).reshape(1, -1, 1, 1)
    if module.with_norm:
        convolved = module.norm(convolved)
    return module.activate(convolved) if module.with_activation else convolved


def is_plain(module: ConvModule) -> bool:
    """Tell whether a module is an ordinary convolution of odd size that keeps the resolution.

    Args:
        module: The module.

    Returns:
        Whether it is, and is followed by normalisation and activation, if any, in this order.
    """
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
            fused = _convolve(each.to(weight.dtype), part)
        else:
            size = (fused.shape[2], fused.shape[3])
            fused.add_(_convolve_level(each.to(weight.dtype), part, size, align_corners))
        del each
    assert fused is not None  # there is a first map
    return fused


def _convolve(maps: Tensor, weight: Tensor) -> Tensor:
    """Convolve one map at its own size."""
    if winograd.weights_pay(weight, maps):
        return winograd.convolve(maps, weight)
    return F.conv2d(maps, weight, padding=weight.shape[-1] // 2)


def _convolve_level(
    maps: Tensor, weight: Tensor, size: tuple[int, int], align_corners: bool
) -> Tensor:
    """Convolve one upsampled map, in whichever order is cheaper."""
    kernel = weight.shape[-1]
    if tuple(maps.shape[2:]) == size:
        return _convolve(maps, weight)
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
        height, columns = _taps(maps, weight.shape[-1], size, align_corners)
        result = maps.new_empty(len(maps), len(weight), *size)
        for image, part in _steps(maps, weight, size):
            products = _tap_weights(weight[part]) @ maps[image].flatten(1)
            products = products.view(len(columns), -1, maps.shape[-1])
            wide = products.new_empty(products.shape[1], size[1])
            for pixels, sources in _bands(maps.shape[-1], size[1], len(columns), align_corners):
                here = products[0][:, sources] @ columns[0][pixels, sources].t()
                for tap in range(1, len(columns)):
                    here.addmm_(products[tap][:, sources], columns[tap][pixels, sources].t())
                wide[:, pixels] = here
            wide = wide.view(-1, len(columns), maps.shape[-2], size[1])
            for pixels, sources in _bands(maps.shape[-2], size[0], len(height), align_corners):
                taps = torch.cat([tap[pixels, sources] for tap in height], dim=1)
                low = wide[:, :, sources].flatten(1, 2)
                result[image, part, pixels] = torch.bmm(taps.expand(len(low), -1, -1), low)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight = ctx.saved_tensors
        height, columns = _taps(maps, weight.shape[-1], ctx.size, ctx.align_corners)
        rows = torch.cat(height, dim=1)
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
) -> tuple[list[Tensor], list[Tensor]]:
    """Make the matrices that upsample and shift by a tap.

    Returns:
        For the rows one ``(H, h)`` a tap, for the columns one ``(W, w)`` a tap.
    """
    height, width = (
        _shifted_interpolation(low, full, kernel, align_corners, maps)
        for low, full in zip(maps.shape[2:], size, strict=True)
    )
    return height, width


def _bands(low: int, full: int, kernel: int, align_corners: bool) -> list[tuple[slice, slice]]:
    """Divide the pixels of an axis, and tell which low pixels each part is made of.

    Args:
        low: Number of low pixels.
        full: Number of pixels.
        kernel: Number of taps.
        align_corners: Geometry of the interpolation.

    Returns:
        Pairs of a range of pixels and a range of low pixels, outside of which the matrices of
        :func:`_taps` are 0 in these rows.
    """

    def below(pixel: int) -> int:
        """The low pixel before the place of a pixel; integers, so that nothing is rounded."""
        if align_corners:
            return pixel * (low - 1) // max(1, full - 1)
        return ((2 * pixel + 1) * low - full) // (2 * full)

    bands = []
    for first in range(0, full, PIXELS_PER_BAND):
        last = min(first + PIXELS_PER_BAND, full)
        # one more on both sides, for what float32 makes of places on a low pixel
        start = max(0, below(max(0, first - kernel // 2)) - 1)
        stop = min(low, below(min(full - 1, last - 1 + kernel // 2)) + 3)
        bands.append((slice(first, last), slice(start, stop)))
    return bands


def _shifted_interpolation(
    low: int, full: int, kernel: int, align_corners: bool, like: Tensor
) -> list[Tensor]:
    """Interpolation matrices (full, low) shifted by each tap, zero where a tap leaves the map."""
    units = torch.eye(low, dtype=torch.float32, device=like.device)[None]
    matrix = F.interpolate(units, full, mode='linear', align_corners=align_corners)[0].t()
    padded = F.pad(matrix, (0, 0, kernel // 2, kernel // 2)).to(like.dtype)
    return [padded[tap : tap + full].contiguous() for tap in range(kernel)]
