"""Classes of one image pasted into another."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError, listed
from handbone.masks import CLASSES_PER_PLANE, IGNORE_BIT

from .arguments import check_names, check_number, check_prob, check_range
from .class_indices import class_indices
from .class_sources import ClassSources

#: What is fainter than this cannot be seen, and would be a wrong label.
LEAST_OPACITY = 0.01


@TRANSFORMS.register_module()
class CopyPaste(BaseTransform):
    """Paste classes with their pixels from another image of the dataset (Ghiasi et al., 2021).

    Image: where the other image shows one of the chosen classes, its pixels are blended in, with an
    edge that fades out over a few pixels. Labels: there the pasted classes are added, with all
    their overlaps, and what was there stays, as structures overlap in a radiograph; ignored pixels
    are not pasted and stay ignored. What is unknown in the other image is not pasted, and is
    unknown where its pixels show, unless this image has it there; what is pasted is known.

    The other image is one that has a wanted class: one of the classes is drawn, then one of the
    images that have it, so that a rare class is pasted as often as a frequent one. With it come all
    wanted classes that this image has.

    It belongs into the pipeline of mmseg's ``MultiImageMixDataset``, after one that draws labels
    and gives all images one size. Which image it takes depends on the seed and the place in the
    order of samples, so a resumed run sees the same.

    Required keys: ``img``, ``gt_seg_map``, ``classes``, ``mix_results``. Modified keys: ``img``,
    ``gt_seg_map``, and where classes are unknown ``gt_unknown_map`` and ``seg_fields``.

    Args:
        classes: Names of the classes to paste.
        opacity: Range of the share of the pasted pixels in the blend, 0.01 to 1.
        edge: Standard deviation in pixels of the blur of the edge; 0 cuts it hard.
        prob: Share of images that get what another one shows of the classes; for the others no
            second image is loaded.

    Raises:
        HandboneError: If an argument is not possible, a class does not exist, no image of the
            dataset has any of the classes, or the images differ in size.

    Example:
        In a config, where ``dataset`` has a pipeline up to ``LoadPolygonAnnotations``::

            train_dataloader = dict(dataset=dict(
                type='MultiImageMixDataset', dataset=dataset, pipeline=[
                    dict(type='CopyPaste', classes=('finger-16', 'Pisiform'), prob=0.3),
                    dict(type='PackMultilabelInputs')]))
    """

    def __init__(
        self,
        classes: Sequence[str],
        opacity: tuple[float, float] = (0.5, 1.0),
        edge: float = 2.0,
        prob: float = 0.5,
    ) -> None:
        self.classes = check_names('classes', classes)
        self.opacity = check_range('opacity', opacity, LEAST_OPACITY, 1)
        self.edge = check_number('edge', edge, 0, 50)
        self.prob = check_prob(prob)
        self._sources = ClassSources()

    def get_indices(self, dataset: Any) -> list[int]:
        """Choose the image to paste from; ``MultiImageMixDataset`` calls this.

        Args:
            dataset: The dataset.

        Returns:
            Its index; none for an image that stays as it is.
        """
        if np.random.rand() >= self.prob:
            return []
        wanted = class_indices(self.classes, dataset.metainfo['classes'], 'CopyPaste: classes')
        source = self._sources.draw(dataset, wanted)
        if source is None:
            raise HandboneError(
                f'CopyPaste: no image of the dataset has {listed(self.classes)}: name classes that '
                'images have, or leave CopyPaste out'
            )
        return [source]

    @cache_randomness
    def _draw_opacity(self) -> float:
        return float(np.random.uniform(*self.opacity))

    def transform(self, results: dict) -> dict:
        """Paste into one image.

        Args:
            results: The dict of one image, with that of the other in ``mix_results``, or none there
                for an image that stays as it is.

        Returns:
            The same dict.
        """
        if 'mix_results' not in results:
            raise HandboneError(
                'CopyPaste needs a second image: put it into the pipeline of MultiImageMixDataset'
            )
        if not results['mix_results']:
            return results
        (other,) = results['mix_results']
        _check_alike(results, other)
        opacity = self._draw_opacity()
        wanted = class_indices(self.classes, results['classes'], 'CopyPaste: classes')
        packed, pasted = results['gt_seg_map'], _chosen_bits(other['gt_seg_map'], wanted)
        unknown = other.get('gt_unknown_map')
        if unknown is not None:
            pasted &= ~unknown  # labels of a class where it is unknown do not count
        there = pasted != 0 if pasted.ndim == 2 else (pasted != 0).any(axis=2)
        box = _box(there, round(3 * self.edge) + 1)
        if box is not None:
            packed[box] |= pasted[box]
            share = opacity * self._soft(there[box])
            _join_unknown(results, pasted, unknown, share > 0, box)
            results['img'][box] = _blend(results['img'][box], other['img'][box], share)
        return results

    def _soft(self, there: np.ndarray) -> np.ndarray:
        mask = there.astype(np.float32)
        # inside the mask the pasted pixels are fully there; the edge fades outwards only
        return np.maximum(mask, cv2.GaussianBlur(mask, (0, 0), self.edge)) if self.edge else mask

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(classes={self.classes}, opacity={self.opacity}, '
            f'edge={self.edge}, prob={self.prob})'
        )


def _join_unknown(
    results: dict,
    pasted: np.ndarray,
    unknown: np.ndarray | None,
    shown: np.ndarray,
    box: tuple[slice, slice],
) -> None:
    """Mark what is unknown where pixels of the other image show; what is there is known."""
    if unknown is not None:
        if 'gt_unknown_map' not in results:
            results['gt_unknown_map'] = np.zeros_like(unknown)
            results['seg_fields'] = [*results['seg_fields'], 'gt_unknown_map']
        absent = ~results['gt_seg_map'][box][shown]
        results['gt_unknown_map'][box][shown] |= unknown[box][shown] & absent
    if 'gt_unknown_map' in results:
        results['gt_unknown_map'][box] &= ~pasted[box]


def _check_alike(results: dict, other: dict) -> None:
    for each in (results, other):
        if 'gt_seg_map' not in each:
            raise HandboneError(
                f'CopyPaste: {each.get("img_path")} has no label map; put LoadPolygonAnnotations '
                'into the pipeline of the wrapped dataset'
            )
    if results['img'].shape != other['img'].shape:
        raise HandboneError(
            f'CopyPaste: {results.get("img_path")} is {results["img"].shape} and '
            f'{other.get("img_path")} {other["img"].shape}; give all images one size first, as '
            'RandomAffine(size=…) does'
        )


def _chosen_bits(packed: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """Keep some classes of a packed map, where pixels are not ignored."""
    bits = np.zeros(1 if packed.ndim == 2 else packed.shape[2], np.int32)
    for index in wanted:
        bits[index // CLASSES_PER_PLANE] |= 1 << index % CLASSES_PER_PLANE
    kept = packed & (bits[0] if packed.ndim == 2 else bits)
    kept[(packed & np.int32(IGNORE_BIT)) != 0] = 0
    return kept


def _box(there: np.ndarray, margin: int) -> tuple[slice, slice] | None:
    """Find the box around the pixels of a mask, with a margin; None if there are none."""
    x, y, width, height = cv2.boundingRect(there.view(np.uint8))
    if width == 0:
        return None
    return (
        slice(max(0, y - margin), y + height + margin),
        slice(max(0, x - margin), x + width + margin),
    )


def _blend(below: np.ndarray, above: np.ndarray, share: np.ndarray) -> np.ndarray:
    if below.ndim == 3:
        share = share[..., None]
    blended = below + (above.astype(np.float32) - below) * share
    return np.rint(blended).astype(below.dtype) if below.dtype == np.uint8 else blended
