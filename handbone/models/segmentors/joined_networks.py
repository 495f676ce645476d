"""Segmentors of several networks that are trained apart and joined into one checkpoint."""

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.structures import SegDataSample
from torch import Tensor

from handbone.errors import HandboneError

from .multilabel_segmentor import PackedPrediction
from .network_views import divisor_of


class JoinedNetworks(PackedPrediction):
    """What segmentors of several networks have in common.

    Attributes:
        parts: Names of the networks, each with a checkpoint of its own before ``handbone join``.
        shrink: Side of the blocks of pixels that the first network sees as one.
    """

    parts: Sequence[str]
    shrink: int

    @property
    def labeller(self) -> Any:
        """The network that labels what :meth:`views` shows."""
        raise NotImplementedError

    @property
    def view_preprocessor(self) -> Any:
        """The data preprocessor that normalises what :meth:`views` shows."""
        return self.labeller.view_preprocessor

    def set_up_decision(self) -> None:
        """Complete and check ``test_cfg.decision``; see :class:`Decision`.

        Raises:
            HandboneError: If the decision does not exist.
        """
        super().set_up_decision()
        # its logits are those that are averaged and decided on
        self.has_background = self.labeller.has_background

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the logits of views.

        Args:
            inputs: ``(N, channels, h, w)`` of :meth:`views`.
            batch_img_metas: Meta information of each image.

        Returns:
            ``(N, C, h', w')``.
        """
        return self.labeller.inference(inputs, batch_img_metas)

    def extract_feat(self, inputs: Tensor) -> Any:
        """Compute the features of views; see :meth:`inference`."""
        return self.labeller.extract_feat(inputs)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the logits of views; as :meth:`inference`."""
        return self.labeller.encode_decode(inputs, batch_img_metas)

    def check_frame(self, first: Any, name: str) -> None:
        """Check what the first network sees of the images.

        Args:
            first: The first network.
            name: Its name.

        Raises:
            HandboneError: If ``shrink``, the data preprocessor or the mode do not fit it.
        """
        kind = type(self).__name__
        if not isinstance(self.shrink, int) or self.shrink < 1:
            raise HandboneError(f'{kind}: shrink is a number from 1 on, got {self.shrink}')
        if getattr(self.data_preprocessor, '_enable_normalize', False):
            raise HandboneError(
                f'{kind}: its networks normalise images; remove its data_preprocessor.mean'
            )
        divisor, wanted = divisor_of(self), self.shrink * divisor_of(first)
        if divisor % wanted:
            raise HandboneError(
                f'{kind}: data_preprocessor.test_cfg.size_divisor={divisor} has to be a multiple '
                f'of {wanted}, shrink={self.shrink} times the size_divisor of the {name}'
            )

    def loss(self, inputs: Tensor, data_samples: Sequence[SegDataSample]) -> dict[str, Tensor]:
        """Refuse to train all networks at once.

        Args:
            inputs: Not used.
            data_samples: Not used.

        Raises:
            HandboneError: Always.
        """
        raise HandboneError(
            f'a {type(self).__name__} is not trained as a whole: train {" and ".join(self.parts)} '
            'with their own configs and put them together with `handbone join`'
        )


def content_of(data_samples: list[SegDataSample], inputs: Tensor) -> Tensor:
    """Find the size of the images of a batch.

    Args:
        data_samples: Their samples.
        inputs: The batch.

    Returns:
        Height and width without padding, ``(2,)``.

    Raises:
        HandboneError: If they differ.
    """
    shapes = {tuple(sample.metainfo['img_shape'][:2]) for sample in data_samples}
    if len(shapes) > 1:
        raise HandboneError(
            f'a batch of a cascade has images of one size, got {sorted(shapes)}; use test_step, '
            'which splits batches'
        )
    return torch.tensor(shapes.pop(), device=inputs.device)
