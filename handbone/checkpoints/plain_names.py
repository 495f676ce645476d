"""The names that weights have in the bare model, whatever the model was wrapped in when saved."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from handbone.errors import HandboneError

#: Parts of names that wrappers of a model add: torch.compile, FSDP and activation checkpoints.
WRAPPERS = ('_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module')
#: Names under which averaged models of mmengine and PyTorch count their updates.
COUNTERS = ('steps', 'n_averaged')


def plain_name(name: str) -> str:
    """Remove what wrappers add to the name of a weight.

    Args:
        name: As in the state dict of a bare model, or of one within DDP, ``torch.compile``,
            test-time augmentation or an average of weights, in any order.

    Returns:
        The name in the bare model.
    """
    parts = [part for part in name.split('.') if part not in WRAPPERS]
    while len(parts) > 1 and parts[0] == 'module':
        del parts[0]
    return '.'.join(parts)


def plain_weights(weights: Mapping[str, Any], name: str) -> OrderedDict[str, Any]:
    """Give weights the names that they have in the bare model.

    Args:
        weights: Tensors by name, of a bare, wrapped, compiled or averaged model.
        name: The file, for messages.

    Returns:
        The same tensors in the same order, without the counter of an averaged model.

    Raises:
        HandboneError: If two of them have the same name.
    """
    averaged = all(key in COUNTERS or key.startswith('module.') for key in weights)
    plain: OrderedDict[str, Any] = OrderedDict()
    for key, weight in weights.items():
        if averaged and key in COUNTERS:
            continue
        if plain_name(key) in plain:
            raise HandboneError(f'{name} has the weight {plain_name(key)} twice')
        plain[plain_name(key)] = weight
    versions = getattr(weights, '_metadata', None)  # of the modules, for weights of old versions
    if isinstance(versions, Mapping):
        plain._metadata = OrderedDict(  # type: ignore[attr-defined]
            (plain_name(f'{key}.').removesuffix('.'), value)
            for key, value in versions.items()
            if isinstance(key, str) and isinstance(value, dict)
        )
    return plain


def with_plain_names(content: dict, name: str) -> dict:
    """Give the weights in a checkpoint the names that they have in the bare model.

    ``state_dict`` holds the weights to use: mmengine's ``EMAHook`` writes the averaged weights into
    it and those of the last iteration into ``ema_state_dict``. If a file has only
    ``ema_state_dict``, those weights are used.

    Args:
        content: What the file holds: a checkpoint, or weights by name.
        name: The file, for messages.

    Returns:
        The content, a new dict.

    Raises:
        HandboneError: If two weights have the same name.
    """
    content = dict(content)
    averaged = content.get('ema_state_dict')
    if averaged is not None:
        plain = plain_weights(averaged, name)
        counters = {key: averaged[key] for key in COUNTERS if key in averaged}
        # as EMAHook expects it when a training is resumed
        content['ema_state_dict'] = {f'module.{key}': weight for key, weight in plain.items()}
        content['ema_state_dict'].update(counters)
        content.setdefault('state_dict', plain)
    if 'state_dict' in content:
        content['state_dict'] = plain_weights(content['state_dict'], name)
        return content
    if content and all(isinstance(weight, Tensor) for weight in content.values()):
        return plain_weights(content, name)
    return content
