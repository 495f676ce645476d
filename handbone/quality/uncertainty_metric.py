"""Writes how sure a network or an ensemble is of each class, as an mmengine metric."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from handbone.csv_files import csv_bytes
from handbone.errors import HandboneError
from handbone.files import write_atomically
from handbone.submissions.image_names import name_images

COLUMNS = ('image_name', 'class', 'confidence', 'margin', 'agreement')


@METRICS.register_module()
class UncertaintyMetric(BaseMetric):
    """Writes a table of :class:`handbone.evaluation.logit_summary.LogitSummary`.

    The segmentor must have ``test_cfg.summarise``, or the loop of an ensemble ``summarise``.

    Args:
        out_file: CSV to write, one row for each image and class.
        image_name: What it calls an image, ``basename`` or ``path``.
        collect_device: As in :class:`DiceMetric`.
    """

    default_prefix = ''

    def __init__(
        self, out_file: str | Path, image_name: str = 'basename', collect_device: str = 'gpu'
    ) -> None:
        super().__init__(collect_device=collect_device)
        self.out_file = out_file
        self.image_name = image_name

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Keep the summaries of a batch.

        Args:
            data_batch: What the data loader gave; not used.
            data_samples: Data samples as dicts, with ``logit_summary``.

        Raises:
            HandboneError: If there is none.
        """
        for sample in data_samples:
            if 'logit_summary' not in sample:
                raise HandboneError(
                    f'{sample["img_path"]}: the model does not tell how sure it is: set '
                    'test_cfg.summarise, and make augmented views on the device (tta_views)'
                )
            found = sample['logit_summary']
            values = np.stack([found.confidence, found.margin, found.agreement], axis=1)
            self.results.append((sample['img_path'], values))

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the summaries of all processes and write them.

        Args:
            size: Number of images of the dataset; not used, repeats are known by their path.

        Returns:
            ``mAgreement``, the mean over images and classes, where there are several views.
        """
        return super().evaluate(sys.maxsize)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Write the table.

        Args:
            results: (image path, float64 (C, 3)) of every image of every process.

        Returns:
            As :meth:`evaluate`.

        Raises:
            OSError: If the file cannot be written.
        """
        by_path = dict(results)
        names = name_images(list(by_path), self.image_name)
        classes = self.dataset_meta['classes']
        rows = [
            (name, class_name, *('' if np.isnan(value) else f'{value:.6f}' for value in of_class))
            for name, values in zip(names, by_path.values(), strict=True)
            for class_name, of_class in zip(classes, values, strict=True)
        ]
        write_atomically(self.out_file, csv_bytes([COLUMNS, *rows]))
        agreement = np.array([values[:, 2] for values in by_path.values()])
        known = agreement[~np.isnan(agreement)]
        return {'mAgreement': float(known.mean())} if known.size else {}
