"""K-Net's head: a plain head and stages that refine its kernels."""

from typing import Any

from mmseg.models.decode_heads import IterativeDecodeHead
from mmseg.registry import MODELS

from handbone.errors import HandboneError

from .multilabel_head import MultilabelDecodeHead


@MODELS.register_module()
class MultilabelIterativeDecodeHead(IterativeDecodeHead, MultilabelDecodeHead):
    """Multilabel ``IterativeDecodeHead`` (Zhang et al., 2021), with the same arguments.

    ``kernel_generate_head`` is a multilabel head; its losses apply to the logits of every stage.
    As in mmseg, the features of a class are gathered where its logit is larger than those of the
    other classes; where classes overlap, they share the features of the pixels.

    Args:
        *args: Arguments of ``IterativeDecodeHead``.
        **kwargs: Arguments of ``IterativeDecodeHead``.

    Raises:
        HandboneError: If ``kernel_generate_head`` is not multilabel.

    Example:
        In a config::

            updator = dict(
                type='KernelUpdator', in_channels=256, feat_channels=256, out_channels=256)
            update = dict(
                type='KernelUpdateHead', num_classes=29, in_channels=256, out_channels=256,
                kernel_updator_cfg=updator)
            first = dict(type='MultilabelFCNHead', in_channels=2048, channels=256, num_classes=29)
            decode_head = dict(
                type='MultilabelIterativeDecodeHead', num_stages=2, kernel_update_head=[update] * 2,
                kernel_generate_head=first)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = self.kernel_generate_head
        if not isinstance(first, MultilabelDecodeHead):
            raise HandboneError(
                f'MultilabelIterativeDecodeHead: kernel_generate_head is a {type(first).__name__}, '
                f'which reads integer labels; use Multilabel{type(first).__name__}'
            )
