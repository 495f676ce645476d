"""What the first network of a cascade does: it says where the region lies."""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from handbone.regions import Found, Masses, masses_of_logits

from .network_views import divisor_of, shrunken
from .quarter_turns import logits_of_best_turn

#: Windows per side in a closer look. Each covers half of the longer side, so neighbours overlap.
WINDOWS = 3
#: Windows that the first network sees in four positions: those in which most classes agree as the
#: image lies. Places are compared in any position, so that turned hands agree in part as well.
TURNED_WINDOWS = 2
#: Windows that it sees as they are at once, or one in four positions: the logits of more would not
#: stay in the processor's cache.
AT_ONCE = 4
#: Times ``look_closer_below`` classes have to agree at a closer look, as more windows have more
#: chances to look like the region where there is none.
PROOF = 1.5


class RegionFinding:
    """Finds the region in whole images and, where that says little, in windows of them.

    Its heirs have a ``locator``, a ``region``, ``shrink``, ``quarter_turns`` and
    ``look_closer_below``, as :class:`RegionCascade` describes them.
    """

    locator: Any
    region: Any
    shrink: int
    quarter_turns: bool
    look_closer_below: float

    def coarse_logits(
        self,
        images: Tensor,
        content: Tensor,
        shrink: int | None = None,
        quarter_turns: bool | None = None,
    ) -> Tensor:
        """Run the first network.

        Args:
            images: ``(N, channels, H, W)`` grey values, padded.
            content: ``(2,)``, height and width of the images without their padding.
            shrink: Side of the blocks of pixels that the network sees as one; by default that of
                the cascade.
            quarter_turns: Whether it sees them in four positions; by default as the cascade says.

        Returns:
            ``(N, C, h, w)`` over the padded images.
        """
        shrink = shrink or self.shrink
        coarse = shrunken(self.locator, images, content, shrink)
        if not (self.quarter_turns if quarter_turns is None else quarter_turns):
            return self.locator.inference(coarse, [])
        frame = images.shape[2], images.shape[3]
        return logits_of_best_turn(
            coarse,
            lambda turned: self.locator.inference(turned, []),
            lambda logits: self.locate(logits, frame, content).support,
        )

    def locate(self, logits: Tensor, frame: tuple[int, int], content: Tensor) -> Found:
        """Find the region by the masks of the first network.

        Args:
            logits: ``(N, C, h, w)`` of :meth:`coarse_logits`.
            frame: Height and width of the padded images.
            content: ``(2,)``, height and width of the images without their padding.

        Returns:
            Where the region lies in the images.
        """
        with torch.autocast(logits.device.type, enabled=False):
            return self.region.locate(masses_of_logits(logits, frame, content), content)

    def find(
        self,
        logits: Tensor,
        images: Tensor,
        content: Tensor,
        territories: Sequence[Tensor | None],
    ) -> Found:
        """Find the region, with a closer look where few classes agree on it.

        Args:
            logits: ``(N, C, h, w)`` of :meth:`coarse_logits`.
            images: ``(N, channels, H, W)`` grey values, padded.
            content: ``(2,)``, height and width of the images without their padding.
            territories: For each image, the part of it in which a closer look has to find the
                middle of the region, ``(h, w)`` bool; None where that may lie anywhere.

        Returns:
            Where the region lies in the images.
        """
        found = self.locate(logits, (images.shape[2], images.shape[3]), content)
        weak = (found.support < self.look_closer_below).nonzero().flatten().tolist()
        for index in weak:
            closer = self.look_closer(images[index : index + 1], content, territories[index])
            if closer.found[0] and closer.support[0] >= PROOF * self.look_closer_below:
                for values, better in zip(found, closer, strict=True):
                    values[index] = better[0]
        return found

    def look_closer(self, image: Tensor, content: Tensor, territory: Tensor | None = None) -> Found:
        """Find the region in one of several windows, which the first network sees enlarged.

        Args:
            image: ``(1, channels, H, W)`` grey values, padded.
            content: ``(2,)``, height and width of the image without its padding.
            territory: The part of the padded image in which the middle of the region has to lie,
                ``(h, w)`` bool; anywhere by default.

        Returns:
            Where the region lies in the image, by the window in which most classes agree of those
            in which it is found.
        """
        frame = image.shape[2], image.shape[3]
        sides = [int(side) for side in content]
        step = self.shrink // 2 * divisor_of(self.locator)
        window = math.ceil(max(sides) / 2 / step) * step
        tops, lefts = (
            sorted(
                {
                    (side - window) * k // (WINDOWS - 1) if side > window else 0
                    for k in range(WINDOWS)
                }
            )
            for side in sides
        )
        starts = [(top, left) for top in tops for left in lefts]
        padded = F.pad(image, (0, window, 0, window))
        if self.quarter_turns:
            found = self._in_windows(padded, starts, window, content, quarter_turns=False)
            elsewhere = found.found & ~self._middle_in(territory, found.matrices, frame)
            support = found.support.masked_fill(elsewhere, -1)
            best = support.argsort(descending=True, stable=True)[:TURNED_WINDOWS]
            starts = [starts[index] for index in sorted(best.tolist())]
        found = self._in_windows(padded, starts, window, content, self.quarter_turns)
        here = found.found & self._middle_in(territory, found.matrices, frame)
        index = int(found.support.masked_fill(~here, -1).argmax())
        found = found._replace(found=here)
        return Found(*(each[index : index + 1] for each in found))

    def _in_windows(
        self,
        padded: Tensor,
        starts: Sequence[tuple[int, int]],
        window: int,
        content: Tensor,
        quarter_turns: bool,
    ) -> Found:
        """Find the region in the image by what the first network sees in each of its windows."""
        part, masses_of = content.clamp_max(window), []
        windows = [padded[..., top : top + window, left : left + window] for top, left in starts]
        number = 1 if quarter_turns else AT_ONCE
        for first in range(0, len(windows), number):
            images = torch.cat(windows[first : first + number])
            logits = self.coarse_logits(images, part, self.shrink // 2, quarter_turns)
            with torch.autocast(padded.device.type, enabled=False):
                masses_of.append(masses_of_logits(logits, (window, window), part))
        with torch.autocast(padded.device.type, enabled=False):
            masses = Masses(*(torch.cat(each) for each in zip(*masses_of, strict=True)))
            shifts = masses.centroids.new_tensor(starts).flip(1)[:, None]
            masses = masses._replace(
                centroids=masses.centroids + shifts, boxes=masses.boxes + shifts.repeat(1, 1, 2)
            )
            return self.region.locate(masses, content)

    def _middle_in(
        self, territory: Tensor | None, matrices: Tensor, frame: tuple[int, int]
    ) -> Tensor:
        """Tell which views have their middle in a part of the image, ``(N,)`` bool."""
        if territory is None:
            return torch.ones(len(matrices), dtype=torch.bool, device=matrices.device)
        width, height = self.region.size
        middle = matrices.new_tensor([(width - 1) / 2, (height - 1) / 2, 1])
        cells = [
            ((place + 0.5) * (length / side)).long().clamp(0, length - 1)
            for place, length, side in zip(
                (matrices @ middle).flip(1).T, territory.shape, frame, strict=True
            )
        ]
        return territory[cells[0], cells[1]]
