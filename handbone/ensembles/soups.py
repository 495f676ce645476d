"""Model soups: the mean of the weights of several checkpoints.

Wortsman et al., Model soups: averaging weights of multiple fine-tuned models improves accuracy
without increasing inference time, ICML 2022.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from handbone.errors import HandboneError

#: A function that reads the weights of a checkpoint, given its name.
Reader = Callable[[str], Mapping[str, Tensor]]
#: Maximum number of names that an error lists.
LISTED = 5


def average_weights(names: Sequence[str], read: Reader) -> dict[str, Tensor]:
    """Average the weights of checkpoints, with one checkpoint in memory at a time.

    The statistics of BatchNorm are averaged like weights. Integers, such as its number of batches,
    are those of the first checkpoint.

    Args:
        names: The checkpoints, at least one.
        read: Reads the weights of a checkpoint.

    Returns:
        Tensors by name, with the types of the first checkpoint; the mean is computed in float64.

    Raises:
        HandboneError: If the names or shapes of the weights differ; the message lists the
            differences in alphabetical order.
    """
    sums: dict[str, Tensor] = {}
    first: dict[str, tuple] = {}
    for name in names:
        weights = read(name)
        if not first:
            first = {key: (weight.dtype, weight.shape) for key, weight in weights.items()}
            sums = {
                key: weight.double() if weight.is_floating_point() else weight.clone()
                for key, weight in weights.items()
            }
            continue
        shapes = {key: shape for key, (_, shape) in first.items()}
        check_same_weights(name, {k: w.shape for k, w in weights.items()}, names[0], shapes)
        for key, weight in weights.items():
            if sums[key].is_floating_point():
                sums[key] += weight
    return {
        key: (total / len(names) if total.is_floating_point() else total).to(first[key][0])
        for key, total in sums.items()
    }


def check_same_weights(
    name: str, shapes: Mapping[str, Sequence[int]], first_name: str, first: Mapping
) -> None:
    """Check that two checkpoints are of the same model.

    Args:
        name: A checkpoint.
        shapes: Shapes of its weights by name.
        first_name: The first checkpoint.
        first: Shapes of its weights by name.

    Raises:
        HandboneError: If they are not; the differences are sorted by name.
    """
    faults = []
    for what, keys in (
        ('lacks', sorted(first.keys() - shapes.keys())),
        ('has in addition', sorted(shapes.keys() - first.keys())),
        (
            'has in a different shape',
            [
                f'{key} ({_size(shapes[key])} for {_size(first[key])})'
                for key in sorted(first.keys() & shapes.keys())
                if tuple(shapes[key]) != tuple(first[key])
            ],
        ),
    ):
        if keys:
            rest = f' and {len(keys) - LISTED} more' if len(keys) > LISTED else ''
            faults.append(f'it {what} {", ".join(keys[:LISTED])}{rest}')
    if faults:
        raise HandboneError(
            f'{name} is not of the same model as {first_name}: {"; ".join(faults)}. All '
            'checkpoints of a soup must come from the same config'
        )


def greedy_choice(
    names: Sequence[str], scores: Sequence[float], score: Callable[[list[str]], float]
) -> tuple[list[str], float]:
    """Choose the checkpoints of a greedy soup.

    From the best to the worst, each is added if the mean with it scores no worse than without it.

    Args:
        names: The checkpoints.
        scores: The score of each, higher is better.
        score: Computes the score of the mean of some of them.

    Returns:
        The chosen checkpoints, the best one first, and the score of their mean.
    """
    order = sorted(range(len(names)), key=lambda index: -scores[index])
    chosen, best = [names[order[0]]], scores[order[0]]
    for index in order[1:]:
        reached = score([*chosen, names[index]])
        if reached >= best:
            chosen, best = [*chosen, names[index]], reached
    return chosen, best


def recompute_batch_norm(model: torch.nn.Module, inputs: Iterable[Tensor]) -> None:
    """Measure the statistics of BatchNorm again, because averaged weights change them.

    Args:
        model: The model, changed in place; called with the batches.
        inputs: Batches (N, 3, H, W), normalised, on the model's device.
    """
    training = model.training
    torch.optim.swa_utils.update_bn(inputs, model)
    model.train(training)


def _size(shape: Sequence[int]) -> str:
    return ' x '.join(map(str, shape)) or 'a number'
