"""The rules that turn a fingerprint and a budget into a plan; docs/plan.md has their reasons."""

from functools import cache

from .augmentation import choose_augmentation
from .fingerprint import Fingerprint
from .plan import Budget, CostOf, Plan, Size, Step
from .step_choice import choose_step, needed_side, possible_steps

#: Steps after which more are not worth it: from scratch, and from pretrained weights.
MOST_STEPS, MOST_STEPS_PRETRAINED = 6000, 40_000
#: Windows are worth it from this factor between the size that is needed and the one that fits: the
#: thinnest class is then at most two values of the output wide in whole images.
WINDOWS_FROM = 6.0
#: The side of an image in sides of a window, at most, so that a window shows where it is.
MOST_WINDOWS = 3.0


def make_plan(
    fingerprint: Fingerprint,
    budget: Budget,
    cost_of: CostOf,
    folds_given: tuple[int, str] | None = None,
) -> Plan:
    """Plan a training.

    Args:
        fingerprint: Measures of the dataset.
        budget: What the training may take.
        cost_of: What a step costs, measured or estimated.
        folds_given: Number of folds and the CSV that tells them; None to choose.

    Returns:
        The plan.

    Raises:
        HandboneError: Nothing fits into the memory or the time.
    """
    cost_of = cache(cost_of)  # the rules ask again for steps, which take seconds to measure
    needed = needed_side(fingerprint, 1 if budget.device == 'cpu' else 4)
    step = choose_step(fingerprint, budget, cost_of, needed)
    cost = cost_of(step)
    image_size, size_reason = _image_size(fingerprint, step, needed)
    iterations, time_reason = _iterations(fingerprint, budget, step, cost_of)
    augmentation = choose_augmentation(fingerprint)
    fold_file = ''
    if folds_given is None:
        folds, folds_reason = choose_folds(fingerprint.patients)
    else:
        folds, fold_file = folds_given
        folds_reason = f'those of {fold_file}'
    how = 'measured' if cost.weighed else 'estimated'
    memory = f'{cost.memory / 1e9:.1f} GB {how}, of {budget.memory / 1e9:.1f} GB'
    mirror = 'swapping sides' if augmentation.swap else 'yes'
    network_reason = (
        'trains from scratch on a CPU'
        if budget.device == 'cpu'
        else 'the largest that fits memory, time and the number of patients'
    )
    reasons = (
        ('network', step.network, network_reason),
        ('input', _written(step.size), size_reason),
        ('images', 'windows' if image_size != step.size else 'whole', _written(image_size)),
        ('batch', str(step.batch), memory),
        ('precision', step.precision, f'the device is {budget.device}'),
        (
            'checkpointing',
            'yes' if step.recompute else 'no',
            'the batch does not fit without' if step.recompute else 'the batch fits without',
        ),
        ('iterations', str(iterations), time_reason),
        (
            'colours',
            'yes' if fingerprint.color else 'no',
            'most images have colours' if fingerprint.color else 'most images are grey',
        ),
        _grey_values(fingerprint, step),
        ('rotation', f'{augmentation.degrees} degrees', augmentation.flip_reason),
        ('zoom', f'{augmentation.zoom:.2f}', 'half the spread of sizes in the dataset'),
        ('shift', f'{augmentation.shift:.0%}', 'half the spread of positions'),
        ('flip', mirror if augmentation.flip else 'no', augmentation.flip_reason),
        ('folds', str(folds) if folds else 'none', folds_reason),
    )
    return Plan(step, cost, image_size, iterations, augmentation, folds, reasons, fold_file)


def use_ranks(fingerprint: Fingerprint) -> bool:
    """Whether a network that trains from scratch sees ranks instead of grey values.

    Args:
        fingerprint: Measures of the dataset.

    Returns:
        True where grey images differ so much that some have hardly any contrast.
    """
    return fingerprint.pale_images > 0 and not fingerprint.color


def choose_folds(patients: int) -> tuple[int, str]:
    """Choose the number of folds.

    Args:
        patients: Number of patients.

    Returns:
        The number, 0 without folds, and why.
    """
    if patients < 2:
        return 0, 'one patient only (see --patient-pattern): scores are those of training images'
    if patients < 10:
        return min(patients, 3), f'{patients} patients only: scores vary much'
    if patients > 500:
        return 10, f'a tenth of {patients} patients is enough to score on'
    return 5, f'a fifth of {patients} patients is held out'


def _iterations(
    fingerprint: Fingerprint, budget: Budget, step: Step, cost_of: CostOf
) -> tuple[int, str]:
    cost = cost_of(step)
    most = MOST_STEPS_PRETRAINED if step.kind.pretrained else MOST_STEPS
    possible = possible_steps(budget, step, cost_of)
    how = 'measured' if cost.timed else 'estimated'
    seconds = f'{cost.seconds:.2f} s {how} for a step at full size'
    if possible > most:
        return most, f'{seconds}; more than {most} steps bring little'
    epochs = possible * step.batch / fingerprint.images
    return possible, f'{seconds}; each image is seen {epochs:.0f} times'


def _image_size(fingerprint: Fingerprint, step: Step, needed: float) -> tuple[Size, str]:
    """Decide between whole images and windows."""
    side = max(step.size)
    thinnest = fingerprint.thinnest
    wide = thinnest.thickness * side / fingerprint.long_side
    if needed < WINDOWS_FROM * side:
        return step.size, f'{thinnest.name}, the thinnest, is {wide:.0f} pixels wide'
    factor = min(needed / side, MOST_WINDOWS)
    width, height = (round(length * factor) for length in step.size)
    return (
        (width, height),
        f'{thinnest.name}, the thinnest, would be {wide:.0f} pixels wide in whole images',
    )


def _grey_values(fingerprint: Fingerprint, step: Step) -> tuple[str, str, str]:
    if step.kind.pretrained:
        return 'grey values', 'as they are', 'the network is pretrained on them'
    if use_ranks(fingerprint):
        pale = f'{fingerprint.pale_images} of {fingerprint.measured_images}'
        return 'grey values', 'ranks', f'{pale} images have hardly any contrast'
    return 'grey values', 'as they are', 'no image is much paler than the others'


def _written(size: Size) -> str:
    return f'{size[0]} x {size[1]}'
