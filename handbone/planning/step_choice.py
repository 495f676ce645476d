"""Which network, input size and batch fit the memory and the time; docs/plan.md has the reasons."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from handbone.errors import HandboneError

from .fingerprint import Fingerprint
from .networks import NETWORKS
from .plan import Budget, CostOf, Size, Step, StepCost
from .progressive import mean_seconds, size_divisor

#: Values of the output across the thinnest class.
ACROSS = 12
#: Long sides that suit a network on a CPU, which begins at a half or a third of the side.
CPU_SIDES = (256, 384, 512, 640, 768, 1024)
#: Long sides on a GPU.
GPU_SIDES = (256, 384, 512, 768, 1024, 1280, 1536, 2048)
#: Batch on a CPU, where more steps help more than smoother ones.
CPU_BATCH = 4
#: The largest and the least batch on a GPU.
GPU_BATCHES = (8, 4, 2)
#: Steps without which a network is not worth starting: from scratch, and from pretrained weights.
LEAST_STEPS, LEAST_STEPS_PRETRAINED = 2000, 5000
#: Classes from which on twice the channels at the finest level are worth their time, and steps
#: without which they are not.
MANY_CLASSES, LEAST_STEPS_WIDE = 16, 1500
#: Steps without which there is no plan: a twelfth of them warms the training up.
FEWEST_STEPS = 12
#: Share of the memory that is planned, and share of the time that is left for steps.
MEMORY_SHARE, TIME_SHARE = 0.85, 0.9
#: Seconds in which a training begins.
START = 15
#: Patients below which large networks are not tried.
FEW_PATIENTS = 50
FOR_FEW = ('segformer_mit-b0', 'segformer_mit-b2')


def choose_step(fingerprint: Fingerprint, budget: Budget, cost_of: CostOf, needed: float) -> Step:
    """Choose the training step of a plan.

    Args:
        fingerprint: Measures of the dataset.
        budget: What the training may take.
        cost_of: What a step costs, measured or estimated.
        needed: The long side that :func:`needed_side` finds, in pixels.

    Returns:
        The step.

    Raises:
        HandboneError: Nothing fits into the memory or the time.
    """
    choose = _choose_on_cpu if budget.device == 'cpu' else _choose_on_gpu
    return choose(fingerprint, budget, cost_of, needed)


def needed_side(fingerprint: Fingerprint, stride: int) -> float:
    """Find the long side at which the thinnest class has enough values of the output across.

    Args:
        fingerprint: Measures of the dataset.
        stride: Pixels per value of the output.

    Returns:
        Pixels, at most those of the images.
    """
    scale = ACROSS * stride / max(fingerprint.thinnest.thickness, 1.0)
    return fingerprint.long_side * min(scale, 1.0)


def fitted(fingerprint: Fingerprint, long_side: int, divisor: int) -> Size:
    """Fit the shape of the median image into a long side.

    Args:
        fingerprint: Measures of the dataset.
        long_side: Pixels of the longer side.
        divisor: What both sides are multiples of.

    Returns:
        Width and height.
    """
    scale = long_side / fingerprint.long_side
    width, height = (
        min(long_side, divisor * ceil(round(side * scale) / divisor))
        for side in (fingerprint.width, fingerprint.height)
    )
    return width, height


def _choose_on_cpu(
    fingerprint: Fingerprint, budget: Budget, cost_of: CostOf, needed: float
) -> Step:
    """Take the size that is needed, or the largest for which the time suffices."""
    wanted = next((side for side in CPU_SIDES if side >= needed), CPU_SIDES[-1])
    batch = min(CPU_BATCH, max(fingerprint.images, 2))
    steps = [
        Step('folded_unet', fitted(fingerprint, side, size_divisor(side)), batch)
        for side in CPU_SIDES
        if side <= wanted
    ]
    chosen = steps[0]
    # from small to large, so that no step is timed that takes minutes of a budget of one
    for step in steps:
        if not _fits(cost_of(step), budget) or possible_steps(budget, step, cost_of) < LEAST_STEPS:
            break
        chosen = step
    wide = replace(chosen, network='folded_unet_wide')
    if (
        len(fingerprint.classes) >= MANY_CLASSES
        and possible_steps(budget, chosen, cost_of) >= LEAST_STEPS  # else it is not worth timing
        and _fits(cost_of(wide), budget)
        and possible_steps(budget, wide, cost_of) >= LEAST_STEPS_WIDE
    ):
        return wide
    return _only_if_it_fits(chosen, cost_of, budget)


def _choose_on_gpu(
    fingerprint: Fingerprint, budget: Budget, cost_of: CostOf, needed: float
) -> Step:
    """Take the largest network that fits at the size that is needed; else a smaller size."""
    wanted = min(GPU_SIDES, key=lambda side: abs(side - needed))
    found = None
    for side in reversed([side for side in GPU_SIDES if side <= wanted]):
        for step in _steps_on_gpu(fingerprint, budget, side):
            if step.recompute and _fits(cost_of(replace(step, recompute=False)), budget):
                continue  # not the memory is short, but the time
            found = step
            fits = _fits(cost_of(step), budget)
            if fits and possible_steps(budget, step, cost_of) >= LEAST_STEPS_PRETRAINED:
                return step
    assert found is not None
    return _only_if_it_fits(found, cost_of, budget)


def _steps_on_gpu(fingerprint: Fingerprint, budget: Budget, side: int) -> Iterator[Step]:
    """List what is tried at a size: large networks first, and large batches first."""
    names = [name for name, network in NETWORKS.items() if network.pretrained]
    if fingerprint.patients < FEW_PATIENTS:
        names = [name for name in names if name in FOR_FEW]
    for name in reversed(names):
        size = fitted(fingerprint, side, NETWORKS[name].divisor)
        for recompute in (False, True):
            for batch in GPU_BATCHES:
                if not (recompute and batch > min(GPU_BATCHES)):
                    yield Step(name, size, batch, budget.half, recompute)


def _fits(cost: StepCost, budget: Budget) -> bool:
    return cost.memory <= MEMORY_SHARE * budget.memory


def _only_if_it_fits(step: Step, cost_of: CostOf, budget: Budget) -> Step:
    """Take the smallest step although the time is short; without memory there is no plan."""
    cost = cost_of(step)
    if not _fits(cost, budget):
        raise HandboneError(
            f'The smallest training step takes {cost.memory / 1e9:.1f} GB, and '
            f'{MEMORY_SHARE:.0%} of {budget.memory / 1e9:.1f} GB may be used. Give more memory.'
        )
    if possible_steps(budget, step, cost_of) < FEWEST_STEPS:
        raise HandboneError(
            f'A training step takes {cost.seconds:.1f} s, and there are {budget.seconds:.0f} s in '
            'all. Give more time: --time.'
        )
    return step


def possible_steps(budget: Budget, step: Step, cost_of: CostOf) -> int:
    """Count the steps for which there is time.

    Args:
        budget: What the training may take.
        step: The step at full size.
        cost_of: What a step costs, measured or estimated.

    Returns:
        Their number.
    """
    return int(TIME_SHARE * max(budget.seconds - START, 0) / mean_seconds(step, cost_of))
