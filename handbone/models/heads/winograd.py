"""3 x 3 convolutions with a quarter of the multiplications, for predictions on CPUs.

Winograd's minimal filtering, F(4 x 4, 3 x 3) in Lavin and Gray, Fast algorithms for convolutional
neural networks, 2016: a tile of 6 x 6 pixels and the kernel are each transformed, multiplied
number by number, and transformed back to 4 x 4 results. In float32 the result differs from that of
the definition by rounding, a few times as much as when the products are added one by one.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Numbers in the transformed tiles that are held at once: they should stay in the cache.
ELEMENTS_PER_STEP = 2**21
#: Side of the results of a tile, and of the tile.
RESULTS, TILE = 4, 6
#: Channels from which the products outweigh the transforms, and pixels that outweigh the kernels'.
LEAST_CHANNELS, LEAST_PIXELS = 128, 64**2
#: G of the paper, which transforms kernels.
KERNEL = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)


def pays(convolution: nn.Conv2d, maps: Tensor) -> bool:
    """Tell whether :func:`convolve` may replace a convolution here, and is faster.

    Args:
        convolution: A convolution.
        maps: What it is applied to, ``(N, C, H, W)``.

    Returns:
        Whether it is an ordinary 3 x 3 convolution of many channels in float32 on a CPU, and
        nothing is trained, exported or compiled.
    """
    return (
        convolution.kernel_size == (3, 3)
        and convolution.stride == convolution.dilation == convolution.padding == (1, 1)
        and convolution.padding_mode == 'zeros'
        and convolution.groups == 1
        and weights_pay(convolution.weight, maps)
    )


def weights_pay(weight: Tensor, maps: Tensor) -> bool:
    """Tell the same of weights, ``(O, C, 3, 3)``, of a convolution that keeps the size.

    Args:
        weight: The weights.
        maps: ``(N, C, H, W)``.

    Returns:
        As :func:`pays`.
    """
    return (
        tuple(weight.shape[2:]) == (3, 3)
        and min(weight.shape[:2]) >= LEAST_CHANNELS
        and maps.shape[2] * maps.shape[3] >= LEAST_PIXELS
        and maps.device.type == 'cpu'
        and maps.dtype == weight.dtype == torch.float32
        and not torch.is_autocast_enabled('cpu')
        and not (torch.is_grad_enabled() and (maps.requires_grad or weight.requires_grad))
        and not torch.onnx.is_in_onnx_export()
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
    )


def convolve(maps: Tensor, weight: Tensor) -> Tensor:
    """Convolve with a 3 x 3 kernel and a padding of 1.

    Args:
        maps: ``(N, C, H, W)`` float32, fastest in channels-last order.
        weight: ``(O, C, 3, 3)`` float32.

    Returns:
        What ``F.conv2d(maps, weight, padding=1)`` gives, in channels-last order.
    """
    count, channels, height, width = maps.shape
    outputs = len(weight)
    kernels = _transformed_kernels(weight)
    rows, columns = -(-height // RESULTS), -(-width // RESULTS)
    # whole tiles with the pixels around them; pixels are rows of their channels
    padding = (0, 0, 1, RESULTS * columns - width + 1, 1, RESULTS * rows - height + 1)
    result = maps.new_empty(count, RESULTS * rows, RESULTS * columns, outputs)
    step = max(1, ELEMENTS_PER_STEP // (TILE**2 * columns * max(channels, outputs)))
    for image, target in zip(maps.permute(0, 2, 3, 1), result, strict=True):
        padded = F.pad(image, padding)
        for first in range(0, rows, step):
            last = min(first + step, rows)
            band = padded[RESULTS * first : RESULTS * last + 2]
            tiles = _transformed_tiles(band, last - first, columns)
            products = torch.bmm(tiles.flatten(1, 2), kernels)
            products = products.view(TILE, TILE, last - first, columns, outputs)
            shape = (last - first, RESULTS, columns, RESULTS, outputs)
            part = target[RESULTS * first : RESULTS * last].view(shape)
            for row, along in enumerate(_results(products)):
                for column, values in enumerate(_results(along)):
                    part[:, row, :, column] = values
    return result[:, :height, :width].permute(0, 3, 1, 2)


def _transformed_kernels(weight: Tensor) -> Tensor:
    """Transform ``(O, C, 3, 3)`` to ``(36, C, O)``."""
    outputs, channels = weight.shape[:2]
    once = weight.new_tensor(KERNEL)
    both = torch.kron(once, once)  # (36, 9)
    kernels = both @ weight.permute(2, 3, 1, 0).reshape(9, -1)
    return kernels.view(TILE**2, channels, outputs)


def _transformed_tiles(band: Tensor, rows: int, columns: int) -> Tensor:
    """Transform the tiles of some rows, ``(4 * rows + 2, width, C)``, to (36, rows, columns, C)."""
    tiles = band.new_empty(TILE, TILE, rows, columns, band.shape[-1])
    below = [band[start : start + RESULTS * (rows - 1) + 1 : RESULTS] for start in range(TILE)]
    for row, along in enumerate(_transformed(below)):
        beside = [
            along[:, start : start + RESULTS * (columns - 1) + 1 : RESULTS] for start in range(TILE)
        ]
        for column, values in enumerate(_transformed(beside)):
            tiles[row, column] = values
    return tiles.flatten(0, 1)


def _transformed(d: Sequence[Tensor]) -> list[Tensor]:
    """Multiply by B of the paper, transposed: the six pixels of a tile along one axis."""
    even, odd = d[4] - 4 * d[2], d[3] - 4 * d[1]
    outer, inner = d[4] - d[2], 2 * (d[3] - d[1])
    return [
        4 * d[0] - 5 * d[2] + d[4],
        even + odd,
        even - odd,
        outer + inner,
        outer - inner,
        4 * d[1] - 5 * d[3] + d[5],
    ]


def _results(m: Sequence[Tensor] | Tensor) -> list[Tensor]:
    """Multiply by A of the paper, transposed: the four results of a tile along one axis."""
    near, near_difference = m[1] + m[2], m[1] - m[2]
    far, far_difference = m[3] + m[4], m[3] - m[4]
    return [
        m[0] + near + far,
        near_difference + 2 * far_difference,
        near + 4 * far,
        near_difference + 8 * far_difference + m[5],
    ]
