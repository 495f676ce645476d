"""The base of metrics that compare packed predictions with packed reference masks."""

import logging
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from handbone.errors import HandboneError, counted
from handbone.masks import classes_known, ignore_mask, planes_last, split_unknown, without


class ImageScores(NamedTuple):
    """What is kept of an image for the end of the evaluation.

    Attributes:
        image: Its path; None if nothing tells it.
        scores: From :meth:`PackedMetric.score_image`.
        patient: Its patient; empty if the dataset does not tell it.
    """

    image: str | None
    scores: Any
    patient: str = ''


class PackedMetric(BaseMetric):
    """Scores image by image, each image once, from one process or many.

    Predictions and reference masks are packed label maps at the size of the original image:
    ``pred_sem_seg`` and ``gt_sem_seg`` of each data sample, int32 (P, H, W). Where ``gt_sem_seg``
    has unknown bits, (2P, H, W), classes belong to neither of the two, and a class that is unknown
    in all pixels of an image is not scored in it. What the sampler
    repeats to fill the last batch is recognised by the path of the image.

    Args:
        format_only: Score nothing, for test images without labels.
        collect_device: 'gpu' sends the scores through torch.distributed, with any backend (gloo on
            the CPU too). 'cpu' goes through files in a folder that all processes must share.
        prefix: Put before every key as ``<prefix>/``, to tell several metrics of a run apart.
        collect_dir: The shared folder, for ``collect_device='cpu'``.
    """

    default_prefix = ''
    #: Whether :meth:`score_image` gives one column per class.
    scores_classes = True

    def __init__(
        self,
        format_only: bool = False,
        collect_device: str = 'gpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.format_only = format_only
        self._dataset_size = 0

    def score_image(
        self, prediction: np.ndarray, reference: np.ndarray, num_classes: int, sample: dict
    ) -> np.ndarray:
        """Score one image.

        Args:
            prediction: Packed map, (H, W) or (H, W, P).
            reference: Packed map of the same shape.
            num_classes: Number of classes C.
            sample: The data sample as a dict, for metainfo.

        Returns:
            (rows, C), kept for the end of the evaluation.

        Raises:
            HandboneError: If the maps cannot be compared.
        """
        raise NotImplementedError

    def hide_unknown(
        self, prediction: np.ndarray, reference: np.ndarray, unknown: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Leave out what is unknown in one image, before it is scored.

        Args:
            prediction: Packed map, (H, W) or (H, W, P).
            reference: Packed map of the same shape, without the classes that are unknown.
            unknown: Unknown bits, of the same shape.

        Returns:
            Prediction and reference, in which unknown classes belong to neither.
        """
        return without(prediction, unknown), reference

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score the images of one batch.

        Args:
            data_batch: What the data loader gave; not used.
            data_samples: Data samples as dicts, with ``pred_sem_seg`` and ``gt_sem_seg``.

        Raises:
            HandboneError: If the reference masks are missing, or a map is not packed or has a
                different size.
        """
        if self.format_only:
            return
        name = type(self).__name__
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            image = sample.get('img_path')
            if 'gt_sem_seg' not in sample:
                raise HandboneError(
                    f'{image}: {name} found no reference masks (gt_sem_seg). For test images '
                    'without labels set test_evaluator=dict(format_only=True), or pass '
                    '--format-only to `handbone test`.'
                )
            prediction = planes_last(sample['pred_sem_seg']['data'])
            labels, bits = split_unknown(sample['gt_sem_seg']['data'], num_classes)
            unknown = None if bits is None else planes_last(bits)
            reference = planes_last(labels)
            try:
                if unknown is not None:
                    prediction, reference = self.hide_unknown(prediction, reference, unknown)
                scores = self.score_image(prediction, reference, num_classes, sample)
            except ValueError as error:
                raise HandboneError(
                    f'{image}: {name} cannot compare prediction and reference: {error} Both must '
                    'be packed label maps at the size of the original image.'
                ) from error
            if unknown is not None and self.scores_classes:
                known = classes_known(unknown, num_classes, ignore_mask(reference))
                scores = np.where(known, scores, np.nan)
            patient = str(sample.get('patient') or '')
            self.results.append(ImageScores(image, scores, patient))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather what all processes have and compute the scores.

        Args:
            size: Number of images of the dataset.

        Returns:
            Scores by name; empty with ``format_only``.
        """
        if self.format_only:
            return {}
        self._dataset_size = size
        # The base class cuts the gathered list at a length. Which results are repeats is known by
        # the image, so everything is gathered and the repeats are dropped then.
        return super().evaluate(sys.maxsize)

    def each_image_once(self, results: list) -> list[ImageScores]:
        """Drop the repeats.

        Args:
            results: Of every image of every process the fields of :class:`ImageScores`, which
                mmengine gathers as plain tuples.

        Returns:
            Each image once, in the order in which they came.

        Raises:
            HandboneError: If there is no image.
        """
        name = type(self).__name__
        if not results:
            raise HandboneError(f'{name} has no image to score: the dataset is empty.')
        found = [ImageScores(*each) for each in results]
        if any(each.image is None for each in found):
            return found[: self._dataset_size]
        unique: dict[str | None, ImageScores] = {}
        for each in found:
            unique.setdefault(each.image, each)
        if len(unique) != self._dataset_size:
            MMLogger.get_current_instance().log(
                logging.WARNING,
                f'{name} scored {counted(len(unique), "different image")} of a dataset of '
                f'{self._dataset_size}: an image is listed twice or was not predicted.',
            )
        return list(unique.values())
