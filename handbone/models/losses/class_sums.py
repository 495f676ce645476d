"""The sums over pixels that losses on packed labels are made of."""

from collections.abc import Iterable
from typing import NamedTuple

from mmengine.dist import all_reduce, get_world_size
from torch import Tensor


class Surprise(NamedTuple):
    """Name of the sum of ``wrong^exponent * -log(1 - wrong)`` over the pixels of a class.

    ``wrong`` is the probability of the wrong answer: ``1 - p`` where the class is present, ``p``
    elsewhere. With exponent 0 the sum is cross-entropy, with others focal loss.

    Attributes:
        exponent: At least 0.
        present: Sum over the pixels where the class is present, or over those where it is not.
    """

    exponent: float
    present: bool


#: ``sum(p * t)``, ``sum(p)``, ``sum(t)`` and the number of pixels, all without ignored pixels.
BOTH, PREDICTED, PRESENT, VALID = 'both', 'predicted', 'present', 'valid'

SumName = str | Surprise


def sum_names(exponents: Iterable[float]) -> tuple[SumName, ...]:
    """List the sums in the order in which the kernels write them.

    Args:
        exponents: Exponents of the surprises to be summed.

    Returns:
        The four sums that are always computed, then two per exponent: present, absent.
    """
    surprises = [Surprise(exponent, present) for exponent in exponents for present in (True, False)]
    return (BOTH, PREDICTED, PRESENT, VALID, *surprises)


def valid_pixels(sums: dict[SumName, Tensor]) -> Tensor:
    """Count the pixels of a batch that are not ignored.

    Args:
        sums: ``(N, C)`` each.

    Returns:
        Scalar, at least 1; see :func:`mean_of_processes`.
    """
    return mean_of_processes(sums[VALID][:, 0].sum()).clamp_(min=1)


def mean_of_processes(count: Tensor) -> Tensor:
    """Average a count of pixels over the processes of a distributed training.

    DDP averages the gradients of the processes. Dividing sums over pixels by the mean count gives
    every pixel the same weight, however many pixels each process ignores.

    Args:
        count: Scalar, floating point; changed in place.

    Returns:
        The mean, scalar; the count itself if there is only one process.
    """
    if get_world_size() > 1:
        all_reduce(count, 'mean')
    return count
