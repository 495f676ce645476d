"""Scores within the overlap of pairs of classes, as an mmengine metric."""

from collections.abc import Sequence

import numpy as np
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from handbone.errors import counted

from .drawn_tables import means_table
from .packed_metric import PackedMetric
from .pair_names import PairName, read_pairs
from .pair_scores import PairScores, pair_scores, pair_table
from .score_names import METRIC_KEYS, check_scores, score_columns
from .surface_distance import pixel_lengths


@METRICS.register_module()
class OverlapMetric(PackedMetric):
    """Dice and surface Dice within the overlap of pairs of classes.

    Where classes overlap, a network may label one of them alone and lose hardly any Dice. This
    score sees it: the pixels with both classes in the prediction against those with both in the
    reference, in the images whose reference has any (others are skipped), mean over images and
    pairs. See :func:`handbone.evaluation.pair_scores`.

    Returned are ``mOverlapDice`` and ``mOverlapSurfaceDice@2``, 0 to 1; NaN where no reference has
    an overlap. The log gets a table of every pair. Predictions and reference masks are packed label
    maps at the size of the original image.

    Args:
        pairs: Pairs of class names, as ``['Radius', 'Scaphoid']`` or ``'Radius+Scaphoid'``;
            ``'adjacent-bones'`` is the list of RAM-H1200. Default: each image's pairs that overlap
            in its reference.
        scores: Scores as for classes; 'dice', 'iou', 'precision', 'recall', 'hd95', 'assd' and
            'surface_dice'.
        tolerances: Tolerances of the surface Dice, in pixels, or in mm where a spacing is given.
        spacing: Height and width of a pixel of the original image in mm, or one number.
        per_pair: Also return ``OverlapDice/<class>+<class>`` and so on.
        format_only: Score nothing, for test images without labels.
        collect_device: As for :class:`handbone.evaluation.DiceMetric`.
        prefix: Put before every key as ``<prefix>/``.
        collect_dir: The shared folder, for ``collect_device='cpu'``.

    Raises:
        HandboneError: If a score, a tolerance or the spacing is not valid.

    Example:
        >>> val_evaluator = [dict(type='DiceMetric'),
        ...                  dict(type='OverlapMetric', pairs='adjacent-bones')]
    """

    scores_classes = False

    def __init__(
        self,
        pairs: str | Sequence[PairName] | None = None,
        scores: Sequence[str] = ('dice', 'surface_dice'),
        tolerances: Sequence[float] = (2.0,),
        spacing: float | Sequence[float] | None = None,
        per_pair: bool = False,
        format_only: bool = False,
        collect_device: str = 'gpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(format_only, collect_device, prefix, collect_dir)
        check_scores(scores, tolerances)
        self.pairs = pairs
        self.scores = tuple(scores)
        self.tolerances = tuple(tolerances)
        self.spacing = pixel_lengths(spacing)
        self.unit = 'px' if spacing is None else 'mm'
        self.per_pair = per_pair

    def score_image(
        self, prediction: np.ndarray, reference: np.ndarray, num_classes: int, sample: dict
    ) -> np.ndarray:
        """Score the overlaps of one image.

        Args:
            prediction: Packed map, (H, W) or (H, W, P).
            reference: Packed map of the same shape.
            num_classes: Number of classes C.
            sample: The data sample; not used.

        Returns:
            Float64 (3 + S, n): both classes of each pair, the pixels of their overlap in the
            reference, and the scores.

        Raises:
            HandboneError: If the maps cannot be compared, or a pair is not of two classes.
        """
        pairs = read_pairs(self.pairs, self.dataset_meta['classes'])
        found = pair_scores(
            prediction,
            reference,
            num_classes,
            pairs,
            self.scores,
            self.tolerances,
            self.spacing,
        )
        return np.concatenate([found.pairs.T, found.pixels[None], found.scores])

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the means and log the table.

        Args:
            results: Those of every image of every process.

        Returns:
            Means by key.
        """
        results = self.each_image_once(results)
        classes = self.dataset_meta['classes']
        columns = score_columns(self.scores, self.tolerances)
        images = [str(each.image) for each in results]
        scores = [
            PairScores(found[:2].T.astype(np.int64), found[2].astype(np.int64), found[3:])
            for found in (each.scores for each in results)
        ]
        pairs = read_pairs(self.pairs, classes)
        table = pair_table(images, images, classes, scores, columns, pairs, self.unit)
        logger = MMLogger.get_current_instance()
        if table is None:
            logger.warning(
                f'No pair of classes overlaps in the reference of {counted(len(images), "image")}.'
            )
        else:
            logger.info(
                f'Overlaps of pairs in {counted(len(images), "image")}:\n{means_table(table)}'
            )
        metrics = {}
        for column in columns:
            name, _, tolerance = column.partition('@')
            key = f'Overlap{METRIC_KEYS[name]}' + (f'@{tolerance}' if tolerance else '')
            metrics[f'm{key}'] = np.nan if table is None else table.mean(column)
            if table is not None and self.per_pair:
                means = table.means(column, ('class',))
                metrics |= {f'{key}/{pair}': mean for pair, mean in means.items()}
        return metrics
