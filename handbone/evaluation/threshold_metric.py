"""Tunes thresholds in one pass over the images, as an mmengine metric."""

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.masks import (
    CLASSES_PER_PLANE,
    OverlapCounts,
    Patch,
    blended_blocks,
    class_mask,
    classes_known,
    dice,
    ignore_mask,
    overlap_counts,
    placed_blocks,
    planes_last,
    split_unknown,
    upsampled_blocks,
)

from .calibration import ProbabilityHistogram, calibrate
from .calibration_files import log_calibration, write_calibration
from .threshold_choice import candidates, choose_thresholds
from .thresholds import write_thresholds


@METRICS.register_module()
class ThresholdMetric(BaseMetric):
    """Finds the threshold of the best mean Dice for each class.

    Each image is processed once. A histogram of the full-size logits of each class, one for the
    pixels that have the class and one for those that do not, gives the Dice at every border of its
    bins, exactly as :class:`DiceMetric` would compute it. What is kept of an image is its Dice at
    256 thresholds. The segmentor must keep its logits (``test_cfg.keep_logits='uncut'``).

    Args:
        thresholds: The thresholds so far, one or one per class.
        out_file: JSON file to write.
        made_of: How the logits were made, for the file.
        scores_file: Also write what is kept of the images to this ``.npz`` file.
        pooled: Files of that kind from other runs, whose images count as well: those of other
            folds, each seen by the model that was trained without it.
        calibration: Folder for the table and the picture of how right the probabilities are; with
            it, the file of thresholds gets a temperature for each class. Default: none of these.
        eps: As in :class:`DiceMetric`.
        collect_device: As in :class:`DiceMetric`.
    """

    default_prefix = ''

    def __init__(
        self,
        thresholds: float | Sequence[float] = 0.5,
        out_file: str | Path | None = None,
        made_of: Mapping[str, Any] | None = None,
        scores_file: str | Path | None = None,
        pooled: Sequence[str | Path] = (),
        calibration: str | Path | None = None,
        eps: float = 1e-4,
        collect_device: str = 'gpu',
    ) -> None:
        super().__init__(collect_device=collect_device)
        self.thresholds = thresholds
        self.out_file = out_file
        self.made_of = dict(made_of or {})
        self.scores_file = scores_file
        self.pooled = tuple(pooled)
        self.calibration = calibration
        self.eps = eps

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Score each image of a batch at all thresholds.

        Args:
            data_batch: What the data loader gave; not used.
            data_samples: Data samples as dicts, with ``seg_logits`` and ``gt_sem_seg``.

        Raises:
            HandboneError: If the reference masks are missing.
        """
        for sample in data_samples:
            image = sample.get('img_path')
            if 'gt_sem_seg' not in sample:
                raise HandboneError(f'{image}: thresholds are tuned on images with labels')
            logits = sample['seg_logits']['data']
            tried = candidates(self.thresholds, len(logits))
            labels, bits = split_unknown(sample['gt_sem_seg']['data'], len(logits))
            unknown = None if bits is None else planes_last(bits)
            place = sample.get('logit_content'), sample.get('logit_matrix')
            patches = sample.get('logit_patches', ())
            histogram = None
            if self.calibration is not None:
                histogram = ProbabilityHistogram.empty(len(logits))
            packed = planes_last(labels)
            scores = dice_by_threshold(
                logits, packed, tried, *place, self.eps, unknown, patches, histogram
            )
            kept = np.zeros((len(logits), 0)) if histogram is None else histogram.compact()
            self.results.append((image, (scores, kept)))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the scores of all processes and choose.

        Args:
            size: Number of images of the dataset; not used, repeats are known by their path.

        Returns:
            ``mDice`` with the former thresholds, ``mDice/tuned`` and ``mDice/held_out``.
        """
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Choose the thresholds, log them and write the file.

        Args:
            results: (image path, (Dice float64 (C, K), histogram float32 (C, n))) of every image of
                every process.

        Returns:
            As :meth:`evaluate`.

        Raises:
            HandboneError: If there is no image.
            OSError: If the file cannot be written.
        """
        if not results:
            raise HandboneError('There is no image to tune thresholds on.')
        kept = dict(results).values()  # what a sampler repeats counts once
        scores, histograms = (np.stack(each) for each in zip(*kept, strict=True))
        if self.scores_file is not None:
            content = io.BytesIO()
            np.savez(content, scores=scores, histograms=histograms)
            write_atomically(self.scores_file, content.getvalue())
        for file in self.pooled:
            with np.load(file, allow_pickle=False) as earlier:
                scores = np.concatenate([earlier['scores'], scores])
                histograms = np.concatenate([earlier['histograms'], histograms])
        classes = self.dataset_meta['classes']
        tried = candidates(self.thresholds, len(classes))
        choice = choose_thresholds(scores, tried, self.thresholds)
        logger = MMLogger.get_current_instance()
        for index, name in enumerate(classes):
            logger.info(
                f'{name}: {choice.former[index]:.3g} → {choice.thresholds[index]:.3g}, '
                f'Dice {choice.before[index]:.4f} → {choice.after[index]:.4f}'
            )
        calibration = None
        if self.calibration is not None:
            calibration = calibrate(ProbabilityHistogram.total(histograms))
            log_calibration(classes, calibration)
        if self.out_file is not None:
            write_thresholds(self.out_file, classes, choice, self.made_of, calibration)
            if self.calibration is not None and calibration is not None:
                write_calibration(self.calibration, classes, calibration)
        return {
            'mDice': float(np.nanmean(choice.before)),
            'mDice/tuned': float(np.nanmean(choice.after)),
            'mDice/held_out': float(np.nanmean(choice.held_out)),
        }


def dice_by_threshold(
    logits: torch.Tensor,
    reference: np.ndarray,
    tried: np.ndarray,
    content: tuple[float, float] | None = None,
    matrix: np.ndarray | None = None,
    eps: float = 1e-4,
    unknown: np.ndarray | None = None,
    patches: Sequence[Patch] = (),
    histogram: ProbabilityHistogram | None = None,
) -> np.ndarray:
    """Compute the Dice of an image at many thresholds, from one histogram per class.

    Args:
        logits: (C, h, w).
        reference: Packed map at the size of the image, (H, W) or (H, W, P). Pixels that it ignores
            are not counted.
        tried: Thresholds, float64 (C, K), rising.
        content: As in :func:`handbone.masks.logits_to_packed`.
        matrix: As in :func:`handbone.masks.placed_to_packed`; None if the logits cover the image.
        eps: Makes two empty masks score 1.
        unknown: Map of unknown bits of the same shape as the reference, which has none of them set;
            None if nothing is unknown.
        patches: Closer views of parts of the image, as in
            :func:`handbone.masks.blended_to_packed`.
        histogram: Also counts the pixels by their probability; None counts nothing.

    Returns:
        Float64 (C, K); NaN for a class that is not known anywhere.
    """
    num_classes, number = tried.shape
    planes = reference[..., None] if reference.ndim == 2 else reference
    ignored = ignore_mask(reference)
    some_ignored = bool(ignored.any())
    borders = np.log(tried / (1 - tried)).astype(np.float32)
    histograms = np.zeros((num_classes, 2, number + 1), np.int64)
    size, lowest = reference.shape[:2], tried[:, 0].tolist()
    if patches:
        blocks = blended_blocks(logits, matrix, size, patches, lowest, content)
    elif matrix is None:
        blocks = upsampled_blocks(logits, size, lowest, content)
    else:
        blocks = placed_blocks(logits, matrix, size, lowest, content)
    for block in blocks:
        index = block.class_index
        plane, bit = divmod(index, CLASSES_PER_PLANE)
        # the number of thresholds that a logit is above; NaN is above none
        above = np.searchsorted(borders[index], np.fmax(block.values, borders[index, 0]))
        present = planes[block.rows, block.columns, plane] >> bit & 1
        above += present * (number + 1)
        values = block.values
        if some_ignored or unknown is not None:
            hidden = ignored[block.rows, block.columns]
            if unknown is not None:
                hidden = hidden | class_mask(unknown[block.rows, block.columns], index)
            above, values, present = (each[~hidden] for each in (above, values, present))
        if histogram is not None:
            histogram.add(index, values.ravel(), present.ravel())
        counted = np.bincount(above.ravel(), minlength=2 * (number + 1))
        histograms[index] += counted.reshape(2, number + 1)
    # pixels at or above each threshold, from the highest down
    reached = histograms[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:]
    total = overlap_counts(reference, reference, num_classes).reference
    if histogram is not None:
        histogram.finish(total)
    counts = OverlapCounts(reached[:, 1], reached.sum(axis=1), total[:, None])
    known = classes_known(unknown, num_classes, ignored)
    return np.where(known[:, None], dice(counts, eps), np.nan)
