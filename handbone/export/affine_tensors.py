"""The maps of :mod:`handbone.masks.affine` for a batch, as operations of an exported graph.

Matrices are ``(..., 2, 3)`` float32 and map pixel centres (x, y) to pixel centres.
"""

import torch
from torch import Tensor


def composed(outer: Tensor, inner: Tensor) -> Tensor:
    """Combine two matrices; ``inner`` is applied first."""
    product = outer[..., :2] @ inner
    return torch.cat([product[..., :2], product[..., 2:] + outer[..., 2:]], dim=-1)


def inverted(matrices: Tensor) -> Tensor:
    """Invert matrices whose determinant is not 0."""
    a, b, c, d = (matrices[..., row, column] for row in (0, 1) for column in (0, 1))
    adjugate = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], -2)
    back = adjugate / (a * d - b * c)[..., None, None]
    return torch.cat([back, -(back @ matrices[..., 2:])], dim=-1)


def scaling_matrix(scale_x: float, scale_y: float) -> Tensor:
    """Build the matrix ``(2, 3)`` of a resize, which keeps the corners of the image in place."""
    return torch.tensor([[scale_x, 0, (scale_x - 1) / 2], [0, scale_y, (scale_y - 1) / 2]])
