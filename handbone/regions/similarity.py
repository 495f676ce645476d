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


class SidedFit(NamedTuple):
    """Similarity transforms of a batch, each mirrored or not.

    Attributes:
        matrices: ``(N, 2, 3)``, from points of the template to those that were found.
        support: ``(N,)``, how many points agree with their transform.
        mirrored: ``(N,)`` bool.
    """

    matrices: Tensor
    support: Tensor
    mirrored: Tensor


def fit_either_side(
    template: Tensor, points: Tensor, weights: Tensor, mirror: bool = True
) -> SidedFit:
    """Fit the template and its mirror image, and take the one that agrees better.

    Args:
        template: As for :func:`fit_similarity`.
        points: The same.
        weights: The same.
        mirror: Whether mirrored transforms are allowed.

    Returns:
        The transforms.
    """
    # one fit of both halves the size of an exported graph
    ones = torch.ones_like(weights[:, :1])
    sides = torch.cat([ones, -ones])
    fit = fit_similarity(template, points.repeat(2, 1, 1), weights.repeat(2, 1), sides)
    matrices = fit.matrices.unflatten(0, (2, -1))
    support = fit.support.sum(dim=1).unflatten(0, (2, -1))
    mirrored = (support[1] > support[0]) & mirror
    return SidedFit(
        torch.where(mirrored[:, None, None], matrices[1], matrices[0]),
        torch.where(mirrored, support[1], support[0]),
        mirrored,
    )


def fit_similarity(
    template: Tensor, points: Tensor, weights: Tensor, sides: Tensor | float = 1.0
) -> Fit:
    """Fit transforms by least squares, with less and less weight on points that do not agree.

    In complex numbers a similarity is ``p = a * t + b``, or ``a * conj(t) + b`` with mirroring,
    which weighted least squares solve in closed form. The weights follow from the distances of the
    round before (Geman and McClure, with tolerances that fall, as in graduated non-convexity).

    Args:
        template: ``(C, 2)`` points x, y of the template.
        points: ``(N, C, 2)`` points that were found.
        weights: ``(N, C)``, 0 for a point that was not found.
        sides: ``(N, 1)``, -1 for a mirrored transform, 1 for another; or one number for all.

    Returns:
        The transforms.
    """
    ones = torch.ones_like(points[:, :, 0])
    source = torch.stack([template[:, 0] * ones, template[:, 1] * sides * ones], dim=2)
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
    rows = torch.cat([real, -sides * imaginary, imaginary, sides * real], dim=1).reshape(-1, 2, 2)
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
