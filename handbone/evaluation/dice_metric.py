"""The Dice score of multilabel segmentation, as an mmengine metric."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from handbone.errors import HandboneError, counted
from handbone.masks import OverlapCounts, overlap_counts

from .drawn_tables import means_table
from .packed_metric import PackedMetric
from .score_files import write_dice_files
from .score_names import OVERLAP_SCORES
from .score_table import ScoreTable
from .scores import overlap_scores


@METRICS.register_module()
class DiceMetric(PackedMetric):
    """Mean Dice over images and classes, each image and class counting the same.

    The score of a class in an image is ``(2 |A and B| + eps) / (|A| + |B| + eps)``, so two empty
    masks score 1. Pixels that the reference ignores are not counted, nor a class where it is
    unknown. Predictions and reference
    masks are packed label maps at the size of the original image: ``pred_sem_seg`` and
    ``gt_sem_seg`` of each data sample, int32 (P, H, W).

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
        extra_scores: Scores to return beside Dice, of 'iou', 'precision' and 'recall': ``mIoU``,
            ``IoU/<group>`` and so on. The files hold Dice alone.
        format_only: Score nothing, for test images without labels.
        collect_device: 'gpu' sends the counts through torch.distributed, with any backend (gloo on
            the CPU too). 'cpu' goes through files in a folder that all processes must share.
        prefix: Put before every key as ``<prefix>/``, to tell several metrics of a run apart.
        collect_dir: The shared folder, for ``collect_device='cpu'``.

    Attributes:
        table: The scores of the last evaluation, in the main process; None before the first.
    """

    table: ScoreTable | None = None

    def __init__(
        self,
        groups: Mapping[str, Sequence[str]] | None = None,
        eps: float = 1e-4,
        per_class: bool = False,
        output_dir: str | Path | bool | None = None,
        extra_scores: Sequence[str] = (),
        format_only: bool = False,
        collect_device: str = 'gpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(format_only, collect_device, prefix, collect_dir)
        self.groups = groups
        self.eps = eps
        self.per_class = per_class
        self.output_dir = output_dir
        self.extra_scores = tuple(extra_scores)
        unknown = set(self.extra_scores) - (set(OVERLAP_SCORES) - {'dice'})
        if unknown:
            raise HandboneError(
                f'DiceMetric has no {sorted(unknown)}; extra_scores takes iou, '
                'precision and recall. Distances come from SurfaceMetric.'
            )

    def score_image(
        self, prediction: np.ndarray, reference: np.ndarray, num_classes: int, sample: dict
    ) -> np.ndarray:
        """Count the overlaps of one image.

        Args:
            prediction: Packed map, (H, W) or (H, W, P).
            reference: Packed map of the same shape.
            num_classes: Number of classes C.
            sample: The data sample; not used.

        Returns:
            Pixels in both, in the prediction and in the reference, int64 (3, C).

        Raises:
            HandboneError: If the maps cannot be compared.
        """
        return np.stack(overlap_counts(prediction, reference, num_classes))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the scores, log the table and write the CSV files.

        Args:
            results: Those of every image of every process; the scores are counts (3, C), NaN for a
                class that the image does not know.

        Returns:
            ``mDice``, ``Dice/<group>`` and, with ``per_class``, ``Dice/<class>``, and likewise for
            ``extra_scores``; a group takes precedence over a class of the same name.
        """
        results = self.each_image_once(results)
        known = np.stack([~np.isnan(each.scores[0]) for each in results])
        counts = [OverlapCounts(*np.nan_to_num(each.scores).astype(np.int64)) for each in results]
        names = ['dice', *self.extra_scores]
        scores = [overlap_scores(each, names, self.eps) for each in counts]
        images = tuple(str(each.image) for each in results)
        table = ScoreTable(
            images=images,
            patients=tuple(each.patient or str(each.image) for each in results),
            classes=tuple(self.dataset_meta['classes']),
            scores={
                name: np.where(known, np.stack([each[name] for each in scores]), np.nan)
                for name in names
            },
            groups=self.groups if self.groups is not None else self.dataset_meta.get('groups', {}),
            reference_pixels=np.stack([each.reference for each in counts]),
        )
        self.table = table
        logger = MMLogger.get_current_instance()
        logger.info(f'Dice of {counted(len(images), "image")}:\n{means_table(table)}')
        folder = self._csv_folder(logger)
        if folder is not None:
            try:
                write_dice_files(table, folder)
            except OSError as error:
                logger.error(f'No CSV files of the Dice scores: {error}. The scores are above.')

        kinds = ('class', 'group') if self.per_class else ('group',)
        metrics = {}
        for name in names:
            title = OVERLAP_SCORES[name]
            metrics[f'm{title}'] = table.mean(name)
            means = table.means(name, kinds)
            metrics |= {f'{title}/{part}': mean for part, mean in means.items()}
        return metrics

    def _csv_folder(self, logger: MMLogger) -> Path | None:
        if self.output_dir is False:
            return None
        if isinstance(self.output_dir, (str, Path)):
            return Path(self.output_dir)
        return Path(logger.log_file).parent if logger.log_file else None


def dice_table(evaluator: Evaluator) -> ScoreTable | None:
    """Find the table of the last evaluation.

    Args:
        evaluator: The evaluator of a validation or a test.

    Returns:
        The scores of its DiceMetric, in the main process; None if there are none.
    """
    tables = [each.table for each in evaluator.metrics if isinstance(each, DiceMetric)]
    return next((table for table in tables if table is not None), None)
