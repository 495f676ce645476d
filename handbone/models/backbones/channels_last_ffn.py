"""The feed-forward layer of MiT without copies between token and map order."""

from mmseg.models.backbones.mit import MixFFN
from torch import Tensor


class ChannelsLastMixFFN(MixFFN):
    """mmseg's ``MixFFN`` on channels-last maps.

    Tokens ``(N, H * W, C)`` are a channels-last map already. The parent copies them into another
    order and back, and its 1 x 1 convolutions are slower there.
    """

    def forward(
        self, x: Tensor, hw_shape: tuple[int, int], identity: Tensor | None = None
    ) -> Tensor:
        """Apply the layer.

        Args:
            x: ``(N, H * W, C)``.
            hw_shape: H and W.
            identity: What the result is added to, same shape; ``x`` if ``None``.

        Returns:
            ``(N, H * W, C)``.
        """
        maps = x.unflatten(1, tuple(hw_shape)).permute(0, 3, 1, 2)
        tokens = self.layers(maps).permute(0, 2, 3, 1).flatten(1, 2)
        return (x if identity is None else identity) + self.dropout_layer(tokens)
