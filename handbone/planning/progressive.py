"""Trainings from scratch that begin with shrunk batches, much as adamw_progressive.py has them."""

from dataclasses import replace

from .plan import CostOf, Step

#: Shares of the iterations at a third and at half of the side; the rest runs at full size.
AT_A_THIRD, AT_HALF = 0.225, 0.55
#: The share at half of a side that is not a multiple of 384, and of a short one, of which half
#: shows little.
AT_HALF_ALONE, AT_HALF_OF_SHORT = 0.775, 0.58
#: The least side that is not short.
LONG_FROM = 384


def size_divisor(side: int) -> int:
    """Find what the sides of images are multiples of.

    Args:
        side: The long side.

    Returns:
        384 where a third and a half are multiples of the network's stride, else 128 for the half.
    """
    return 384 if side % 384 == 0 else 128


def stages(side: int) -> list[tuple[float, int]]:
    """Choose which share of the iterations runs at a reduced side.

    Args:
        side: The long side.

    Returns:
        Shares and factors, for ProgressiveDataPreProcessor.

    >>> stages(256), stages(384)
    ([(0.58, 2)], [(0.225, 3), (0.55, 2)])
    """
    if side % 384 == 0:
        return [(AT_A_THIRD, 3), (AT_HALF, 2)]
    return [(AT_HALF_ALONE if side >= LONG_FROM else AT_HALF_OF_SHORT, 2)]


def reduced_share(side: int) -> float:
    """Find the share of the iterations that runs with shrunk batches.

    Args:
        side: The long side.

    Returns:
        0 to 1.
    """
    return sum(share for share, _ in stages(side))


def mean_seconds(step: Step, cost_of: CostOf) -> float:
    """Find the mean time of the steps of a training.

    Shrunk batches save the network's time, not that of loading and augmenting the images.

    Args:
        step: The step at full size.
        cost_of: What a step costs, measured or estimated.

    Returns:
        Seconds.
    """
    full = cost_of(step).seconds
    if step.kind.pretrained:
        return full
    width, height = step.size
    reduced = stages(max(step.size))
    return (1 - reduced_share(max(step.size))) * full + sum(
        share * cost_of(replace(step, size=(width // factor, height // factor))).seconds
        for share, factor in reduced
    )
