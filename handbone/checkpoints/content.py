"""What a checkpoint holds: its structure when it is read, plain values when it is written."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from torch import Tensor

from handbone.errors import HandboneError
from handbone.structure import Fields, check_structure, one_line

from .stored_values import make_history

#: Parts that consist of tensors.
WEIGHTS = ('state_dict', 'ema_state_dict')
#: Errors that the state of a different optimizer, scheduler or generator raises.
STATE_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
#: The structure of a stored history of losses.
HISTORY = Fields(dict(values=Tensor, counts=Tensor, max_length=int))
STRUCTURE = Fields(
    optional=dict(
        state_dict=dict,
        ema_state_dict=dict,
        meta=(
            None,
            Fields(
                optional=dict(
                    iter=int,
                    epoch=int,
                    seed=(None, int),
                    experiment_name=(None, str),
                    thresholds=(None, float, [float]),
                    dataset_meta=(
                        None,
                        Fields(optional=dict(classes=(None, [str]), palette=object)),
                    ),
                )
            ),
        ),
        message_hub=Fields(
            optional=dict(
                log_scalars={str: (HistoryBuffer, HISTORY)},
                runtime_info={str: object},
                resumed_keys={str: object},
            )
        ),
        optimizer=dict,
        param_schedulers=(dict, [dict]),
        random_states=[
            Fields(
                dict(
                    python=[(None, int, float, [int])],
                    numpy=[(int, float, Tensor)],
                    torch=Tensor,
                )
            )
        ],
        gradients=[{str: Tensor}],
        validated=bool,
    )
)


def check_content(checkpoint: dict, name: str) -> dict:
    """Check the structure of a checkpoint and leave out what mmengine would execute.

    Args:
        checkpoint: What the file holds.
        name: The file, for messages.

    Returns:
        The content with histories of losses as mmengine's, and without the texts of configs, which
        mmengine would evaluate; the text is kept as ``meta['config_text']``.

    Raises:
        HandboneError: If a part has the wrong type or structure.
    """
    check_structure(checkpoint, STRUCTURE, name)
    content = dict(checkpoint)
    for part in WEIGHTS:
        if part in content:
            check_weights(content[part], f'{name}: {part}')
    if content.get('meta') is not None:
        content['meta'] = _without_config(content['meta'])
    if 'message_hub' in content:
        content['message_hub'] = _readable_hub(content['message_hub'])
    return content


def check_weights(weights: Any, place: str) -> None:
    """Check that weights are tensors by name.

    Args:
        weights: The mapping; ``_extra_state`` of modules may be anything.
        place: What messages call it.

    Raises:
        HandboneError: If they are not.
    """
    tensors = {
        name: weight for name, weight in weights.items() if not str(name).endswith('_extra_state')
    }
    check_structure(tensors, {str: Tensor}, place)


def _without_config(meta: Mapping) -> dict:
    text = next((meta[key] for key in ('cfg', 'config') if isinstance(meta.get(key), str)), '')
    kept = {key: value for key, value in meta.items() if key not in ('cfg', 'config')}
    return kept | dict(config_text=text)


def _readable_hub(hub: Mapping) -> dict:
    scalars = {
        name: value
        if isinstance(value, HistoryBuffer)
        else make_history(
            value['values'].double().cpu().numpy(),
            value['counts'].double().cpu().numpy(),
            value['max_length'],
        )
        for name, value in hub.get('log_scalars', {}).items()
    }
    info, resumed = (
        {key: value for key, value in hub.get(part, {}).items() if key != 'cfg'}
        for part in ('runtime_info', 'resumed_keys')
    )
    return dict(log_scalars=scalars, runtime_info=info, resumed_keys=resumed)


@contextlib.contextmanager
def restoring(name: str) -> Iterator[None]:
    """Report a state of a training that does not fit as one clear error, within a block.

    Args:
        name: The checkpoint.

    Yields:
        Nothing.

    Raises:
        HandboneError: In place of the errors that optimizers, schedulers and random number
            generators raise for a state that does not fit.
    """
    try:
        yield
    except (HandboneError, torch.OutOfMemoryError):
        raise
    except STATE_FAULTS as error:
        raise HandboneError(
            f'{name}: the state of its training cannot be restored ({type(error).__name__}: '
            f'{one_line(error)}). Resume from an earlier checkpoint, or start from its weights: '
            '--cfg-options load_from=FILE'
        ) from error


def pack_content(checkpoint: dict) -> None:
    """Replace NumPy numbers, paths, config dicts and histories by plain values.

    Args:
        checkpoint: Content of a checkpoint, changed in place.
    """
    for key, value in checkpoint.items():
        if key not in WEIGHTS:
            checkpoint[key] = _plain(value, key)


def _plain(value: Any, place: str) -> Any:
    if isinstance(value, HistoryBuffer):
        values, counts = (torch.from_numpy(np.asarray(each, float)) for each in value.data)
        return dict(values=values, counts=counts, max_length=value.max_length)
    if isinstance(value, Mapping):
        return {
            _plain(key, place): _plain(each, f'{place}.{key}')
            for key, each in value.items()
            # OneCycleLR's state holds one of its own methods, which it sets again when it is built
            if not isinstance(each, (FunctionType, MethodType))
        }
    if isinstance(value, (list, tuple)):
        elements = [_plain(each, place) for each in value]
        return elements if isinstance(value, list) else tuple(elements)
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biuf':
        return torch.from_numpy(value.copy())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if value is not None and type(value) not in (bool, int, float, str, set, bytes):
        _warn_of(value, place)
    return value


def _warn_of(value: Any, place: str) -> None:
    if not isinstance(value, (torch.Tensor, torch.Size, torch.dtype, torch.device)):
        print_log(
            f'The checkpoint holds a {type(value).__name__} at {place}: reading it will need '
            '--allow-pickle.',
            logger='current',
            level=logging.WARNING,
        )
