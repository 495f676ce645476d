"""What differs between the weights of a checkpoint and those of a model."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from torch import nn

#: Names that are listed one by one; more are summed up by part of the model.
LISTED = 3
#: How the buffers of normalisations and of windows are called, which other versions do without.
STATISTICS = (
    'num_batches_tracked',
    'running_mean',
    'running_var',
    'relative_position_index',
    'attn_mask',
)


def weight_faults(state_dict: Mapping, model: nn.Module) -> list[str]:
    """Compare the weights of a checkpoint with those of a model.

    Auxiliary heads may be missing or left over, since they are not used in testing, and so may
    buffers.

    Args:
        state_dict: Tensors by name.
        model: The model, also within DDP or test-time augmentation.

    Returns:
        What differs, sorted and summed up by part of the model; empty if nothing does.
    """
    loaded = {_plain(name): tensor for name, tensor in state_dict.items()}
    own = {_plain(name): weight for name, weight in model.named_parameters()}
    buffers = {_plain(name) for name, _ in model.named_buffers()}
    missing = [name for name in own if name not in loaded and 'auxiliary_head' not in name]
    reshaped = sorted(
        name for name in own if name in loaded and loaded[name].shape != own[name].shape
    )
    faults = []
    if missing:
        faults.append(f'{len(missing)} of {len(own)} weights are not in it ({summary(missing)})')
    for name in reshaped[:LISTED]:
        shapes = [' x '.join(map(str, each.shape)) for each in (loaded[name], own[name])]
        faults.append(f'{name} is {shapes[0]} in it and {shapes[1]} in the model')
    if len(reshaped) > LISTED:
        rest = reshaped[LISTED:]
        faults.append(f'{len(rest)} more weights have other shapes ({summary(rest)})')
    unknown = [
        name
        for name, tensor in loaded.items()
        if not (name in own or name in buffers or name.endswith(STATISTICS))
        and 'auxiliary_head' not in name
    ]
    if unknown:
        faults.append(f'{len(unknown)} of its own have no place in the model ({summary(unknown)})')
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


def _plain(name: str) -> str:
    """Take off what DDP and test-time augmentation put before the name of a weight."""
    while name.startswith('module.'):
        name = name.removeprefix('module.')
    return name
