"""Random boxes that are hidden."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from .arguments import MOST_COUNT, check_number, check_prob, check_range
from .dropped_boxes import Box, check_labels, drop_boxes


@TRANSFORMS.register_module()
class MultilabelRandomCutOut(BaseTransform):
    """Hide a few boxes at random (DeVries and Taylor, 2017), for grey images and packed labels.

    Image: the boxes are filled with one grey value. Labels: as ``labels`` says. mmseg's
    RandomCutOut takes images of three channels only, and fills labels with 0 to 255, which on a
    packed map are classes, but not with the ignore bit.

    Required and modified keys: ``img``. Optional keys: those in ``seg_fields``.

    Args:
        holes: Range of the number of boxes.
        size: Range of the sides of a box, as shares of the height and width of the image.
        fill: Grey value of what is hidden, 0 to 255.
        labels: ``'keep'``, ``'ignore'`` or ``'background'``: what the labels of hidden pixels
            become. By default the network has to find what it cannot see.
        prob: Share of images with boxes.

    Raises:
        HandboneError: If an argument is not possible.

    >>> transform = MultilabelRandomCutOut(holes=(1, 1), size=(1, 1), labels='ignore', prob=1.0)
    >>> labels = np.ones((4, 4), np.int32)
    >>> results = dict(img=labels.astype(np.uint8), gt_seg_map=labels, seg_fields=['gt_seg_map'])
    >>> bool((transform(results)['gt_seg_map'] < 0).all())
    True
    """

    def __init__(
        self,
        holes: tuple[int, int] = (1, 4),
        size: tuple[float, float] = (0.05, 0.2),
        fill: float = 0,
        labels: str = 'keep',
        prob: float = 0.5,
    ) -> None:
        self.holes = check_range('holes', holes, 1, MOST_COUNT)
        self.size = check_range('size', size, 0, 1)
        self.fill = check_number('fill', fill, 0, 255)
        self.labels = check_labels(labels)
        self.prob = check_prob(prob)

    @cache_randomness
    def _draw(self) -> np.ndarray:
        """Draw a row for each box: its place among all possible ones and its two sides."""
        chosen = np.random.rand() < self.prob
        count = np.random.randint(int(self.holes[0]), int(self.holes[1]) + 1)
        places = np.random.rand(count, 2)
        sides = np.random.uniform(*self.size, (count, 2))
        return np.hstack([places, sides]) if chosen else np.empty((0, 4))

    def transform(self, results: dict) -> dict:
        """Hide the boxes.

        Args:
            results: The dict of one image.

        Returns:
            The same dict.
        """
        height, width = results['img'].shape[:2]
        boxes: list[Box] = []
        for x, y, wide, high in self._draw():
            columns, rows = round(wide * width), round(high * height)
            left, top = round(x * (width - columns)), round(y * (height - rows))
            boxes.append((left, top, left + columns, top + rows))
        drop_boxes(results, boxes, self.fill, self.labels)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(holes={self.holes}, size={self.size}, fill={self.fill}, '
            f'labels={self.labels!r}, prob={self.prob})'
        )
