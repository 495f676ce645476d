"""Segmentors of several networks that are trained apart and joined into one checkpoint."""

from collections.abc import Sequence
from typing import Any

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
