"""One view of a batch for test-time augmentation, made and undone on the device."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from handbone.errors import HandboneError

from .logit_frame import FLIPPED_AXES, sample_affine, swap_channels

#: Weight of a pixel that a rotated view does not show: it only counts if no other view shows it.
UNSEEN = 1e-6


@dataclass(frozen=True)
class View:
    """Flips, rotates and scales a batch, in this order, and undoes this in its logits.

    Multiples of 90 degrees and flips move pixels as they are. Other angles interpolate: the image
    once, and the logits once, at their own resolution. Pixels that a rotated view does not show get
    almost no weight in the mean.

    Args:
        flip: ``'horizontal'``, ``'vertical'``, ``'diagonal'`` or None.
        angle: Degrees, counter-clockwise.
        scale: Factor of the side lengths, rounded so that the network takes the size.
        swap_classes: Pairs of class indices that a mirror image (a horizontal or vertical flip)
            exchanges, such as right and left lung.

    Raises:
        HandboneError: If an argument is out of its range.
    """

    flip: str | None = None
    angle: float = 0.0
    scale: float = 1.0
    swap_classes: Sequence[tuple[int, int]] = ()

    def __post_init__(self) -> None:
        if self.flip not in (None, *FLIPPED_AXES):
            raise HandboneError(
                f'flip of a view is one of {", ".join(FLIPPED_AXES)}: {self.flip!r}'
            )
        if not -360 <= self.angle <= 360:
            raise HandboneError(f'angle of a view is in degrees, -360 to 360, got {self.angle}')
        if not 0.1 <= self.scale <= 10:
            raise HandboneError(f'scale of a view is from 0.1 to 10, got {self.scale}')

    @property
    def quarters(self) -> int:
        """Quarter turns, the nearest to the angle."""
        return round(self.angle / 90) % 4

    @property
    def tilt(self) -> float:
        """What is left of the angle after the quarter turns, radians."""
        return math.radians(self.angle - 90 * round(self.angle / 90))

    def show(self, images: Tensor, fill: Tensor | float = 0.0, divisor: int = 32) -> Tensor:
        """Make the view.

        Args:
            images: ``(N, channels, H, W)``, normalised.
            fill: Value of what comes in at the corners of a turned view, one or
                ``(channels, 1, 1)``.
            divisor: The sides of a scaled view are multiples of it, as the network needs it.

        Returns:
            ``(N, channels, H', W')``.
        """
        if self.flip:
            images = images.flip(FLIPPED_AXES[self.flip])
        images = torch.rot90(images, self.quarters, (-2, -1))
        if self.tilt:
            frame = images.shape[2:]
            images = _turn(images - fill, self.tilt, frame, frame, 'zeros')[0] + fill
        if self.scale != 1:
            size = [
                max(1, round(side * self.scale / divisor)) * divisor for side in images.shape[2:]
            ]
            images = F.interpolate(images, size, mode='bilinear', antialias=self.scale < 1)
        return images

    def undo(
        self, logits: Tensor, frame: tuple[int, int], size: tuple[int, int] | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Undo the view in its logits.

        Args:
            logits: ``(N, C, h', w')`` of the view.
            frame: Height and width of the batch that the view was made of.
            size: Height and width to bring the logits to; as many as the view has if None.

        Returns:
            Logits ``(N, C, h, w)``, and the share ``(h, w)`` that each takes in a mean, None where
            the view shows everything.
        """
        odd = self.quarters % 2
        height, width = size[::-1] if odd and size else size or logits.shape[2:]
        size = (height, width)
        frame = frame[::-1] if odd else frame
        seen = None
        if self.tilt:
            logits, grid = _turn(logits, -self.tilt, frame, size, 'border')
            inside = (grid[0].abs() <= 1).all(dim=-1)
            seen = torch.where(inside, 1.0, UNSEEN).rot90(-self.quarters, (0, 1))
        elif tuple(logits.shape[2:]) != size:
            logits = F.interpolate(logits, size, mode='bilinear')
        logits = torch.rot90(logits, -self.quarters, (-2, -1))
        if self.flip:
            logits = logits.flip(FLIPPED_AXES[self.flip])
            seen = None if seen is None else seen.flip(FLIPPED_AXES[self.flip])
        if self.flip in ('horizontal', 'vertical'):
            logits = swap_channels(logits, self.swap_classes)
        return logits, seen


def _turn(
    batch: Tensor, angle: float, frame: Sequence[int], size: Sequence[int], padding: str
) -> tuple[Tensor, Tensor]:
    """Rotate maps about their centre.

    Args:
        batch: ``(N, C, H, W)``.
        angle: Radians, counter-clockwise as seen.
        frame: Height and width of the frame in input pixels, which says how its sides compare.
        size: Height and width of the maps to make.
        padding: How pixels outside of the maps are filled, as for ``F.grid_sample``.

    Returns:
        ``(N, C, h, w)`` and where its pixels come from, ``(N, h, w, 2)`` with x and y from -1 to 1.
    """
    cosine, sine, aspect = math.cos(angle), math.sin(angle), frame[0] / frame[1]
    matrix = [[cosine, -sine * aspect, 0.0], [sine / aspect, cosine, 0.0]]
    return sample_affine(batch, matrix, size, padding)
