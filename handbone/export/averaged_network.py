"""Several networks of the same input as one, for a graph that gives their mean."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handbone.models.segmentors.joined_networks import JoinedNetworks
from handbone.models.segmentors.view import View

from .averaging import weighted_mean
from .flipped_views import average_views
from .over_image import OverImage
from .preprocessing import Preprocessing

#: Smallest side of an image, in pixels, on which the resolutions of heads are compared.
LEAST_SIDE = 64


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
    """The weighted mean of several segmentors and views, at the resolution of the finest one.

    Args:
        parts: The segmentors; their heads decide in the same way. Cascades are changed in place:
            they average their views by themselves.
        merge: Mean of ``probabilities`` or of ``logits``.
        preprocessing: What happens to an image before all of them.
    """

    def __init__(
        self, parts: Sequence[AveragedPart], merge: str, preprocessing: Preprocessing
    ) -> None:
        super().__init__()
        self.first: Any = parts[0].segmentor
        self.exclusive: bool = self.first.exclusive
        self.has_background: bool = self.first.has_background
        self.shares = [part.share for part in parts]
        self.merge = merge
        self.test_cfg: dict[str, Any] = dict(threshold=0.5)
        self.views: list[Sequence[View]] = []
        self.segmentors = nn.ModuleList()
        for part in parts:
            segmentor, views = part.segmentor, part.views
            if isinstance(segmentor, JoinedNetworks):
                average_views(segmentor, views, merge)
                segmentor, views = OverImage(segmentor, preprocessing), [View()]
            self.segmentors.append(segmentor)
            self.views.append(tuple(views))
        self.finest = self._finest(preprocessing)

    def _finest(self, preprocessing: Preprocessing) -> int:
        """Find the network with the most logits of an image."""
        side = preprocessing.divisor * math.ceil(LEAST_SIDE / preprocessing.divisor)
        size = side, side
        if any(isinstance(each, OverImage) for each in self.segmentors):
            # the logits of a region are as many whatever the size of the image
            size = preprocessing.with_fixed_size().size or size
        image = torch.zeros(1, len(preprocessing.mean), *size)
        with torch.no_grad():
            sizes = [_logits_of(each, image)[0, 0].numel() for each in self.segmentors]
        return sizes.index(max(sizes))

    def check_exclusive_threshold(self, thresholds: Sequence[float]) -> None:
        """Check thresholds as the segmentors do.

        Args:
            thresholds: Probability above which a class is present, one per class.

        Raises:
            HandboneError: If classes exclude each other and the thresholds differ.
        """
        self.first.check_exclusive_threshold(thresholds)

    def mean(self, logits: Sequence[Sequence[Tensor]]) -> Tensor:
        """Average logits.

        Args:
            logits: ``(N, C, h, w)`` of each view of each segmentor, flipped back.

        Returns:
            ``(N, C, h, w)``, at the resolution of the finest one.
        """
        size = logits[self.finest][0].shape[2:]
        resized: list[Tensor] = []
        shares: list[float] = []
        for of_network, share in zip(logits, self.shares, strict=True):
            for each in of_network:
                same = each.shape[2:] == size
                resized.append(each if same else F.interpolate(each, size, mode='bilinear'))
                shares.append(share / len(of_network))
        return weighted_mean(resized, shares, self.merge, self.has_background)


def _logits_of(segmentor: Any, image: Tensor) -> Tensor:
    """Compute the logits of an image without padding."""
    if isinstance(segmentor, OverImage):
        return segmentor(image, torch.tensor(image.shape[2:]))[0]
    return segmentor.inference(image, [])
