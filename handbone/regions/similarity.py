"""The rotation, scale, shift and, where wanted, mirroring between two sets of points.

Written in operations of tensors without a decision in Python, so that an exported graph does the
same as PyTorch.
"""

from typing import NamedTuple

import torch
from torch import Tensor

#: Distances, in shares of the template's extent, at which a point loses three quarters of its
#: weight, one per round. The first rounds find the bulk of the points, the last ones refine.
TOLERANCES = (0.6, 0.35, 0.2, 0.12, 0.08, 0.06, 0.06, 0.06)


class Fit(NamedTuple):
    """Similarity transforms of a batch.

    Attributes:
        matrices: ``(N, 2, 3)``, from points of the template to those that were found.
        support: ``(N, C)``, 0 to 1, how well each point agrees with its transform, 0 for those that
            were not found.
    """

    matrices: Tensor
    support: Tensor


def fit_similarity(
    template: Tensor, points: Tensor, weights: Tensor, mirrored: bool = False
) -> Fit:
    """Fit transforms by least squares, with less and less weight on points that do not agree.

    In complex numbers a similarity is ``p = a * t + b``, or ``a * conj(t) + b`` with mirroring,
    which weighted least squares solve in closed form. The weights follow from the distances of the
    round before (Geman and McClure, with tolerances that fall, as in graduated non-convexity).

    Args:
        template: ``(C, 2)`` points x, y of the template.
        points: ``(N, C, 2)`` points that were found.
        weights: ``(N, C)``, 0 for a point that was not found.
        mirrored: Fit mirrored transforms.

    Returns:
        The transforms.
    """
    sign = -1.0 if mirrored else 1.0
    source = torch.stack([template[:, 0], sign * template[:, 1]], dim=1).expand_as(points)
    extent = (template.amax(dim=0) - template.amin(dim=0)).norm()
    found = (weights > 0).to(weights)
    robust = torch.ones_like(weights)
    for tolerance in TOLERANCES:
        real, imaginary, shift = _least_squares(source, points, weights * robust)
        x, y = source.unbind(dim=2)
        moved = torch.stack([real * x - imaginary * y, imaginary * x + real * y], dim=2) + shift
        # distances in the template: in the image they would shrink with the scale
        scale = (real**2 + imaginary**2).clamp_min(1e-12)
        squares = ((moved - points) ** 2).sum(dim=2) / scale / (extent * tolerance) ** 2
        robust = 1 / (1 + squares) ** 2
    rows = torch.cat([real, -sign * imaginary, imaginary, sign * real], dim=1).reshape(-1, 2, 2)
    matrices = torch.cat([rows, shift.transpose(1, 2)], dim=2)
    return Fit(matrices, found * robust.sqrt())


def _least_squares(
    source: Tensor, points: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Real and imaginary part of the factor, ``(N, 1)``, and the shift, ``(N, 1, 2)``."""
    share = weights / weights.sum(dim=1, keepdim=True).clamp_min(1e-12)
    share = share[:, :, None]
    middle = (share * source).sum(dim=1, keepdim=True)
    target = (share * points).sum(dim=1, keepdim=True)
    x, y = (source - middle).unbind(dim=2)
    u, v = (points - target).unbind(dim=2)
    share = share[:, :, 0]
    spread = (share * (x**2 + y**2)).sum(dim=1, keepdim=True).clamp_min(1e-12)
    real = (share * (x * u + y * v)).sum(dim=1, keepdim=True) / spread
    imaginary = (share * (x * v - y * u)).sum(dim=1, keepdim=True) / spread
    x, y = middle.unbind(dim=2)
    moved = torch.stack([real * x - imaginary * y, imaginary * x + real * y], dim=2)
    return real, imaginary, target - moved
