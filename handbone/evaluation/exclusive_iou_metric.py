"""IoU and accuracy of classes that exclude each other, as mmseg computes them."""

import numpy as np
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from handbone.errors import HandboneError, counted
from handbone.masks import (
    IGNORE_BIT,
    background_counts,
    first_class_only,
    overlap_counts,
    overlapping,
    planes_first,
    planes_last,
    undecided,
)

from .drawn_tables import draw_table, plain_text
from .packed_metric import PackedMetric

#: Name of what belongs to no class.
BACKGROUND = 'background'


@METRICS.register_module()
class ExclusiveIoUMetric(PackedMetric):
    """IoU and accuracy over the pixels of all images together, the background being a class.

    The scores are those of mmseg's ``IoUMetric``: the intersection and the union of a class are
    summed over the images before they are divided, and classes in neither prediction nor reference
    are left out of the means. Pixels that the reference ignores are not counted, nor are those
    without a known class in which a class is unknown, as in training. Of several classes of a pixel
    in the reference, the first counts.

    Returned are ``mIoU``, ``mAcc`` (mean over classes of the share of a class's pixels that is
    found) and ``aAcc`` (share of all pixels), 0 to 1, where mmseg has per cent.

    Args:
        background: Count the background as a class.
        per_class: Also return ``IoU/<class>`` and ``Acc/<class>``.
        format_only: Score nothing, for test images without labels.
        collect_device: As for :class:`handbone.evaluation.DiceMetric`.
        prefix: Put before every key as ``<prefix>/``.
        collect_dir: The shared folder, for ``collect_device='cpu'``.

    Example:
        >>> val_evaluator = dict(type='ExclusiveIoUMetric')
    """

    scores_classes = False

    def __init__(
        self,
        background: bool = True,
        per_class: bool = False,
        format_only: bool = False,
        collect_device: str = 'gpu',
        prefix: str | None = None,
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(format_only, collect_device, prefix, collect_dir)
        self.background = background
        self.per_class = per_class

    def hide_unknown(
        self, prediction: np.ndarray, reference: np.ndarray, unknown: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Ignore the pixels that may have an unknown class.

        Args:
            prediction: As in the base class.
            reference: As in the base class.
            unknown: As in the base class.

        Returns:
            The prediction, and the reference with more ignored pixels.
        """
        hidden = undecided(*(planes_first(each)[None] for each in (reference, unknown)))
        reference = reference.copy()
        reference[hidden[0].numpy()] |= np.int32(IGNORE_BIT)
        return prediction, reference

    def score_image(
        self, prediction: np.ndarray, reference: np.ndarray, num_classes: int, sample: dict
    ) -> np.ndarray:
        """Count the pixels of one image.

        Args:
            prediction: Packed map, (H, W) or (H, W, P), at most one class per pixel.
            reference: Packed map of the same shape.
            num_classes: Number of classes C.
            sample: The data sample; its ``img_path`` is named in errors.

        Returns:
            Pixels in both, in the prediction and in the reference, int64 (3, 1 + C), the background
            first.

        Raises:
            HandboneError: If the maps cannot be compared, or a pixel of the prediction has several
                classes.
        """
        if overlapping(planes_first(prediction)[None]).any():
            raise HandboneError(
                f'{sample.get("img_path")}: the prediction gives a pixel several classes, but '
                'ExclusiveIoUMetric scores classes that exclude each other: set '
                "model.test_cfg.decision='exclusive', or score with DiceMetric"
            )
        reference = planes_last(first_class_only(planes_first(reference)[None])[0])
        classes = np.stack(overlap_counts(prediction, reference, num_classes))
        background = background_counts(prediction, reference)
        return np.concatenate([np.reshape(background, (3, 1)), classes], axis=1)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute the scores and log the table.

        Args:
            results: Those of every image of every process.

        Returns:
            Scores by key.
        """
        results = self.each_image_once(results)
        both, predicted, true = np.sum([each.scores for each in results], axis=0)
        # mmseg counts all pixels here, also where the mean leaves out the background
        metrics = dict(aAcc=float(both.sum() / max(1, true.sum())))
        names = [BACKGROUND, *self.dataset_meta['classes']][not self.background :]
        both, predicted, true = (
            each[not self.background :].astype(np.float64) for each in (both, predicted, true)
        )
        with np.errstate(invalid='ignore'):
            scores = dict(IoU=both / (predicted + true - both), Acc=both / true)
        for title, values in scores.items():
            known = values[~np.isnan(values)]
            metrics[f'm{title}'] = float(known.mean()) if len(known) else float('nan')
        rows = [
            [name, *('–' if np.isnan(each) else f'{each:.4f}' for each in values)]
            for name, *values in zip(names, *scores.values(), strict=True)
        ]
        means = [['mean', *(f'{metrics[f"m{title}"]:.4f}' for title in scores)]]
        table = draw_table(['Class', *scores], [rows, means], left=['Class'])
        logger = MMLogger.get_current_instance()
        logger.info(f'Pixels of {counted(len(results), "image")} together:\n{plain_text(table)}')
        if self.per_class:
            for title, values in scores.items():
                metrics |= {
                    f'{title}/{name}': float(each) for name, each in zip(names, values, strict=True)
                }
        return metrics
