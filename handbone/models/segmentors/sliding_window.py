"""Sliding windows whose logits are added up at the head's resolution."""

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from handbone.errors import HandboneError

from .logit_frame import cut_padding

#: From row, column, height and width of a window to its pixels.
ReadWindow = Callable[[int, int, int, int], Tensor]
SETTINGS = ('crop_size', 'stride', 'window_batch', 'window_sigma', 'logit_stride')


class SlidingWindow:
    """Runs a network on overlapping windows and averages their logits with Gaussian weights.

    At the border of a window a network sees only half of the surroundings, so the weights fall off
    from the centre (Isensee et al., nnU-Net, 2021). Only the running sums are kept, one
    map of logits and one of weights, whatever the number of windows.

    Windows begin at multiples of the head's stride, so that their logits lie on one grid; the
    stride between windows is rounded down to that. The last row and column of windows end at the
    border of the image or less than one stride of the head behind it.

    Args:
        crop_size: Height and width of a window, in pixels of the network's input; one number for
            both. A multiple of what the network needs (32 for most). A smaller image is one window.
        stride: Pixels from one window to the next, (vertical, horizontal); half a window if None.
        window_batch: Windows of each image that go through the network at once.
        window_sigma: Standard deviation of the weights, as a share of the window's side.
        logit_stride: Average the logits over blocks, so that one logit stands for this many pixels
            per side; for heads whose logits are as large as their input. Not averaged if None.

    Raises:
        HandboneError: If a setting is out of its range.
    """

    def __init__(
        self,
        crop_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        window_batch: int = 1,
        window_sigma: float = 0.125,
        logit_stride: int | None = None,
    ) -> None:
        self.crop_size = _pair(crop_size)
        self.stride = _pair(stride) if stride else tuple(-(-side // 2) for side in self.crop_size)
        self.window_batch = window_batch
        self.window_sigma = window_sigma
        self.logit_stride = logit_stride
        for step, side in zip(self.stride, self.crop_size, strict=True):
            if not 0 < step <= side:
                raise HandboneError(
                    f'test_cfg.stride {self.stride} is from 1 to the crop_size {self.crop_size}, '
                    'or pixels would be left out'
                )
        if window_batch < 1 or not window_sigma > 0 or (logit_stride or 1) < 1:
            raise HandboneError(
                'test_cfg: window_batch and logit_stride are at least 1 and window_sigma above 0, '
                f'got {window_batch}, {logit_stride} and {window_sigma}'
            )

    @classmethod
    def from_settings(cls, test_cfg: dict[str, Any]) -> 'SlidingWindow':
        """Read the settings of a segmentor.

        Args:
            test_cfg: With ``crop_size`` and any of the other arguments.

        Returns:
            The sliding window.

        Raises:
            HandboneError: If ``crop_size`` is missing or a setting is out of its range.
        """
        if 'crop_size' not in test_cfg:
            raise HandboneError("test_cfg.mode='slide' needs crop_size=(height, width) of a window")
        return cls(**{name: test_cfg[name] for name in SETTINGS if name in test_cfg})

    def logits(self, network: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
        """Compute the logits of whole images.

        Args:
            network: From ``(N, channels, height, width)`` to logits ``(N, C, h, w)``.
            images: ``(N, channels, H, W)``, normalised.

        Returns:
            ``(N, C, h, w)``, covering the images at the head's resolution or at ``logit_stride``.
        """

        def read(row: int, column: int, height: int, width: int) -> Tensor:
            part = images[:, :, row : row + height, column : column + width]
            return F.pad(part, (0, width - part.shape[3], 0, height - part.shape[2]))

        return self.logits_of_windows(network, read, (images.shape[2], images.shape[3]))

    def logits_of_windows(
        self, network: Callable[[Tensor], Tensor], read: ReadWindow, full: tuple[int, int]
    ) -> Tensor:
        """Compute the logits of images that are read window by window.

        Args:
            network: From ``(N, channels, height, width)`` to logits ``(N, C, h, w)``.
            read: From row, column, height and width of a window to its pixels, ``(N, channels,
                height, width)``, normalised. The last windows may reach beyond the images.
            full: Height and width of the images.

        Returns:
            ``(N, C, h, w)``, covering the images at the head's resolution or at ``logit_stride``.
        """
        window = (min(self.crop_size[0], full[0]), min(self.crop_size[1], full[1]))
        first = self._coarsen(network(read(0, 0, *window)), window)
        if window == full:
            return first
        ratios = [Fraction(*sides) for sides in zip(window, first.shape[2:], strict=True)]
        rows, columns = (
            _starts(full[axis], window[axis], self.stride[axis], ratios[axis].numerator)
            for axis in (0, 1)
        )
        reach = rows[-1] + window[0], columns[-1] + window[1]
        size = [int(side / ratio) for side, ratio in zip(reach, ratios, strict=True)]
        total = first.new_zeros((*first.shape[:2], *size), dtype=torch.float32)
        weights = total.new_zeros(size)
        weight = self._weight(first.shape[2:], total)
        corners = [(row, column) for row in rows for column in columns]
        for corner, logits in self._windows(network, read, window, corners, first):
            low = [int(side / ratio) for side, ratio in zip(corner, ratios, strict=True)]
            place = tuple(slice(a, a + b) for a, b in zip(low, weight.shape, strict=True))
            total[..., place[0], place[1]] += logits.float() * weight
            weights[place] += weight
        total /= weights
        shown = (float(full[0] / ratios[0]), float(full[1] / ratios[1]))
        if shown == tuple(size):
            return total
        return torch.stack([cut_padding(image, shown) for image in total])

    def _windows(
        self,
        network: Callable[[Tensor], Tensor],
        read: ReadWindow,
        window: tuple[int, int],
        corners: list[tuple[int, int]],
        first: Tensor,
    ) -> Iterator[tuple[tuple[int, int], Tensor]]:
        """Go through the windows, each with its corner and its logits ``(N, C, h, w)``."""
        yield corners[0], first
        for start in range(1, len(corners), self.window_batch):
            batch = corners[start : start + self.window_batch]
            crops = [read(row, column, *window) for row, column in batch]
            logits = self._coarsen(network(torch.cat(crops)), window)
            yield from zip(batch, logits.split(len(first)), strict=True)

    def _coarsen(self, logits: Tensor, window: tuple[int, int]) -> Tensor:
        if self.logit_stride is None:
            return logits
        factors = [
            Fraction(self.logit_stride * low, side)
            for low, side in zip(logits.shape[2:], window, strict=True)
        ]
        if any(
            factor.denominator != 1 or low % factor
            for factor, low in zip(factors, logits.shape[2:], strict=True)
        ):
            raise HandboneError(
                f'test_cfg.logit_stride={self.logit_stride} does not divide windows of {window} '
                f'pixels with {tuple(logits.shape[2:])} logits into whole blocks'
            )
        return F.avg_pool2d(logits, [int(factor) for factor in factors])

    def _weight(self, size: Sequence[int], like: Tensor) -> Tensor:
        """Weights ``(h, w)`` of the logits of a window, 1 at its centre."""
        down, across = (
            torch.exp(
                -0.5 * ((torch.arange(side) - (side - 1) / 2) / (self.window_sigma * side)) ** 2
            )
            for side in size
        )
        # with a small sigma, the weight in the corners would round to 0 in float32
        return torch.outer(down, across).clamp_min(1e-12).to(like)


def _pair(sides: int | Sequence[int]) -> tuple[int, int]:
    pair = (sides, sides) if isinstance(sides, int) else tuple(sides)
    if len(pair) != 2 or any(not isinstance(side, int) or side < 1 for side in pair):
        raise HandboneError(
            f'test_cfg.crop_size and stride are (height, width) in pixels, got {sides}'
        )
    return pair


def _starts(length: int, window: int, stride: int, unit: int) -> list[int]:
    """Place windows along one axis.

    Args:
        length: Pixels of the image.
        window: Pixels of a window.
        stride: Pixels from one to the next.
        unit: Windows start at multiples of it.

    Returns:
        First pixels, rising; the last window reaches the end.
    """
    last = math.ceil(max(0, length - window) / unit) * unit
    return [*range(0, last, max(unit, stride // unit * unit)), last]
