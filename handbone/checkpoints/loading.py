"""Reads checkpoints without running code that they contain.

mmengine falls back to unpickling where loading weights alone fails, loads from URLs by unpickling,
and evaluates the text of the config in a checkpoint on resuming. The loaders here take the places
of mmengine's in its own registry, so that ``load_from``, ``--resume``, ``init_cfg`` and the
backbones of mmseg all read through them.
"""

import contextlib
import io
import pickle
import zipfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from mmengine.dist import barrier, is_main_process
from mmengine.fileio import get_file_backend
from mmengine.runner.checkpoint import (
    CheckpointLoader,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from handbone.errors import HandboneError

from .download import download_weights
from .published import SUFFIX, read_published
from .stored_history import StoredHistory, statistic_of_history

#: How PyTorch's checkpoints begin: a zip archive, or a bare pickle before PyTorch 1.6.
ZIP, PICKLE = b'PK', b'\x80'

_unpickling_allowed: ContextVar[bool] = ContextVar('unpickling_allowed', default=False)


class CheckpointError(HandboneError):
    """A checkpoint cannot be read, or not without running what it contains."""


@contextlib.contextmanager
def unpickling(allowed: bool) -> Iterator[None]:
    """Allow or forbid, for a while, files that need unpickling, which can run any code.

    Args:
        allowed: Whether to read them; outside this context they are refused.

    Yields:
        Nothing.
    """
    token = _unpickling_allowed.set(allowed)
    try:
        yield
    finally:
        _unpickling_allowed.reset(token)


def load_checkpoint_file(path: str | Path, map_location: Any = 'cpu', mmap: bool = False) -> dict:
    """Read a checkpoint file: weights, numbers and texts, nothing that has to be executed.

    Args:
        path: A file of ``torch.save`` or a published ``.safetensors`` file.
        map_location: Where its tensors go, as in ``torch.load``.
        mmap: Leave tensors in the file until they are used, to look at the rest alone.

    Returns:
        What the file holds, without the texts of configs, which mmengine would evaluate; those
        are kept as ``meta['config_text']``.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it is damaged, or needs unpickling and that is not allowed.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    if path.suffix == SUFFIX:
        return read_published(path, map_location)
    with path.open('rb') as file:
        start = file.read(2)
        if start[:1] != PICKLE and not (start == ZIP and zipfile.is_zipfile(path)):
            raise CheckpointError(f'{path} {DAMAGED}')
        file.seek(0)
        return _load(file, str(path), map_location, mmap and start == ZIP)


DAMAGED = 'is cut off, damaged or no checkpoint: copy it again, or take an earlier one'


def _load(file: BinaryIO, name: str, map_location: Any, mmap: bool = False) -> dict:
    try:
        with torch.serialization.safe_globals(_safe_globals()):
            content = torch.load(
                name if mmap else file, map_location, weights_only=True, mmap=mmap or None
            )
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        forbidden = _forbidden(file)
        if forbidden is None:
            raise CheckpointError(f'{name} {DAMAGED}') from error
        if not _unpickling_allowed.get():
            raise CheckpointError(
                f'{name} holds Python objects ({forbidden}) that have to be unpickled, which runs '
                'whatever code is in the file. If you trust who made it: --allow-pickle'
            ) from error
        file.seek(0)
        content = torch.load(file, map_location, weights_only=False)
    if not isinstance(content, dict):
        raise CheckpointError(f'{name} holds a {type(content).__name__}, not a dict of weights')
    return _without_code(content)


def _safe_globals() -> list:
    """List what stock mmengine stores beside tensors: NumPy numbers and histories of losses.

    mmengine's own list has ``getattr``; here that name is bound to a function which answers for
    the four statistics of a history and for nothing else.
    """
    multiarray = np._core.multiarray
    dtypes = [type(np.dtype(code)) for code in ('b1', 'u1', 'i4', 'i8', 'u4', 'u8', 'f4', 'f8')]
    return [
        np.ndarray,
        np.dtype,
        *dtypes,
        *(
            (getattr(multiarray, name), f'numpy.{core}.multiarray.{name}')
            for core in ('core', '_core')
            for name in ('_reconstruct', 'scalar')
        ),
        (StoredHistory, 'mmengine.logging.history_buffer.HistoryBuffer'),
        (statistic_of_history, 'builtins.getattr'),
    ]


def _forbidden(file: BinaryIO) -> str | None:
    """Name what in a file would have to be executed, or None if the file is merely damaged."""
    file.seek(0)
    try:
        with torch.serialization.safe_globals(_safe_globals()):
            names = torch.serialization.get_unsafe_globals_in_checkpoint(file)
    except (RuntimeError, EOFError, KeyError):
        return None
    except (ValueError, pickle.UnpicklingError):
        file.seek(0)
        return 'a pickle of an old kind' if file.read(1) == PICKLE else None
    return ', '.join(sorted(names)[:3]) or 'instructions of pickle beyond weights'


def _without_code(content: dict) -> dict:
    """Take the texts of configs from where mmengine would evaluate them."""
    meta = content.get('meta')
    if isinstance(meta, dict):
        text = next((meta[key] for key in ('cfg', 'config') if isinstance(meta.get(key), str)), '')
        kept = {key: value for key, value in meta.items() if key not in ('cfg', 'config')}
        content['meta'] = kept | dict(config_text=text)
    hub = content.get('message_hub')
    if isinstance(hub, dict):
        info = {key: value for key, value in hub.get('runtime_info', {}).items() if key != 'cfg'}
        resumed = {key: value for key, value in hub.get('resumed_keys', {}).items() if key != 'cfg'}
        scalars = {
            key: value.to_buffer() if isinstance(value, StoredHistory) else value
            for key, value in hub.get('log_scalars', {}).items()
        }
        content['message_hub'] = dict(log_scalars=scalars, runtime_info=info, resumed_keys=resumed)
    return content


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_file(filename: str, map_location: Any = None) -> dict:
    """Load a local file; see :func:`load_checkpoint_file`."""
    return load_checkpoint_file(filename, map_location)


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: Any = None) -> dict:
    """Download a file, in the main process first, and load it."""
    if is_main_process():
        download_weights(filename)
    barrier()
    return load_checkpoint_file(download_weights(filename), map_location)


@CheckpointLoader.register_scheme(
    prefixes=(r'(\S+\:)?s3://', r'(\S+\:)?petrel://', 'pavi://'), force=True
)
def load_from_storage(filename: str, map_location: Any = None) -> dict:
    """Load from a storage that mmengine has a file backend for."""
    content = get_file_backend(filename).get(filename)
    return _load(io.BytesIO(content), filename, map_location)


@CheckpointLoader.register_scheme(prefixes=('modelzoo://', 'torchvision://'), force=True)
def load_from_torchvision(filename: str, map_location: Any = None) -> dict:
    """Load weights that torchvision names."""
    return load_from_http(_address(filename, get_torchvision_models()), map_location)


@CheckpointLoader.register_scheme(prefixes=('open-mmlab://', 'openmmlab://'), force=True)
def load_from_openmmlab(filename: str, map_location: Any = None) -> dict:
    """Load weights that OpenMMLab's model zoo names."""
    return load_from_http(_address(filename, get_external_models()), map_location)


@CheckpointLoader.register_scheme(prefixes='mmcls://', force=True)
def load_from_mmcls(filename: str, map_location: Any = None) -> dict:
    """Load the backbone of a classifier of OpenMMLab."""
    content = load_from_http(_address(filename, get_mmcls_models()), map_location)
    weights = content.get('state_dict', content)
    prefix = 'backbone.'
    return dict(
        state_dict={
            name.removeprefix(prefix): weight
            for name, weight in weights.items()
            if name.startswith(prefix)
        }
    )


def _address(filename: str, models: dict[str, str]) -> str:
    name = filename.partition('://')[2]
    if name not in models:
        raise CheckpointError(f'{filename} is no model that the zoo knows')
    return models[name]
