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


#: ``sum(p * t)``, ``sum(p)``, ``sum(t)`` and the number of pixels, all without ignored
#: and unknown pixels.
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
    """Count the pixels of a batch that are neither ignored nor unknown.

    Args:
        sums: ``(N, C)`` each.

    Returns:
        ``(C,)``, at least 1; see :func:`mean_of_processes`.
    """
    return mean_of_processes(sums[VALID].sum(0)).clamp_(min=1)


def valid_images(sums: dict[SumName, Tensor]) -> Tensor:
    """Count the images of a batch that have such a pixel.

    Args:
        sums: ``(N, C)`` each.

    Returns:
        ``(C,)``, at least 1; see :func:`mean_of_processes`.
    """
    return mean_of_processes((sums[VALID] > 0).to(sums[VALID].dtype).sum(0)).clamp_(min=1)


def mean_of_processes(count: Tensor) -> Tensor:
    """Average counts of pixels over the processes of a distributed training.

    DDP averages the gradients of the processes. Dividing sums over pixels by the mean count gives
    every pixel the same weight, however many pixels each process ignores.

    Args:
        count: Floating point, any shape that all processes have; changed in place.

    Returns:
        The mean; the count itself if there is only one process.
    """
    if get_world_size() > 1:
        all_reduce(count, 'mean')
    return count
