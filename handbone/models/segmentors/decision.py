"""How a segmentor decides on the classes of a pixel: each by itself, or at most one of them."""

from typing import TYPE_CHECKING, Any

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from handbone.errors import HandboneError, check_word
from handbone.masks import check_thresholds

from .background_heads import IndexMaps, check_background_heads, find_background_heads

if TYPE_CHECKING:
    from mmseg.models import BaseSegmentor as Host
else:
    Host = object  # the segmentor follows in the list of base classes

#: Words of ``test_cfg.decision``.
DECISIONS = ('independent', 'exclusive')


class Decision(Host):
    """Independent or exclusive classes, and heads of mmseg that have a channel for the background.

    Their logits are taken relative to the background, so that everything after them has one logit
    per class: the largest channel is the largest class where that is above 0, and else background.

    Attributes:
        has_background: Whether the heads have a channel for the background.
    """

    def set_up_decision(self) -> None:
        """Complete and check ``test_cfg.decision``.

        Raises:
            HandboneError: If the decision does not exist or does not fit the heads.
        """
        decision = self.test_cfg.setdefault('decision', 'independent')
        check_word('test_cfg.decision', decision, DECISIONS)
        heads = self.background_heads
        self.has_background = bool(heads)
        if heads:
            check_background_heads(self, heads, self.exclusive)
            head: Any = self.decode_head
            head = head[-1] if isinstance(head, nn.ModuleList) else head
            self.num_classes = self.out_channels = head.num_classes - 1
            self._index_maps = IndexMaps(self.num_classes, head.ignore_index)

    @property
    def background_heads(self) -> dict[str, BaseDecodeHead]:
        """The heads that have a channel for the background, by name."""
        return find_background_heads(self)

    @property
    def exclusive(self) -> bool:
        """Whether a pixel has at most one class."""
        return self.test_cfg['decision'] == 'exclusive'

    def check_exclusive_threshold(self, threshold: Any) -> None:
        """Check that a threshold has a meaning where classes exclude each other.

        Args:
            threshold: ``test_cfg.threshold``.

        Raises:
            HandboneError: If there is more than one threshold, or one where the background has a
                channel.
        """
        if not self.exclusive:
            return
        thresholds = set(check_thresholds(threshold, self.num_classes, 'test_cfg.threshold'))
        if len(thresholds) > 1:
            raise HandboneError(
                'test_cfg.threshold has different thresholds for classes that exclude each other: '
                'the class with the largest logit is taken; give one number, which it has to exceed'
            )
        if self.has_background and thresholds != {0.5}:
            raise HandboneError(
                f'test_cfg.threshold={thresholds.pop():g} has no meaning here: the head has a '
                'channel for the background, and the largest channel is taken; leave the threshold '
                'out'
            )

    def loss(self, inputs: Tensor, data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs: ``(N, channels, H, W)``, normalised.
            data_samples: Samples with ``gt_sem_seg.data`` of shape ``(P, H, W)``, int32. Heads with
                a channel for the background get class numbers instead.

        Returns:
            Losses by name.
        """
        if self.has_background:
            data_samples = self._index_maps(data_samples)
        return super().loss(inputs, data_samples)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the head's logits.

        Args:
            inputs: ``(N, channels, H, W)``, normalised.
            batch_img_metas: Meta information of each image.

        Returns:
            ``(N, C, h, w)``; those of a head with a channel for the background relative to it.
        """
        if not self.has_background:
            return super().encode_decode(inputs, batch_img_metas)
        if _only_upsamples(self.decode_head):
            logits = self.decode_head(self.extract_feat(inputs))
        else:
            # mmseg upsamples to the size that it reads here: that of the input, also of a window
            metas = [dict(img_shape=inputs.shape[2:])] * len(inputs)
            logits = super().encode_decode(inputs, metas)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        # The largest stays the largest, softmax does not see the difference, and upsampling, which
        # is linear, can come afterwards.
        return logits[:, 1:] - logits[:, :1]


def _only_upsamples(head: Any) -> bool:
    """Tell whether mmseg's prediction with a head is its logits, upsampled."""
    methods = BaseDecodeHead.predict, BaseDecodeHead.predict_by_feat
    kind = type(head)
    return isinstance(head, BaseDecodeHead) and (kind.predict, kind.predict_by_feat) == methods
