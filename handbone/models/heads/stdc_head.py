"""STDC's auxiliary head, which learns where the labels change."""

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.structures import BaseDataElement
from mmseg.models.decode_heads import STDCHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from handbone.errors import HandboneError
from handbone.masks import IGNORE_BIT, boundary_pixels, boundary_unknown, ignore_bits

from .multilabel_head import MultilabelDecodeHead, stack_labels, unknown_planes


@MODELS.register_module()
class MultilabelSTDCHead(STDCHead, MultilabelDecodeHead):
    """Multilabel ``STDCHead``: detail guidance from packed labels (Fan et al., 2021).

    Its two classes are "no boundary" and "boundary", whatever the number of classes of the
    dataset. A boundary is where the packed code changes; the Laplacian of the codes, which mmseg
    computes, would weight classes by their numbers.

    Args:
        *args: Arguments of ``STDCHead``.
        num_classes: 2.
        **kwargs: Further arguments of ``STDCHead``.

    Raises:
        HandboneError: If ``num_classes`` is not 2.

    Example:
        In a config::

            auxiliary_head = dict(
                type='MultilabelSTDCHead', in_channels=256, channels=64, num_convs=1, in_index=0,
                concat_input=False, boundary_threshold=0.1)
    """

    def __init__(self, *args: Any, num_classes: int = 2, **kwargs: Any) -> None:
        if num_classes != 2:
            raise HandboneError(
                f'MultilabelSTDCHead: num_classes={num_classes}; this head tells boundaries from '
                'the rest and keeps num_classes=2'
            )
        super().__init__(*args, num_classes=num_classes, **kwargs)

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """Compute the losses against the boundaries of packed labels.

        Args:
            seg_logits: ``(N, 2, h, w)``.
            batch_data_samples: Samples for :func:`stack_labels`.

        Returns:
            As :meth:`MultilabelDecodeHead.loss_by_feat`.
        """
        labels, unknown = stack_labels(batch_data_samples), None
        if planes := unknown_planes(batch_data_samples):
            # the number of classes is not that of the dataset, so it does not tell
            labels, unknown = labels[:, :-planes], labels[:, -planes:]
        return self.loss_by_labels(seg_logits, self.boundary_labels(labels, unknown))

    def boundary_labels(self, labels: Tensor, unknown: Tensor | None = None) -> Tensor:
        """Turn packed labels into those of the two classes "no boundary" and "boundary".

        As in the host, boundaries at full, half and quarter resolution are added up by the
        ``fusion_kernel`` and compared with ``boundary_threshold``.

        Args:
            labels: ``(N, P, H, W)`` int32.
            unknown: Unknown bits of the same shape; ``None`` if nothing is unknown.

        Returns:
            ``(N, 1, H, W)`` int32, packed, with the ignore bit of ``labels``, and where an unknown
            class may have a boundary.
        """
        full = boundary_pixels(labels, unknown).to(self.fusion_kernel.dtype)
        coarse = [F.interpolate(full[..., ::step, ::step], full.shape[2:]) for step in (2, 4)]
        fused = F.conv2d(torch.cat([full, *coarse], dim=1), self.fusion_kernel)
        found = fused > self.boundary_threshold
        hidden = ignore_bits(labels)[:, None]
        if unknown is not None:
            hidden = hidden | boundary_unknown(found, unknown)
        return torch.where(found, 2, 1).int() | torch.where(hidden, IGNORE_BIT, 0).int()

    def output_convolutions(self) -> list[nn.Conv2d]:
        """Return nothing: the outputs are not the dataset's classes."""
        return []
