"""Training that begins at a lower resolution."""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS

from handbone.errors import HandboneError


@MODELS.register_module()
class ProgressiveDataPreProcessor(SegDataPreProcessor):
    """mmseg's data preprocessor, with batches shrunk by whole factors early in the training.

    A network learns what a structure is at half the resolution in a quarter of the time; the full
    resolution is only needed for its boundaries (progressive resizing, Howard, DAWNBench 2018).
    Images are averaged over blocks of ``factor x factor`` pixels, packed labels take the pixel at
    the block's centre. Validation and test always see full resolution.

    Args:
        stages: Pairs (share of the iterations, factor) from the start of the training; what remains
            runs at full resolution. ``[(0.5, 2)]``: the first half at half the side length.
        **kwargs: Arguments of ``SegDataPreProcessor``; ``size_divisor`` must be a multiple of every
            factor times the network's stride.

    Raises:
        HandboneError: If the shares exceed 1 or a factor is not a positive integer.

    Example:
        In a config::

            data_preprocessor = dict(type='ProgressiveDataPreProcessor', stages=[(0.5, 2)])
    """

    def __init__(self, stages: Sequence[tuple[float, int]] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        shares = [share for share, _ in stages]
        if any(share < 0 for share in shares) or sum(shares) > 1:
            raise HandboneError(
                f'stages: the shares {shares} must be positive and sum to 1 at most'
            )
        for _, factor in stages:
            if not isinstance(factor, int) or factor < 1:
                raise HandboneError(f'stages: factor {factor} is not a positive integer')
        self.stages = tuple(stages)

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Normalise and stack a batch, and shrink it in early training.

        Args:
            data: Batch of the data loader, ``inputs`` and ``data_samples``.
            training: Whether the batch is trained on.

        Returns:
            The same with ``inputs`` as one tensor.
        """
        result = super().forward(data, training)
        factor = self.current_factor() if training else 1
        if factor > 1:
            result['inputs'] = F.avg_pool2d(result['inputs'], factor)
            for sample in result['data_samples']:
                labels = sample.gt_sem_seg.data
                centre = factor // 2
                del sample.gt_sem_seg
                sample.gt_sem_seg = PixelData(data=labels[:, centre::factor, centre::factor])
        return result

    def current_factor(self) -> int:
        """Return the factor of the running iteration, 1 outside a training run."""
        messages = MessageHub.get_current_instance()
        progress = messages.get_info('iter', 0) / messages.get_info('max_iters', 1)
        for share, factor in self.stages:
            if progress < share:
                return factor
            progress -= share
        return 1
