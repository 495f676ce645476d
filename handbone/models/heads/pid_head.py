"""PIDNet's head: detail, context and boundary branches."""

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import BaseDataElement
from mmseg.models.decode_heads import PIDHead
from mmseg.models.losses import BoundaryLoss
from mmseg.registry import MODELS
from mmseg.utils import add_prefix
from torch import Tensor, nn

from handbone.errors import HandboneError
from handbone.masks import (
    IGNORE_BIT,
    boundary_pixels,
    boundary_unknown,
    ignore_bits,
    split_unknown,
)

from .multilabel_head import MultilabelDecodeHead, stack_labels

BOUNDARY_LOSS = dict(type=BoundaryLoss, loss_weight=20.0)


@MODELS.register_module()
class MultilabelPIDHead(PIDHead, MultilabelDecodeHead):
    """Multilabel ``PIDHead``: boundaries are found in the packed labels (Xu et al., 2023).

    ``loss_decode`` is applied to the proportional branch, to the integral branch, and again to the
    integral branch at the pixels that the derivative branch takes for boundaries. No
    ``gt_edge_map`` is needed: leave ``GenerateEdge`` out of the pipeline.

    Args:
        *args: Arguments of ``PIDHead``.
        proportional_weight: Factor of the proportional branch's losses; 0.4 as published.
        loss_boundary: Loss of the derivative branch, on one logit per pixel and a map that is 1 at
            boundaries, 255 at pixels that do not count, and 0 elsewhere.
        boundary_width: Width of the boundaries in pixels, even, at least 2.
        boundary_threshold: Probability above which a pixel is taken for a boundary.
        **kwargs: Further arguments of ``PIDHead``.

    Raises:
        HandboneError: If the width is odd or below 2.

    Example:
        In a config::

            decode_head = dict(
                type='MultilabelPIDHead', in_channels=128, channels=128, num_classes=29,
                norm_cfg=dict(type='BN'))
    """

    def __init__(
        self,
        *args: Any,
        proportional_weight: float = 0.4,
        loss_boundary: dict = BOUNDARY_LOSS,
        boundary_width: int = 4,
        boundary_threshold: float = 0.8,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if boundary_width < 2 or boundary_width % 2:
            raise HandboneError(
                f'MultilabelPIDHead: boundary_width={boundary_width}; boundaries have as many '
                'pixels on either side: give an even number from 2'
            )
        self.proportional_weight = proportional_weight
        self.loss_boundary = MODELS.build(loss_boundary)
        self.boundary_width = boundary_width
        self.boundary_threshold = boundary_threshold

    def loss_by_feat(  # type: ignore[override]  # the branches come as a tuple
        self, seg_logits: tuple[Tensor, Tensor, Tensor], batch_data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """Compute the losses of the three branches.

        Args:
            seg_logits: Logits of the proportional and of the integral branch, ``(N, C, h, w)``
                each, and of boundaries, ``(N, 1, h, w)``.
            batch_data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32.

        Returns:
            The entries of :meth:`MultilabelDecodeHead.loss_by_feat` with the prefixes
            ``proportional``, ``integral`` and ``boundary``, and ``loss_boundary``.
        """
        target = stack_labels(batch_data_samples)
        proportional, integral, derivative = seg_logits
        derivative = F.interpolate(
            derivative, target.shape[2:], mode='bilinear', align_corners=self.align_corners
        )
        elsewhere = derivative.detach().sigmoid() <= self.boundary_threshold
        near = target | torch.where(elsewhere, IGNORE_BIT, 0).int()
        first = self.loss_by_labels(proportional, target)
        first = {key: value * self.proportional_weight for key, value in first.items()}
        return {
            **add_prefix(first, 'proportional'),
            **add_prefix(self.loss_by_labels(integral, target), 'integral'),
            **add_prefix(self.loss_by_labels(integral, near), 'boundary'),
            'loss_boundary': self.loss_boundary(derivative, self.boundary_map(target)),
        }

    def boundary_map(self, labels: Tensor) -> Tensor:
        """Draw the boundaries of packed labels.

        Args:
            labels: ``(N, P, H, W)`` int32, or ``(N, 2P, H, W)`` with unknown bits.

        Returns:
            ``(N, 1, H, W)`` float32: 1 at boundaries, 255 where labels are ignored or an unknown
            class may have a boundary, else 0.
        """
        labels, unknown = split_unknown(labels, self.num_classes)
        grown = self.boundary_width // 2 - 1
        thin = boundary_pixels(labels, unknown).float()
        boundary = F.max_pool2d(thin, 2 * grown + 1, 1, grown)
        hidden = ignore_bits(labels)[:, None]
        if unknown is not None:
            hidden = hidden | boundary_unknown(boundary > 0, unknown)
        return boundary.masked_fill(hidden, 255)

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return the convolutions that make the logits of classes, without that of boundaries."""
        return [self.conv_seg, self.p_cls_seg]
