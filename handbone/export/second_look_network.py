"""What PyTorch writes of a second look: all its networks, and where their views lie."""

import torch
from torch import Tensor, nn

from handbone.models.segmentors.region_cascade import RegionCascade
from handbone.models.segmentors.region_group import RegionGroup
from handbone.models.segmentors.second_look import SecondLook
from handbone.regions import Masses, sample_crops

from .affine_tensors import composed, inverted, scaling_matrix
from .cascade_network import ExportedCascade
from .preprocessing import Preprocessing
from .sessions import LOGITS, look_name

#: Edge of a class that a view does not decide, or of a region that was not found.
UNDECIDED = -1.0


class ExportedSecondLook(nn.Module):
    """The first stage, and the networks of all regions, found or not.

    How many views a graph makes cannot depend on the image: a region that was not found has the
    view of the whole image, and decides nothing.

    Shape:
        - Images and content: as for :class:`ExportedCascade`.
        - Output: that of the first stage, ``(N, C, h, w)`` logits or all of
          :class:`ExportedCascade`; and for each group of R regions logits ``(N, R, C, h', w')`` of
          the views, ``(N, R, 2, 3)`` from x, y of the pixel centres of the images to those of these
          logits, and ``(N, R, C)``, the width of the soft edge, in logits, where the view decides
          the class, :data:`UNDECIDED` elsewhere.

    Args:
        segmentor: The segmentor.
        preprocessing: Its means give the number of channels.
    """

    def __init__(self, segmentor: SecondLook, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.segmentor = segmentor
        self.channels = len(preprocessing.mean)
        cascaded = isinstance(segmentor.first, RegionCascade)
        self.cascade = ExportedCascade(segmentor.first, preprocessing) if cascaded else None

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs in their order."""
        names = [LOGITS] if self.cascade is None else self.cascade.output_names
        parts = ('logits', 'place', 'edges')
        looks = range(len(self.segmentor.looks))
        return [*names, *(look_name(look, part) for look in looks for part in parts)]

    @property
    def decided(self) -> list[list[tuple[int, ...]]]:
        """The classes that each region of each group decides."""
        return [[region.decides for region in look.regions] for look in self.segmentor.looks]

    def forward(self, images: Tensor, content: Tensor) -> tuple[Tensor, ...]:
        """Compute logits and places."""
        images = images.expand(-1, self.channels, -1, -1)
        if self.cascade is None:
            logits = self.segmentor.first_logits(images, content)
            scales = (logits.shape[axis] / images.shape[axis] for axis in (3, 2))
            place = scaling_matrix(*scales).expand(images.shape[0], 2, 3)
            extent = content * logits.shape[2] / images.shape[2]
            outputs: tuple[Tensor, ...] = (logits,)
        else:
            logits, place, *rest = self.cascade(images, content)
            extent = torch.tensor(logits.shape[2:], dtype=torch.float32)
            outputs = logits, place, *rest
        masses = self.segmentor.masses(logits, extent)
        for look in self.segmentor.looks:
            outputs += self._look(look, logits, masses, extent, images, content, place)
        return outputs

    @staticmethod
    def _look(
        look: RegionGroup,
        first: Tensor,
        masses: Masses,
        extent: Tensor,
        images: Tensor,
        content: Tensor,
        place: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run one network on all regions of its group; arguments as in :class:`RegionGroup`."""
        count, number = images.shape[0], len(look.regions)
        found = [region.locate(masses, extent) for region in look.regions]
        views = torch.stack([each.matrices for each in found], dim=1)
        sampled = composed(inverted(place)[:, None], views)
        batch = images[:, None].expand(-1, number, -1, -1, -1).flatten(0, 1)
        seen = look.inference(sample_crops(batch, sampled.flatten(0, 1), look.size, content))
        seen = seen.unflatten(0, (count, number))
        seen = look.named(look.regions, seen)
        height, width = seen.shape[3:]
        to_logits = scaling_matrix(width / look.size[0], height / look.size[1])
        places = composed(to_logits, composed(inverted(views), place[:, None]))
        edges = torch.full((number, seen.shape[2]), UNDECIDED)
        for row, region in enumerate(look.regions):
            edges[row, list(region.decides)] = look.edge * min(height, width)
        was_found = torch.stack([each.found for each in found], dim=1)
        was_found &= look.agreed(look.regions, first, views, extent, seen)
        return seen, places, torch.where(was_found[:, :, None], edges, UNDECIDED)
