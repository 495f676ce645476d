"""What all steps share: one class in its box after the other, in a packed map."""

from collections.abc import Sequence

import numpy as np

from handbone.errors import HandboneError
from handbone.masks import CLASSES_PER_PLANE

from .boxes import class_boxes, grow


class PostprocessingStep:
    """Changes the mask of one class at a time, inside its box.

    A step says in :meth:`mend` what becomes of a mask. Other classes, the pixels outside the box
    and the bit of ignored pixels stay as they are. Segmentors build steps from
    ``test_cfg.postprocess`` and apply them in that order.

    Args:
        classes: Indices of the classes to change, all if None. In a config they may be names, for
            which :func:`handbone.postprocessing.index_classes` puts indices.

    Raises:
        HandboneError: If a class is not an index.
    """

    #: Whether :meth:`mend` looks at the grey values.
    needs_image = False
    #: Pixels by which the box is larger than the mask.
    margin = 0

    def __init__(self, classes: Sequence[int] | None = None) -> None:
        if classes is not None and not all(isinstance(index, int) for index in classes):
            raise HandboneError(
                f'{type(self).__name__}: classes {list(classes)} are names; indices are needed '
                'here: handbone.postprocessing.index_classes finds them'
            )
        self.classes = None if classes is None else frozenset(classes)

    def __call__(
        self, packed: np.ndarray, num_classes: int, image: np.ndarray | None = None
    ) -> np.ndarray:
        """Apply the step.

        Args:
            packed: Packed map, int32, (H, W) or (H, W, P). It is changed in place.
            num_classes: Number of classes.
            image: Grey values, (H, W) uint8, for steps that need them.

        Returns:
            ``packed``.

        Raises:
            HandboneError: If the step needs the image and there is none, or a class does not exist.
        """
        if self.needs_image and image is None:
            raise HandboneError(f'{type(self).__name__} looks at the image, and none was given')
        if self.classes is not None and not self.classes <= set(range(num_classes)):
            raise HandboneError(
                f'{type(self).__name__}: classes {sorted(self.classes)} are not all among '
                f'0 to {num_classes - 1}'
            )
        planes = packed[..., None] if packed.ndim == 2 else packed
        for index, box in class_boxes(packed, num_classes).items():
            if self.classes is not None and index not in self.classes:
                continue
            rows, columns = grow(box, self.margin, packed.shape[:2])
            plane, bit = divmod(index, CLASSES_PER_PLANE)
            region = planes[rows, columns, plane]
            mask = region >> bit & 1
            grey = image[rows, columns] if self.needs_image else None
            mended = self.mend(mask.astype(bool), packed.shape[:2], grey)
            region ^= (mask ^ mended.astype(np.int32)) << bit
        return packed

    def mend(
        self, mask: np.ndarray, shape: tuple[int, int], image: np.ndarray | None
    ) -> np.ndarray:
        """Decide what becomes of one mask.

        Args:
            mask: The class inside its box, bool (h, w), not empty.
            shape: Height and width of the whole image.
            image: Grey values of the box, uint8 (h, w), None where the step does not need them.

        Returns:
            The new mask, bool (h, w).
        """
        raise NotImplementedError
