"""The Dice score of multilabel segmentation, as an mmengine metric."""

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from handbone.masks import OverlapCounts, dice, overlap_counts, planes_last

from .dice_report import DiceReport


@METRICS.register_module()
class DiceMetric(BaseMetric):
    """Mean Dice over images and classes, each image and class counting the same.

    The score of a class in an image is ``(2 |A and B| + eps) / (|A| + |B| + eps)``, so two empty
    masks score 1. Pixels that the truth ignores are not counted. Predictions and truth are packed
    label maps at the size of the original image: ``pred_sem_seg`` and ``gt_sem_seg`` of each data
    sample, int32 (P, H, W).

    Returned are ``mDice`` and ``Dice/<group>``, 0 to 1, and ``Dice/<class>`` with ``per_class``.
    The log gets a table of every class, the work dir two CSV files: ``dice_per_class.csv`` and
    ``dice_per_image.csv``. Several processes score each image once: what the sampler repeats to
    fill the last batch is recognised by the path of the image.

    Args:
        groups: Names of groups and the class names in each, e.g. ``dict(carpals=('Hamate', …))``.
            Default: ``groups`` of the dataset's metainfo, if any.
        eps: Added to numerator and denominator.
        per_class: Also return ``Dice/<class>``. Off by default, since each key becomes one scalar
            chart of TensorBoard and one entry of the log line; the table has them anyway.
        output_dir: Folder of the CSV files. Default: the folder of the run's log file, and no
            files where the run has none. ``False``: no files.
        format_only: Score nothing, for test images without truth.
        collect_device: 'gpu' sends the counts through torch.distributed, with any backend (gloo on
            the CPU too). 'cpu' goes through files in a folder that all processes must share.
        prefix: Put before every key as ``<prefix>/``, to tell several metrics of a run apart.
        collect_dir: The shared folder, for ``collect_device='cpu'``.
    """

    default_prefix = ''

    def __init__(
        self,
        groups: Mapping[str, Sequence[str]] | None = None,
        eps: float = 1e-4,
        per_class: bool = False,
        output_dir: str | Path | bool | None = None,
        format_only: bool = False,
        collect_device: str = 'gpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix, collect_dir=collect_dir)
        self.groups = groups
        self.eps = eps
        self.per_class = per_class
        self.output_dir = output_dir
        self.format_only = format_only
        self._dataset_size = 0

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count the overlaps of one batch.

        Args:
            data_batch: What the data loader gave; not used.
            data_samples: Data samples as dicts, with ``pred_sem_seg`` and ``gt_sem_seg``.

        Raises:
            ValueError: If a truth is missing or a map is not packed or of another size.
        """
        if self.format_only:
            return
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            image = sample.get('img_path')
            if 'gt_sem_seg' not in sample:
                raise ValueError(
                    f'{image}: DiceMetric found no truth (gt_sem_seg). For test images without '
                    'labels set test_evaluator=dict(format_only=True), or pass --format-only to '
                    'tools/test.py.'
                )
            prediction = planes_last(sample['pred_sem_seg']['data'])
            truth = planes_last(sample['gt_sem_seg']['data'])
            try:
                counts = overlap_counts(prediction, truth, num_classes)
            except ValueError as error:
                raise ValueError(
                    f'{image}: DiceMetric cannot compare prediction and truth: {error} Both must '
                    'be packed label maps at the size of the original image.'
                ) from error
            self.results.append((image, np.stack(counts)))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the counts of all processes and compute the scores.

        Args:
            size: Number of images of the dataset.

        Returns:
            Scores by name, 0 to 1; empty with ``format_only``.
        """
        if self.format_only:
            return {}
        self._dataset_size = size
        # The base class cuts the gathered list at a length. Which results are repeats is known by
        # the image, so everything is gathered and compute_metrics drops the repeats.
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the scores, log the table and write the CSV files.

        Args:
            results: (image path, counts int64 (3, C)) of every image of every process.

        Returns:
            ``mDice``, ``Dice/<group>`` and, with ``per_class``, ``Dice/<class>``; a group goes
            before a class of the same name.
        """
        results = self._drop_repeats(results)
        report = DiceReport(
            images=[str(image) for image, _ in results],
            classes=tuple(self.dataset_meta['classes']),
            groups=self.groups if self.groups is not None else self.dataset_meta.get('groups', {}),
            scores=np.stack([dice(OverlapCounts(*counts), self.eps) for _, counts in results]),
            truth_pixels=np.stack([counts[2] for _, counts in results]),
        )
        logger = MMLogger.get_current_instance()
        logger.info(f'Dice of {len(results)} images:\n{report.table()}')
        folder = self._csv_folder(logger)
        if folder is not None:
            try:
                report.write_csv(folder)
            except OSError as error:
                logger.error(f'No CSV files of the Dice scores: {error}. The scores are above.')

        scores = report.class_means() if self.per_class else {}
        scores |= report.group_means()
        return {'mDice': report.mean} | {f'Dice/{name}': score for name, score in scores.items()}

    def _drop_repeats(self, results: list) -> list:
        if not results:
            raise ValueError('DiceMetric has no image to score: the dataset is empty.')
        if any(image is None for image, _ in results):
            return results[: self._dataset_size]
        unique = {}
        for image, counts in results:
            unique.setdefault(image, (image, counts))
        if len(unique) != self._dataset_size:
            MMLogger.get_current_instance().log(
                logging.WARNING,
                f'DiceMetric scored {len(unique)} different images of a dataset of '
                f'{self._dataset_size}: an image is listed twice or was not predicted.',
            )
        return list(unique.values())

    def _csv_folder(self, logger: MMLogger) -> Path | None:
        if self.output_dir is False:
            return None
        if self.output_dir is not None:
            return Path(self.output_dir)
        return Path(logger.log_file).parent if logger.log_file else None
