"""DDRNet's head: a context branch and, in training, a spatial one."""

from typing import Any

from mmengine.structures import BaseDataElement
from mmseg.models.decode_heads import DDRHead
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor, nn

from .multilabel_head import MultilabelDecodeHead, stack_labels


@MODELS.register_module()
class MultilabelDDRHead(DDRHead, MultilabelDecodeHead):
    """Multilabel ``DDRHead``: every loss of ``loss_decode`` on both branches (Pan et al., 2022).

    Args:
        *args: Arguments of ``DDRHead``.
        spatial_weight: Factor of the spatial branch's losses; 0.4 as in the published configs.
        **kwargs: Further arguments of ``DDRHead``.

    Example:
        In a config::

            decode_head = dict(
                type='MultilabelDDRHead', in_channels=128, channels=64, num_classes=29)
    """

    def __init__(self, *args: Any, spatial_weight: float = 0.4, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spatial_weight = spatial_weight

    def loss_by_feat(  # type: ignore[override]  # the branches come as a tuple
        self, seg_logits: tuple[Tensor, Tensor], batch_data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """Compute the losses of both branches.

        Args:
            seg_logits: Logits of the context and of the spatial branch, ``(N, C, h, w)`` each.
            batch_data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32.

        Returns:
            The entries of :meth:`MultilabelDecodeHead.loss_by_feat` of each branch, with the
            prefixes ``context`` and ``spatial``.
        """
        target = stack_labels(batch_data_samples)
        context, spatial = (self.loss_by_labels(logits, target) for logits in seg_logits)
        spatial = {key: value * self.spatial_weight for key, value in spatial.items()}
        return add_prefix(context, 'context') | add_prefix(spatial, 'spatial')

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return the convolutions that make the logits of the two branches."""
        return [self.conv_seg, self.aux_cls_seg]
