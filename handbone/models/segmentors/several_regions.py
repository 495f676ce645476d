"""Prediction of images that may show the region of a cascade more than once."""

from typing import Any

import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.regions import separate_regions

from .joined_networks import JoinedNetworks, content_of
from .viewing import Shown


class SeveralRegions(JoinedNetworks):
    """Labels each region of an image on its own and puts the labels together.

    The masks of the first network tell how many there are: those of both hands on one film do not
    touch. Exported graphs label one region per image, and tell where the masks of the first network
    are, so that whoever runs them can show them one region after the other.

    Its heirs have ``coarse_logits`` and ``view_of``, as :class:`RegionCascade` describes them.
    """

    coarse_logits: Any
    view_of: Any

    def views(self, inputs: Tensor, data_samples: list[SegDataSample]) -> Shown:
        """Show every region of each image; see :meth:`Viewing.views`.

        Args:
            inputs: ``(N, channels, H, W)`` grey values, padded.
            data_samples: Samples with meta information. They get ``region_matrix`` and
                ``region_found``, those of the first region.

        Returns:
            The views, normalised.
        """
        content = content_of(data_samples, inputs)
        parts = [separate_regions(each) for each in self.coarse_logits(inputs, content)]
        owners = [index for index, regions in enumerate(parts) for _ in regions]
        samples = [
            data_samples[index] if number == 0 else data_samples[index].clone()
            for index, regions in enumerate(parts)
            for number in range(len(regions))
        ]
        logits, territories = zip(*(each for regions in parts for each in regions), strict=True)
        images = inputs[owners] if len(owners) > len(inputs) else inputs
        views = self.view_of(torch.stack(logits), images, samples, content, territories)
        return Shown(views, samples, owners)
