"""Load the weights of a checkpoint into a model, and compare the two first."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from torch import Tensor, nn

from handbone.errors import HandboneError, counted, listed
from handbone.listing import normal_forms
from handbone.starter import WEIGHTS

from .loading import starter_or_file
from .plain_names import plain_name, plain_weights

#: Maximum number of names to list; more are counted by part of the model.
LISTED = 3
#: Names of buffers of norms and attention windows, which some versions of a model lack.
STATISTICS = (
    'num_batches_tracked',
    'running_mean',
    'running_var',
    'relative_position_index',
    'attn_mask',
)
#: The networks of a cascade, in the order in which they run.
CASCADE_PARTS = ('locator', 'network')


def weights_of(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Find the weights in a checkpoint.

    Args:
        content: What :func:`handbone.checkpoints.load_checkpoint_file` returned.
        name: The file, for messages.

    Returns:
        Tensors by name.

    Raises:
        HandboneError: If there are none.
    """
    if 'state_dict' in content:
        return content['state_dict']
    tensors = {key: each for key, each in content.items() if isinstance(each, Tensor)}
    if not tensors:
        raise HandboneError(f'{name} holds no weights')
    return plain_weights(tensors, name)


def checkpoint_classes(content: Mapping) -> tuple[str, ...] | None:
    """Read the class names that a checkpoint was trained on.

    Args:
        content: What the file holds.

    Returns:
        The names, or None if it does not hold them.
    """
    meta = content.get('meta') or {}
    classes = (meta.get('dataset_meta') or {}).get('classes')
    return None if classes is None else tuple(classes)


def fit_faults(
    content: Mapping[str, Any], name: str, model: nn.Module, classes: Sequence[str] | None = None
) -> list[str]:
    """Compare a checkpoint with a model and the classes of a dataset.

    Args:
        content: What the file holds.
        name: The file, for messages.
        model: The model, also within DDP or test-time augmentation.
        classes: Names of the dataset's classes; not compared by default.

    Returns:
        The differences; empty if the checkpoint fits.

    Raises:
        HandboneError: If the checkpoint holds no weights.
    """
    of_classes = class_faults(checkpoint_classes(content), classes or ())
    return of_classes + weight_faults(weights_of(content, name), model)


def load_weights(
    model: nn.Module,
    content: Mapping[str, Any],
    name: str,
    classes: Sequence[str] | None = None,
    wanted: str = 'the config',
) -> None:
    """Load the weights of a checkpoint into a model, if they fit.

    Args:
        model: The model, also within DDP, ``torch.compile`` or test-time augmentation.
        content: What :func:`handbone.checkpoints.load_checkpoint_file` returned.
        name: The file, for messages.
        classes: Names of the dataset's classes; not compared by default.
        wanted: What messages call the source of the model.

    Raises:
        HandboneError: If the checkpoint is of different classes or of a different model.
    """
    differences = fit_faults(content, name, model, classes)
    if differences:
        raise HandboneError(
            f'{name} does not fit {wanted}: {"; ".join(differences)}. Give a checkpoint of this '
            'config, or the config that the checkpoint was trained with (it is beside the '
            'checkpoint in its work dir)'
        )
    put_weights(model, weights_of(content, name))


def part_that_fits(
    weights: Mapping[str, Any], model: nn.Module, parts: Sequence[str] = CASCADE_PARTS[::-1]
) -> tuple[Mapping[str, Any], str | None]:
    """Take from the weights of a cascade those of the network that a model is.

    Args:
        weights: Tensors by name, of any model.
        model: The model.
        parts: The networks to consider; by default both, the one that labels first.

    Returns:
        The weights of the one network in a cascade of which most fit the model, with the names that
        they have in it, and the name of the network. All weights and None if no network fits
        better than they do, as where they are not those of a cascade.
    """
    sizes = {plain_name(name): weight.shape for name, weight in model.named_parameters()}
    taken: str | None = None
    best, most = weights, _fitting(weights, sizes)
    for part in parts:
        prefix = f'{part}.'
        of_part = OrderedDict(
            (name.removeprefix(prefix), weight)
            for name, weight in weights.items()
            if name.startswith(prefix)
        )
        number = _fitting(of_part, sizes)
        if number > most:
            best, most, taken = of_part, number, part
    return best, taken


def _fitting(weights: Mapping[str, Any], sizes: Mapping[str, Any]) -> int:
    """Count the weights that a model has in the same size."""
    named = {plain_name(name): getattr(weight, 'shape', None) for name, weight in weights.items()}
    return sum(named.get(name) == size for name, size in sizes.items())


def put_weights(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Load weights into a model, with the names that they have in it.

    Args:
        model: The model, also wrapped.
        weights: Tensors that fit, by their names in the bare model.
    """
    own = {plain_name(name): name for name in model.state_dict()}
    renamed = OrderedDict((own.get(name, name), weight) for name, weight in weights.items())
    if all(name == plain for plain, name in own.items()) and hasattr(weights, '_metadata'):
        renamed._metadata = weights._metadata  # type: ignore[attr-defined]
    model.load_state_dict(renamed, strict=False)


def weight_faults(state_dict: Mapping, model: nn.Module) -> list[str]:
    """Compare the weights of a checkpoint with those of a model.

    Auxiliary heads, which are not used in testing, and buffers may be missing or superfluous.

    Args:
        state_dict: Tensors by name.
        model: The model, also within DDP or test-time augmentation.

    Returns:
        The differences, sorted and counted by part of the model; empty if there are none.
    """
    loaded = {plain_name(name): tensor for name, tensor in state_dict.items()}
    own = {plain_name(name): weight for name, weight in model.named_parameters()}
    buffers = {plain_name(name): buffer for name, buffer in model.named_buffers()}
    missing = [name for name in own if name not in loaded and 'auxiliary_head' not in name]
    sized = own | buffers
    reshaped = sorted(
        name for name in sized if name in loaded and loaded[name].shape != sized[name].shape
    )
    faults = []
    if missing:
        faults.append(f'{len(missing)} of {len(own)} weights are not in it ({summary(missing)})')
    for name in reshaped[:LISTED]:
        shapes = [' x '.join(map(str, each.shape)) for each in (loaded[name], sized[name])]
        faults.append(f'{name} is {shapes[0]} in it and {shapes[1]} in the model')
    if len(reshaped) > LISTED:
        rest = reshaped[LISTED:]
        faults.append(
            f'{counted(len(rest), "more weight differs", "more weights differ")} in shape '
            f'({summary(rest)})'
        )
    unknown = [
        name
        for name, tensor in loaded.items()
        if not (name in own or name in buffers or name.endswith(STATISTICS))
        and 'auxiliary_head' not in name
    ]
    if unknown:
        faults.append(f'{len(unknown)} of its weights are not in the model ({summary(unknown)})')
    return faults


def summary(names: Iterable[str]) -> str:
    """List a few names of weights, or count many by part of the model, in alphabetical order.

    Args:
        names: Dotted names.

    Returns:
        As ``decode_head.bias, decode_head.weight`` or
        ``backbone: 310 from layers.0.norm.bias on; decode_head: 2 from conv_seg.bias on``.
    """
    names = sorted(names)
    if len(names) <= LISTED:
        return ', '.join(names)
    parts = []
    for part, group in groupby(names, key=lambda name: name.partition('.')[0]):
        members = list(group)
        first = members[0].partition('.')[2] or members[0]
        parts.append(f'{part}: {len(members)} from {first} on')
    return '; '.join(parts)


def class_faults(trained: Sequence[str] | None, wanted: Sequence[str]) -> list[str]:
    """Compare the classes of a checkpoint with those of a dataset.

    Args:
        trained: Class names in the checkpoint, or None if unknown.
        wanted: Class names of the dataset.

    Returns:
        The differences; empty if there are none.
    """
    trained, wanted = normal_forms(trained or ()), normal_forms(wanted)
    if not trained or not wanted or trained == wanted:
        return []
    if len(trained) != len(wanted):
        return [
            f'it was trained on {counted(len(trained), "class")} ({listed(trained)}), the dataset '
            f'has {len(wanted)} ({listed(wanted)})'
        ]
    moved = [pair for pair in zip(trained, wanted, strict=True) if pair[0] != pair[1]]
    if sorted(trained) == sorted(wanted):
        return [
            f'its classes are in a different order ({listed([name for name, _ in moved])} are '
            'moved)'
        ]
    theirs, ours = zip(*moved, strict=True)
    return [f'its classes have other names ({listed(theirs)} in it, {listed(ours)} in the dataset)']


def check_starter_classes(
    content: Mapping[str, Any], name: str, classes: Sequence[str], setting: str = 'load_from'
) -> None:
    """Refuse to start a training of other classes from the weights that come with the package.

    Args:
        content: What the file holds.
        name: The file or ``'starter'``; nothing is checked of other checkpoints.
        classes: Names of the dataset's classes.
        setting: What names the file, for the message.

    Raises:
        HandboneError: If they are not the bones that the weights label.
    """
    faults = class_faults(checkpoint_classes(content), classes)
    if faults and starter_or_file(name) == str(WEIGHTS):
        raise HandboneError(
            f'{setting}={name!r}: the starter weights are for the bones of the hand under the '
            f'names of configs/starter/hand.py, in their order; {"; ".join(faults)}. To start from '
            'what fits of them all the same, make them a checkpoint of your own: `handbone publish '
            "starter --out own.safetensors`, and load_from='own.safetensors'"
        )
