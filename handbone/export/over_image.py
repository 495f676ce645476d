"""A cascade in a graph of several networks: what it says on one grid over the whole image."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from handbone.models.segmentors.joined_networks import JoinedNetworks
from handbone.models.segmentors.logit_frame import ABSENT
from handbone.models.segmentors.region_cascade import RegionCascade
from handbone.models.segmentors.second_look import ENLARGED, SecondLook, enlarged

from .affine_tensors import composed, inverted, scaling_matrix
from .cascade_network import ExportedCascade
from .preprocessing import Preprocessing
from .second_look_network import ExportedSecondLook
from .sessions import LOGITS, PLACE, look_name


class OverImage(nn.Module):
    """The networks of a cascade, whose logits are put into those of the image, as ensembles do.

    PyTorch chooses the grid for each image. A graph has one: the finest that PyTorch chooses.

    Shape:
        - Images and content: as for :class:`ExportedCascade`.
        - Output: ``(N, C, h, w)`` float32, logits of the padded images; and what
          :attr:`output_names` names after them, as :class:`ExportedSecondLook` describes it.

    Args:
        segmentor: A :class:`RegionCascade` or :class:`SecondLook`.
        preprocessing: Its means give the number of channels.
    """

    def __init__(self, segmentor: JoinedNetworks, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.network: ExportedCascade | ExportedSecondLook
        if isinstance(segmentor, SecondLook):
            self.network = ExportedSecondLook(segmentor, preprocessing)
        else:
            assert isinstance(segmentor, RegionCascade), 'there are two kinds of cascades'
            self.network = ExportedCascade(segmentor, preprocessing)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: the logits, where the regions lie, and what was seen."""
        names = [name for name in self.network.output_names if not name.endswith(LOGITS)]
        return [LOGITS, *names]

    def forward(self, images: Tensor, content: Tensor) -> tuple[Tensor, ...]:
        """Compute the logits of the whole image."""
        given = dict(zip(self.network.output_names, self.network(images, content), strict=True))
        logits, others = given[LOGITS], [given[name] for name in self.output_names[1:]]
        height, width = images.shape[2:]
        place = given.get(PLACE)
        if place is None:
            place = scaling_matrix(logits.shape[3] / width, logits.shape[2] / height)
            place = place.expand(images.shape[0], 2, 3)
        looks = [name for name in given if name.endswith('edges')]
        if looks:
            logits = enlarged(logits)
            place = composed(scaling_matrix(ENLARGED, ENLARGED), place)
        for look in range(len(looks)):
            seen, places, edges = (
                given[look_name(look, part)] for part in ('logits', 'place', 'edges')
            )
            matrices = composed(places, inverted(place)[:, None])
            for region in range(seen.shape[1]):
                view = seen[:, region], matrices[:, region], edges[:, region]
                logits = blended(logits, *view)
        if PLACE in given:
            logits = spread(logits, place, (height, width))
        return logits, *others


def blended(logits: Tensor, seen: Tensor, matrices: Tensor, edges: Tensor) -> Tensor:
    """Blend a closer view into logits, as :func:`handbone.masks.blend_planes` does.

    Args:
        logits: ``(N, C, h, w)``.
        seen: ``(N, C, h', w')``, logits of the view.
        matrices: ``(N, 2, 3)``, from pixel centres of the logits to those of the view.
        edges: ``(N, C)``, width of the soft edge in logits of the view, below 0 where it does not
            decide the class.

    Returns:
        ``(N, C, h, w)``.
    """
    closer, distance = _sampled(seen, matrices, (logits.shape[2], logits.shape[3]))
    widths = edges[:, :, None, None]
    weights = (distance / widths.clamp_min(1e-6)).clamp(0, 1) * (widths >= 0)
    return logits + weights * (closer - logits)


def spread(logits: Tensor, matrices: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate the logits of a part of an image on a grid over all of it.

    As :func:`handbone.models.segmentors.logit_frame.spread_over_image` does at its finest.

    Args:
        logits: ``(N, C, h, w)``.
        matrices: ``(N, 2, 3)``, from pixel centres of the image to those of the logits.
        size: Height and width of the image.

    Returns:
        ``(N, C, h', w')``, four times as many as the logits, but at most one per pixel. Outside of
        the part, no class is present beyond doubt.
    """
    scale = min(1, math.sqrt(4 * logits.shape[2] * logits.shape[3] / (size[0] * size[1])))
    height, width = (math.ceil(side * scale) for side in size)
    on_grid = composed(matrices, scaling_matrix(size[1] / width, size[0] / height))
    placed, distance = _sampled(logits, on_grid, (height, width))
    return torch.where(distance >= 0, placed, ABSENT)


def _sampled(logits: Tensor, matrices: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Sample logits at the pixel centres of another frame.

    Returns:
        ``(N, C, height, width)``, and how far the places are from the border of the logits,
        ``(N, 1, height, width)``, below 0 outside of them.
    """
    columns, rows = torch.arange(size[1]), torch.arange(size[0])[:, None]
    parts, distances = [], []
    for axis, side in enumerate((logits.shape[3], logits.shape[2])):
        x, y, shift = (matrices[:, axis, column, None, None] for column in range(3))
        places = x * columns + y * rows + shift
        parts.append((2 * places + 1) / side - 1)
        distances.append(torch.minimum(places + 0.5, side - 0.5 - places))
    grid = torch.stack(parts, dim=-1)
    sampled = F.grid_sample(logits, grid, padding_mode='border', align_corners=False)
    return sampled, torch.minimum(*distances)[:, None]
