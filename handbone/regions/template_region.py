"""A region that a template of class centroids finds."""

from collections.abc import Sequence
from numbers import Real
from typing import NamedTuple

import torch
from mmseg.registry import TASK_UTILS
from torch import Tensor

from handbone.errors import HandboneError

from .class_masses import Masses
from .similarity import fit_either_side

#: Share of the image that a class has to cover for half of its weight: larger ones hardly gain.
HALF_WEIGHT = 1e-4


class Found(NamedTuple):
    """Where a region lies in the images of a batch.

    Attributes:
        matrices: ``(N, 2, 3)`` float32, from x, y of the pixel centres of the region's view to
            those of the image.
        found: ``(N,)`` bool; where it is False, the view shows the whole image.
        support: ``(N,)`` float32, how many classes agree with the place, whether found or not.
    """

    matrices: Tensor
    found: Tensor
    support: Tensor


@TASK_UTILS.register_module()
class TemplateRegion:
    """A part of the image, upright, centred and at one scale, found by the classes in it.

    The template says where the centroid of each class lies in the view. A similarity transform,
    fitted to the centroids that a coarse network found, or to those of the labels, says what the
    view shows of an image. Points that do not agree with the others lose their weight. If too few
    classes agree, the view shows the whole image.

    Args:
        template: In class order, x and y of the centroid in the view, from 0 (left, top) to 1
            (right, bottom); None for a class that the fit shall not use, such as one that images
            show in part.
        size: Width and height of the view in pixels.
        name: What messages and results call the region.
        mirror: Also try the mirror image, and show it if it agrees better: for objects that exist
            as left and right, but whose classes have no side, such as the bones of a hand; a
            training warns where the name of a class says a side.
        min_classes: Number of classes that have to agree.

    Raises:
        HandboneError: If the template has too few points, or a setting is out of its range.

    Example:
        In a config::

            region = dict(type='TemplateRegion', name='hand', size=(384, 384), mirror=True,
                          template=[(0.2, 0.5), (0.5, 0.1), None, (0.8, 0.4), (0.5, 0.9)])
    """

    def __init__(
        self,
        template: Sequence[Sequence[float] | None],
        size: Sequence[int] | int,
        name: str = 'region',
        mirror: bool = False,
        min_classes: int = 4,
    ) -> None:
        self.name = name
        self.size = view_size(size)
        self.mirror = mirror
        self.min_classes = min_classes
        for place in template:
            if place is not None and not (
                len(place) == 2 and all(isinstance(each, Real) for each in place)
            ):
                raise HandboneError(
                    f'template of region {name!r}: a place is (x, y) or None, got {place}'
                )
        used = [place is not None for place in template]
        # two points fix a similarity whatever they are, so at least three are needed to disagree
        if not 3 <= min_classes <= sum(used):
            raise HandboneError(
                f'region {name!r}: min_classes={min_classes} is from 3 to the {sum(used)} classes '
                'that its template places'
            )
        self.num_classes = len(used)
        self.used = used
        sides = torch.tensor(self.size, dtype=torch.float32)
        places = [(0.5, 0.5) if place is None else tuple(place) for place in template]
        self.template = torch.tensor(places, dtype=torch.float32) * sides - 0.5

    def locate(self, masses: Masses, content: Tensor) -> Found:
        """Find the region in images of one size.

        Args:
            masses: Centroids and areas of the classes.
            content: ``(2,)``, height and width of the images.

        Returns:
            What the view shows of each image.
        """
        device = masses.areas.device
        used = torch.tensor(self.used, dtype=torch.float32, device=device)
        pixels = (content[0] * content[1]).float()
        weights = used * masses.areas / (masses.areas + HALF_WEIGHT * pixels)
        # centred, so that float32 suffices for images of any size
        middle = torch.stack([content[1], content[0]]).float() / 2
        points = masses.centroids - middle
        matrices, support, _ = fit_either_side(
            self.template.to(device), points, weights, self.mirror
        )
        back = torch.cat([torch.zeros(2, 2, device=device), middle[:, None]], dim=1)
        seen = (weights > 0).float().sum(dim=1)
        found = (support >= self.min_classes - 0.5) & (support >= seen / 2)
        whole = whole_image(content, self.size).to(device)
        return Found(torch.where(found[:, None, None], matrices + back, whole), found, support)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(name={self.name!r}, size={self.size}, '
            f'classes={sum(self.used)} of {self.num_classes}, mirror={self.mirror})'
        )


def whole_image(content: Tensor, size: tuple[int, int]) -> Tensor:
    """Show an image as a whole, centred and with its aspect ratio kept.

    Args:
        content: ``(2,)``, height and width of the image.
        size: Width and height of the view.

    Returns:
        ``(2, 3)`` float32, from pixels of the view to those of the image.
    """
    sides = torch.stack([content[1], content[0]]).float()
    view = torch.tensor(size, dtype=torch.float32, device=sides.device)
    scale = (sides / view).amax(dim=0)
    shift = (sides - 1) / 2 - scale * (view - 1) / 2
    return torch.cat([scale * torch.eye(2, device=sides.device), shift[:, None]], dim=1)


def view_size(size: Sequence[int] | int) -> tuple[int, int]:
    """Check the size of a view.

    Args:
        size: Width and height in pixels, or one number for both.

    Returns:
        Width and height.

    Raises:
        HandboneError: If it is something else.
    """
    pair = (size, size) if isinstance(size, int) else tuple(size)
    if len(pair) != 2 or any(not isinstance(side, int) or side < 1 for side in pair):
        raise HandboneError(f'size of a region is (width, height) in pixels, got {size}')
    return pair
