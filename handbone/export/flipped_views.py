"""Averaged views of a cascade in a graph."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from handbone.models.segmentors.joined_networks import JoinedNetworks
from handbone.models.segmentors.view import View

from .averaging import in_view, weighted_mean


def average_views(segmentor: JoinedNetworks, views: Sequence[View], merge: str) -> None:
    """Let the network of a cascade that labels see views, as test-time augmentation does.

    Args:
        segmentor: The cascade, changed in place.
        views: Flips of what the network sees.
        merge: Mean of ``probabilities`` or of ``logits``.
    """
    if all(view.flip is None for view in views):
        return
    labeller = segmentor.labeller
    if isinstance(labeller, JoinedNetworks):
        average_views(labeller, views, merge)
        return
    name = next(name for name in segmentor.parts if getattr(segmentor, name) is labeller)
    setattr(segmentor, name, FlippedViews(labeller, views, merge))


class FlippedViews(nn.Module):
    """A network of a cascade that gives the mean of several views.

    Args:
        network: The network.
        views: As for :func:`average_views`.
        merge: As for :func:`average_views`.
    """

    def __init__(self, network: nn.Module, views: Sequence[View], merge: str) -> None:
        super().__init__()
        self.network: Any = network
        self.views = tuple(views)
        self.merge = merge
        self.data_preprocessor = self.network.data_preprocessor

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """Compute the mean logits.

        Args:
            inputs: ``(N, channels, h, w)``, normalised.
            batch_img_metas: Meta information of each image.

        Returns:
            ``(N, C, h', w')``.
        """

        def infer(images: Tensor) -> Tensor:
            return self.network.inference(images, batch_img_metas)

        logits = [in_view(view, inputs, infer) for view in self.views]
        shares = [1 / len(logits)] * len(logits)
        return weighted_mean(logits, shares, self.merge, self.network.has_background)
