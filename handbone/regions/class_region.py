"""A region that is the box around some classes."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import TASK_UTILS
from torch import Tensor

from handbone.errors import HandboneError, counted
from handbone.listing import normal_forms

from .class_masses import Masses
from .template_region import Found, view_size, whole_image

#: Largest margin: the classes then take a ninth of the view's width and height.
LARGEST_MARGIN = 4.0


@TASK_UTILS.register_module()
class ClassRegion:
    """The box around some classes with a margin, such as the bones of the wrist.

    Where the masks of a class have specks, its box leaves the outermost hundredth of its area out
    on each side. The view keeps the aspect ratio and is not turned. If too few of the classes are
    there, or their box is larger than the image, the region is not found and the view shows the
    whole image.

    Args:
        classes: Names of the classes that the box is put around.
        class_list: Names of all classes of the dataset in order.
        size: Width and height of the view in pixels.
        name: What messages and results call the region.
        margin: Space on each side of the box, as a share of its width and height, 0 to 4.
        min_classes: Number of classes that have to be there; by default half of them.
        decides: Names of the classes that the second network decides in this region; ``classes``
            by default.
        known_as: Name of another class by that of a class, for regions that look alike, such as
            five fingertips: the network knows the bones of each as those of one finger, since
            nothing in the view tells fingers apart. In labels and logits of the view, the two
            classes exchange their places.

    Attributes:
        known_as: Pairs of class indices that exchange their places.

    Raises:
        HandboneError: If a class does not exist, or a setting is out of its range.

    Example:
        In a config::

            dict(type='ClassRegion', name='wrist', size=(192, 192), margin=0.25,
                 classes=('Lunate', 'Triquetrum', 'Pisiform'), class_list=bones)
    """

    def __init__(
        self,
        classes: Sequence[str],
        class_list: Sequence[str],
        size: Sequence[int] | int,
        name: str = 'region',
        margin: float = 0.2,
        min_classes: int | None = None,
        decides: Sequence[str] | None = None,
        known_as: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.size = view_size(size)
        self.class_list = tuple(normal_forms(class_list))
        self.num_classes = len(self.class_list)
        self.classes = self._indices(classes, 'classes')
        self.decides = self.classes if decides is None else self._indices(decides, 'decides')
        self.known_as = self._pairs(known_as or {})
        self.used = [index in self.classes for index in range(self.num_classes)]
        if not 0 <= margin <= LARGEST_MARGIN:
            raise HandboneError(
                f'region {name!r}: margin is a share of its box, 0 to {LARGEST_MARGIN:g}, '
                f'got {margin}'
            )
        self.margin = float(margin)
        self.min_classes = (len(self.classes) + 1) // 2 if min_classes is None else min_classes
        if not 1 <= self.min_classes <= len(self.classes):
            raise HandboneError(
                f'region {name!r}: min_classes={min_classes} is from 1 to the '
                f'{counted(len(self.classes), "class")} that it is put around'
            )

    def _indices(self, names: Sequence[str], what: str) -> tuple[int, ...]:
        wanted = normal_forms(names)
        unknown = [name for name in wanted if name not in self.class_list]
        if unknown or not wanted:
            fault = f'classes that do not exist: {", ".join(unknown)}' if unknown else 'no class'
            raise HandboneError(
                f'region {self.name!r}: {what} names {fault}; the classes of its class_list are '
                f'{", ".join(self.class_list)}'
            )
        return tuple(sorted({self.class_list.index(name) for name in wanted}))

    def _pairs(self, names: Mapping[str, str]) -> tuple[tuple[int, int], ...]:
        pairs = [self._indices(pair, 'known_as') for pair in names.items() if len(set(pair)) == 2]
        flat = [index for pair in pairs for index in pair]
        if len(set(flat)) < len(flat):
            raise HandboneError(
                f'region {self.name!r}: known_as names a class twice, and each can exchange its '
                f'place with one other: {dict(names)}'
            )
        return tuple((first, second) for first, second in pairs)

    def boxes(self, masses: Masses) -> tuple[Tensor, Tensor, Tensor]:
        """Find the boxes around the classes, with their margin.

        Args:
            masses: Areas and boxes of the classes.

        Returns:
            Left and top border ``(N, 2)``, right and bottom border ``(N, 2)``, in pixels from
            centre to centre, and the number of classes that are there ``(N,)``.
        """
        chosen = list(self.classes)
        absent = masses.areas[:, chosen] <= 0
        boxes, hidden = masses.boxes[:, chosen], absent[:, :, None]
        support = (~absent).float().sum(dim=1)
        low = boxes[:, :, :2].masked_fill(hidden, torch.inf).amin(dim=1)
        high = boxes[:, :, 2:].masked_fill(hidden, -torch.inf).amax(dim=1)
        none = (support == 0)[:, None]
        low, high = low.masked_fill(none, 0), high.masked_fill(none, 0)
        space = self.margin * (high - low)
        return low - space, high + space, support

    def locate(self, masses: Masses, content: Tensor) -> Found:
        """Find the region in images of one size.

        Args:
            masses: Areas and boxes of the classes.
            content: ``(2,)``, height and width of the images.

        Returns:
            What the view shows of each image.
        """
        device = masses.areas.device
        low, high, support = self.boxes(masses)
        view = torch.tensor(self.size, dtype=torch.float32, device=device)
        scale = ((high - low) / view).amax(dim=1)
        shift = (low + high) / 2 - scale[:, None] * (view - 1) / 2
        axes = torch.eye(2, device=device) * scale[:, None, None]
        matrices = torch.cat([axes, shift[:, :, None]], dim=2)
        whole = whole_image(content, self.size).to(device)
        found = (support >= self.min_classes) & (scale > 0) & (scale <= whole[0, 0])
        return Found(torch.where(found[:, None, None], matrices, whole), found, support)

    def __repr__(self) -> str:
        names = ', '.join(self.class_list[index] for index in self.classes)
        return (
            f'{type(self).__name__}(name={self.name!r}, size={self.size}, margin={self.margin}, '
            f'classes={names})'
        )
