"""The part of an exported graph that PyTorch writes: values of pixels in, logits out."""

from typing import Any

import torch
from mmseg.models.backbones.swin import ShiftWindowMSA
from torch import Tensor, nn

from handbone.errors import HandboneError
from handbone.models import RankDataPreProcessor
from handbone.models.backbones.fused_attention import FusedMultiheadAttention
from handbone.models.segmentors.region_cascade import RegionCascade
from handbone.models.segmentors.second_look import SecondLook
from handbone.models.segmentors.view import View
from handbone.regions import inside

from .averaged_network import AveragedNetwork
from .averaging import in_view
from .cascade_network import ExportedCascade
from .over_image import OverImage
from .preprocessing import Preprocessing
from .second_look_network import ExportedSecondLook
from .sessions import LOGITS, SEEN

AS_IT_IS = View()
#: Parts of the queries. At 1024 the largest matrix of SegFormer then takes 32 MB, at 1536 170 MB.
PIECES = 8


class SymbolicShiftWindowMSA(ShiftWindowMSA):
    """mmseg's shifted windows, whose batch size is not computed as a Python number."""

    def window_reverse(self, windows: Tensor, H: int, W: int) -> Tensor:  # noqa: N803
        """Put windows together.

        Args:
            windows: ``(windows * N, window_size, window_size, C)``.
            H: Height of the map.
            W: Width of the map.

        Returns:
            ``(N, H, W, C)``.
        """
        side = self.window_size
        tiles = windows.view(-1, H // side, W // side, side, side, windows.shape[-1])
        return tiles.transpose(2, 3).reshape(-1, H, W, windows.shape[-1])


class PiecewiseAttention(FusedMultiheadAttention):
    """Attention of many queries to fewer keys, a part of the queries after the other.

    PyTorch's fused attention never holds the matrix of all queries by all keys, but the runtimes
    of exported graphs do.
    """

    def forward(  # type: ignore[override]  # exported layers get no other arguments by place
        self, query: Tensor, key: Tensor, value: Tensor, **kwargs: Any
    ) -> tuple[Tensor, None]:
        """Attend as the parent does.

        Args:
            query: ``(L, N, C)``, or ``(N, L, C)`` with ``batch_first``.
            key: The same with its own length.
            value: As the keys.
            **kwargs: Further arguments of the parent.

        Returns:
            The output, shaped as the queries, and ``None`` in place of the weights.
        """
        attend = super().forward
        if query is key:
            return attend(query, key, value, **kwargs)
        axis = 1 if self.batch_first else 0
        pieces = query.tensor_split(PIECES, axis)
        return torch.cat([attend(each, key, value, **kwargs)[0] for each in pieces], axis), None


#: What stands in for a layer: what would hold for one batch size only, or take too much memory.
EXPORTED = {ShiftWindowMSA: SymbolicShiftWindowMSA, FusedMultiheadAttention: PiecewiseAttention}


def exported_network(segmentor: nn.Module, preprocessing: Preprocessing) -> nn.Module:
    """Build what the exporter writes of a segmentor.

    Args:
        segmentor: A multilabel segmentor of mmseg's kind; layers of :data:`EXPORTED` are replaced
            in it.
        preprocessing: Mean and standard deviation of each channel.

    Returns:
        A module that takes images and the size of their content.

    Raises:
        HandboneError: If a graph cannot do what the segmentor does.
    """
    if isinstance(segmentor, SecondLook) and segmentor.exclusive:
        raise HandboneError(
            'a SecondLook whose classes exclude each other is not exported: predict with the '
            'checkpoint'
        )
    for layer in segmentor.modules():
        if type(layer) in EXPORTED:
            layer.__class__ = EXPORTED[type(layer)]
    if isinstance(segmentor, SecondLook):
        return ExportedSecondLook(segmentor, preprocessing).eval()
    if isinstance(segmentor, RegionCascade):
        return ExportedCascade(segmentor, preprocessing).eval()
    if isinstance(segmentor, AveragedNetwork):
        return ExportedMean(segmentor, preprocessing).eval()
    return ExportedNetwork(segmentor, preprocessing).eval()


class ExportedNetwork(nn.Module):
    """Normalisation, network and head.

    Shape:
        - Images: ``(N, 1, H, W)`` float32, grey values 0 to 255, resized and padded;
          ``(N, 3, H, W)`` in the order of the means where the network sees colours.
        - Content: ``(2,)`` int64, height and width of the images without their padding.
        - Output: ``(N, C, h, w)`` float32, logits of the padded images.

    Args:
        segmentor: A multilabel segmentor of mmseg's kind.
        preprocessing: Mean and standard deviation of each channel.
    """

    output_names = (LOGITS,)
    mean: Tensor
    std: Tensor

    def __init__(self, segmentor: nn.Module, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.segmentor: Any = segmentor
        preprocessor = getattr(segmentor, 'data_preprocessor', None)
        self.ranks = preprocessor if isinstance(preprocessor, RankDataPreProcessor) else None
        for name in ('mean', 'std'):
            values = torch.tensor(getattr(preprocessing, name), dtype=torch.float32)
            self.register_buffer(name, values.reshape(1, -1, 1, 1))

    def forward(self, images: Tensor, content: Tensor, view: View = AS_IT_IS) -> Tensor:
        """Compute the logits, those of a flipped view flipped back."""
        if self.ranks is not None:
            images = self.ranks.normalise(images, content)
        # padding is 0 after normalisation, which no grey value need be
        normalised = (images - self.mean) / self.std * inside(images, content)
        return in_view(view, normalised, lambda shown: self.segmentor.inference(shown, []))


class ExportedMean(nn.Module):
    """Several networks of the same input and their mean.

    Shape:
        - Images and content: as for :class:`ExportedNetwork`.
        - Output: the mean logits of the padded images. With cascades among the networks, also what
          the first network of one sees, as :class:`ExportedCascade` describes it, and where the
          regions of all of them lie.

    Args:
        averaged: The networks.
        preprocessing: Mean and standard deviation of each channel.
    """

    def __init__(self, averaged: AveragedNetwork, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.averaged = averaged
        self.networks = nn.ModuleList(
            each if isinstance(each, OverImage) else ExportedNetwork(each, preprocessing)
            for each in averaged.segmentors
        )

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs in their order."""
        names = [
            _of_member(index, name)
            for index, network in enumerate(self.networks)
            if isinstance(network, OverImage)
            for name in network.output_names[1:]
        ]
        return list(dict.fromkeys([LOGITS, *names]))

    def forward(self, images: Tensor, content: Tensor) -> tuple[Tensor, ...]:
        """Compute the mean logits."""
        logits: list[list[Tensor]] = []
        others: dict[str, Tensor] = {}
        for index, (network, views) in enumerate(
            zip(self.networks, self.averaged.views, strict=True)
        ):
            if isinstance(network, OverImage):
                own, *rest = network(images, content)
                logits.append([own])
                for name, value in zip(network.output_names[1:], rest, strict=True):
                    others.setdefault(_of_member(index, name), value)
            else:
                logits.append([network(images, content, view) for view in views])
        return self.averaged.mean(logits), *others.values()


def _of_member(index: int, name: str) -> str:
    """Name an output of a member. What the first one sees tells how many regions there are."""
    return name if name == SEEN else f'member_{index}_{name}'
