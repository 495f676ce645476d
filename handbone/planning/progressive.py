"""Trainings from scratch that begin with shrunk batches, much as adamw_progressive.py has them."""

from dataclasses import replace

from .plan import CostOf, Step

#: Shares of the iterations at a third and at half of the side; the rest runs at full size.
AT_A_THIRD, AT_HALF = 0.225, 0.55


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

    >>> stages(256)
    [(0.775, 2)]
    """
    if side % 384 == 0:
        return [(AT_A_THIRD, 3), (AT_HALF, 2)]
    return [(AT_A_THIRD + AT_HALF, 2)]


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
    rest = 1 - sum(share for share, _ in reduced)
    return rest * full + sum(
        share * cost_of(replace(step, size=(width // factor, height // factor))).seconds
        for share, factor in reduced
    )
