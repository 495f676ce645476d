"""Regions of one kind that one network sees closely."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from mmseg.registry import MODELS, TASK_UTILS
from torch import Tensor, nn

from handbone.errors import HandboneError
from handbone.masks import Patch, compose, inverse, scaling
from handbone.regions import Masses, sample_crops

from .agreement import agreement
from .logit_frame import swap_channels
from .network_views import divisor_of, normalised


class Closer(NamedTuple):
    """A region of an image that a network has seen.

    Attributes:
        name: The region's name.
        patch: Its logits, and their place in the original image.
    """

    name: str
    patch: Patch


class RegionGroup(nn.Module):
    """A network and the regions that it sees, all in views of one size.

    Args:
        network: Config of the segmentor, with a data preprocessor.
        regions: Configs of the regions, such as :class:`handbone.regions.ClassRegion`.
        edge: Width of the soft edge as a share of the shorter side of the view, 0 to 0.5.
        least_agreement: Least Dice, 0 to 1, of what the network and the first stage say of the
            classes that a region decides, all taken together. Where they agree less, the first
            stage decides: a view may show what the network has not learnt, or another finger.

    Attributes:
        size: Width and height of the views.

    Raises:
        HandboneError: If there is no region, they have different sizes, or a setting is out of its
            range.
    """

    def __init__(
        self,
        network: Mapping[str, Any],
        regions: Sequence[Mapping[str, Any]],
        edge: float = 0.08,
        least_agreement: float = 0.0,
    ) -> None:
        super().__init__()
        self.network: Any = MODELS.build(network)
        self.regions: list[Any] = [TASK_UTILS.build(region) for region in regions]
        sizes = {region.size for region in self.regions}
        names = [region.name for region in self.regions]
        if len(sizes) != 1 or len(set(names)) < len(names):
            found = ', '.join(f'{region.name}: {region.size}' for region in self.regions)
            raise HandboneError(
                'SecondLook: a network sees regions of one size, each with a name of its own, got '
                f'{found or "none"}'
            )
        self.size: tuple[int, int] = sizes.pop()
        divisor = divisor_of(self.network)
        if self.size[0] % divisor or self.size[1] % divisor:
            raise HandboneError(
                f'SecondLook: size={self.size} of region {names[0]!r} has to be a multiple of the '
                f'size_divisor of its network, {divisor}'
            )
        if not 0 <= edge <= 0.5:
            raise HandboneError(
                f'SecondLook: edge is a share of the shorter side of the view, 0 to 0.5, got {edge}'
            )
        self.edge = float(edge)
        if not 0 <= least_agreement <= 1:
            raise HandboneError(
                f'SecondLook: least_agreement is a Dice, 0 to 1, got {least_agreement}'
            )
        self.least_agreement = float(least_agreement)

    def check_first(self, first: Any) -> None:
        """Check that network and regions have the classes of the first stage.

        Args:
            first: The first stage.

        Raises:
            HandboneError: If they do not, or only one of the networks has a channel for the
                background, so that their logits do not mean the same.
        """
        counts = {'network': self.network.num_classes}
        counts |= {f'region {each.name!r}': each.num_classes for each in self.regions}
        wanted = first.num_classes
        other = [f'its {name} {count}' for name, count in counts.items() if count != wanted]
        if other:
            raise HandboneError(
                f'SecondLook: the first stage has {wanted} classes, {" and ".join(other)}; '
                'all need the same'
            )
        if self.network.has_background != first.has_background:
            with_it, without = 'the first stage', f'the network of region {self.regions[0].name!r}'
            if self.network.has_background:
                with_it, without = without, with_it
            raise HandboneError(
                f'SecondLook: {with_it} has a channel for the background and {without} has none: '
                'their logits cannot be put together; take heads of one kind'
            )

    def locate(self, masses: Masses, content: Tensor) -> tuple[list[Any], list[np.ndarray]]:
        """Find the regions in one image.

        Args:
            masses: Where the classes are, for a batch of one.
            content: ``(2,)``, height and width of the image.

        Returns:
            The regions that were found, and the matrix of each, (2, 3) float64, from x, y of the
            view's pixel centres to those of the image.
        """
        regions, matrices = [], []
        for region in self.regions:
            place = region.locate(masses, content)
            if bool(place.found[0]):
                regions.append(region)
                matrices.append(place.matrices[0].double().cpu().numpy())
        return regions, matrices

    def look(
        self,
        first: Tensor,
        masses: Masses,
        content: Tensor,
        image: Tensor,
        shape: Tensor,
        place: np.ndarray,
        to_image: np.ndarray,
    ) -> list[Closer]:
        """Find the regions in one image and run the network on all of them at once.

        Args:
            first: ``(1, C, h, w)`` logits of the first stage.
            masses: Where the classes are in the logits of the first stage, for a batch of one.
            content: ``(2,)``, height and width of the image in these logits.
            image: ``(channels, H, W)`` grey values, padded.
            shape: ``(2,)``, its height and width without padding.
            place: Matrix from pixels of the original image to logits of the first stage.
            to_image: Matrix from these logits to pixels of ``image``.

        Returns:
            The regions that were found, and of which the network says what the first stage says.
        """
        regions, views = self.locate(masses, content)
        if not regions:
            return []
        sampled = torch.from_numpy(np.stack([compose(to_image, view) for view in views]))
        batch = image[None].expand(len(views), -1, -1, -1)
        logits = self.inference(sample_crops(batch, sampled.to(image.device), self.size, shape))
        height, width = logits.shape[2:]
        to_logits = scaling(width / self.size[0], height / self.size[1])
        own = self.named(regions, logits[None])
        places = torch.from_numpy(np.stack(views)).float().to(first.device)[None]
        agreed = self.agreed(regions, first, places, content, own)[0].tolist()
        found = []
        for region, view, seen, said_by_both in zip(regions, views, own[0], agreed, strict=True):
            if not said_by_both:
                continue
            matrix = compose(to_logits, compose(inverse(view), place))
            edge = self.edge * min(height, width)
            found.append(Closer(region.name, Patch(seen, matrix, region.decides, edge)))
        return found

    @staticmethod
    def named(regions: Sequence[Any], logits: Tensor) -> Tensor:
        """Give the logits of views the names of their own classes.

        Args:
            regions: R regions.
            logits: ``(N, R, C, h, w)`` by the names that the network knows.

        Returns:
            Logits of the same shape.
        """
        own = [
            swap_channels(logits[:, row], getattr(each, 'known_as', ()))
            for row, each in enumerate(regions)
        ]
        return torch.stack(own, dim=1)

    def agreed(
        self,
        regions: Sequence[Any],
        first: Tensor,
        views: Tensor,
        content: Tensor,
        own: Tensor,
    ) -> Tensor:
        """Tell in which views the network says what the first stage says.

        Args:
            regions: R regions.
            first: ``(N, C, h, w)`` logits of the first stage.
            views: ``(N, R, 2, 3)`` from x, y of the pixel centres of the views to those of these
                logits.
            content: ``(2,)``, height and width of the images in them.
            own: ``(N, R, C, h', w')`` logits of the network.

        Returns:
            ``(N, R)`` bool.
        """
        if not self.least_agreement:
            return torch.ones(views.shape[:2], dtype=torch.bool, device=views.device)
        width, height = self.size
        rows = []
        for row, region in enumerate(regions):
            decided = first[:, region.decides]
            seen = sample_crops(decided, views[:, row], self.size, content, oversampling=1)
            said = F.interpolate(own[:, row, region.decides], (height, width), mode='bilinear')
            rows.append(agreement(seen, said) >= self.least_agreement)
        return torch.stack(rows, dim=1)

    def inference(self, crops: Tensor) -> Tensor:
        """Run the network.

        Args:
            crops: ``(N, channels, h, w)`` grey values of the views.

        Returns:
            ``(N, C, h', w')``.
        """
        return self.network.inference(normalised(self.network.data_preprocessor, crops, None), [])
