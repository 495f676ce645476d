"""Several networks of the same input as one, for a graph that gives their mean."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handbone.models.segmentors.running_mean import logits_of, probabilities_of
from handbone.models.segmentors.view import View

#: Logit of the largest mean probability, as :func:`logits_of` limits it.
LARGEST = math.log((1 - 1e-6) / 1e-6)


class AveragedPart(NamedTuple):
    """A network of the mean.

    Attributes:
        name: What messages call it.
        segmentor: A multilabel segmentor.
        share: Its weight; those of all networks add up to 1.
        views: Flips of the image that are averaged.
    """

    name: str
    segmentor: Any
    share: float
    views: Sequence[View]


class AveragedNetwork(nn.Module):
    """The weighted mean of several segmentors and views, at the resolution of the finest head.

    Args:
        parts: The segmentors; their heads decide in the same way.
        merge: Mean of ``probabilities`` or of ``logits``.
        side: Sides of an image, in pixels, that every segmentor takes.
        channels: Channels of it.
    """

    def __init__(
        self, parts: Sequence[AveragedPart], merge: str, side: int, channels: int = 3
    ) -> None:
        super().__init__()
        self.segmentors = nn.ModuleList(part.segmentor for part in parts)
        self.shares = [part.share for part in parts]
        self.views = [tuple(part.views) for part in parts]
        self.merge = merge
        self.test_cfg: dict[str, Any] = dict(threshold=0.5)
        first = parts[0].segmentor
        self.exclusive: bool = first.exclusive
        self.has_background: bool = first.has_background
        image = torch.zeros(1, channels, side, side)
        with torch.no_grad():
            sizes = [part.segmentor.inference(image, [])[0, 0].numel() for part in parts]
        self.finest = sizes.index(max(sizes))

    def check_exclusive_threshold(self, thresholds: Sequence[float]) -> None:
        """Check thresholds as the segmentors do.

        Args:
            thresholds: Probability above which a class is present, one per class.

        Raises:
            HandboneError: If classes exclude each other and the thresholds differ.
        """
        self.segmentors[0].check_exclusive_threshold(thresholds)  # type: ignore[operator]

    def mean(self, logits: Sequence[Sequence[Tensor]]) -> Tensor:
        """Average logits.

        Args:
            logits: ``(N, C, h, w)`` of each view of each segmentor, flipped back.

        Returns:
            ``(N, C, h, w)``, at the resolution of the finest head.
        """
        size = logits[self.finest][0].shape[2:]
        total: Tensor | None = None
        for of_network, share in zip(logits, self.shares, strict=True):
            for each in of_network:
                if each.shape[2:] != size:
                    each = F.interpolate(each, size, mode='bilinear')
                part = self._values(each) * (share / len(of_network))
                total = part if total is None else total + part
        assert total is not None, 'there are networks'
        if self.merge != 'probabilities':
            return total
        if self.has_background:
            return logits_of(total, has_background=True)
        present, absent = total.chunk(2, dim=1)
        return (present.log() - absent.log()).clamp(-LARGEST, LARGEST)

    def _values(self, logits: Tensor) -> Tensor:
        """Compute what is averaged.

        Beside the probability of a class stands that of its absence: next to 1, a probability is
        too coarse to be made a logit again, and runtimes round it differently.
        """
        if self.merge != 'probabilities':
            return logits
        if self.has_background:
            return probabilities_of(logits, has_background=True)
        held = logits.clamp(-LARGEST - 1, LARGEST + 1)  # no sum is 0
        # not sigmoid, which ONNX Runtime computes to 1e-7 absolutely: too coarse for the logarithm
        return torch.cat([1 / (1 + torch.exp(-held)), 1 / (1 + torch.exp(held))], dim=1)
