"""The sums over pixels that losses on packed labels are made of."""

from collections.abc import Iterable
from typing import NamedTuple

from torch import Tensor


class Surprise(NamedTuple):
    """Name of the sum of ``wrong^exponent * -log(1 - wrong)`` over the pixels of a class.

    ``wrong`` is the probability of what is not so: ``1 - p`` where the class is present, ``p``
    elsewhere. With the exponent 0 that is cross-entropy, else focal loss.

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
        exponents: Exponents of the surprise that is to be summed.

    Returns:
        The four sums that are always there, then two an exponent: present, absent.
    """
    surprises = [Surprise(exponent, present) for exponent in exponents for present in (True, False)]
    return (BOTH, PREDICTED, PRESENT, VALID, *surprises)


def valid_pixels(sums: dict[SumName, Tensor]) -> Tensor:
    """Count the pixels of a batch that are not ignored.

    Args:
        sums: ``(N, C)`` each.

    Returns:
        Scalar, at least 1.
    """
    return sums[VALID][:, 0].sum().clamp_(min=1)
