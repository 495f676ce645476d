"""Bilinear upsampling of logits to the size of the labels, and the way back for gradients."""

import torch
import torch.nn.functional as F
from torch import Tensor


class BilinearUpsampling:
    """Upsampling as ``F.interpolate`` does it, with a fast adjoint on CPUs.

    The adjoint (what autograd calls the backward) is separable: a sparse matrix along the rows and
    one along the columns. PyTorch's own on CPUs goes pixel by pixel and runs in parallel only over
    maps, of which there is one at a time here.

    Args:
        source: Height and width of the logits.
        target: Height and width of the labels.
        align_corners: As in ``F.interpolate``.
        like: A tensor of the dtype and on the device of the maps.
    """

    def __init__(
        self,
        source: tuple[int, int],
        target: tuple[int, int],
        align_corners: bool,
        like: Tensor,
    ) -> None:
        self.source = tuple(source)
        self.target = tuple(target)
        self.align_corners = align_corners
        self.changes_size = self.source != self.target
        if self.changes_size and like.device.type == 'cpu':
            self.rows = _weights(source[0], target[0], align_corners, like.dtype)
            self.columns = _weights(source[1], target[1], align_corners, like.dtype)

    def __call__(self, logits: Tensor) -> Tensor:
        """Upsample.

        Args:
            logits: ``(N, K, h, w)``.

        Returns:
            ``(N, K, H, W)``.
        """
        if not self.changes_size:
            return logits
        return F.interpolate(logits, self.target, mode='bilinear', align_corners=self.align_corners)

    def adjoint(self, gradient: Tensor) -> Tensor:
        """Turn the gradient of upsampled maps into the gradient of what was upsampled.

        Args:
            gradient: ``(N, K, H, W)``.

        Returns:
            ``(N, K, h, w)``.
        """
        if not self.changes_size:
            return gradient
        if gradient.device.type != 'cpu':
            return torch.ops.aten.upsample_bilinear2d_backward(
                gradient, self.target, [*gradient.shape[:2], *self.source], self.align_corners
            )
        maps = [
            (self.columns @ (self.rows @ one).t().contiguous()).t()
            for one in gradient.flatten(0, 1)
        ]
        return torch.stack(maps).unflatten(0, gradient.shape[:2])


def _weights(source: int, target: int, align_corners: bool, dtype: torch.dtype) -> Tensor:
    """Interpolation weights along one axis, sparse (source, target): the image of each unit."""
    units = torch.eye(source, dtype=dtype)[None]
    return F.interpolate(units, target, mode='linear', align_corners=align_corners)[0].to_sparse()
