"""Reads checkpoints without running code that they contain.

mmengine falls back to unpickling if loading only weights fails, loads from URLs by unpickling, and
evaluates the text of the config in a checkpoint when it resumes. The loaders here replace
mmengine's in its own registry, so ``load_from``, ``--resume``, ``init_cfg`` and the backbones of
mmseg all use them.
"""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from handbone.starter import starter_weights
from handbone.structure import one_line

from .content import check_content
from .pickled_values import ForbiddenError
from .plain_names import with_plain_names
from .published import SUFFIX, read_published
from .stored_values import InvalidValueError
from .torch_file import read_torch_file
from .trust import unpickling_allowed
from .weight_source import FILE, PACKAGE, weight_file

#: What stands for the starter weights wherever a checkpoint is named.
STARTER = 'starter'


class CheckpointError(HandboneError):
    """A checkpoint cannot be read, or only by running code that it contains."""


def load_checkpoint_file(path: str | Path, map_location: Any = 'cpu', mmap: bool = False) -> dict:
    """Read weights, numbers and texts from a checkpoint file, without executing anything.

    Args:
        path: A file of ``torch.save`` or a published ``.safetensors`` file; see also
            :func:`starter_or_file`.
        map_location: The device of its tensors.
        mmap: Leave tensors in the file until they are used, to read only the rest.

    Returns:
        What the file holds. Weights have the names that they have in the bare model, see
        :func:`handbone.checkpoints.plain_names.plain_weights`. The texts of configs, which mmengine
        would evaluate, are kept as ``meta['config_text']``.

    Raises:
        FileNotFoundError: If there is no such file.
        CheckpointError: If it is damaged, or needs unpickling and that is not allowed.
    """
    path = Path(starter_or_file(str(path))).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    if path.suffix == SUFFIX:
        with _faults_of_content():
            return with_plain_names(read_published(path, _device(map_location)), str(path))
    return _load(path, str(path), map_location, mmap)


def starter_or_file(path: str) -> str:
    """Find the file that a path stands for.

    Args:
        path: A path, or ``'starter'`` for the weights that come with the package, unless there is a
            file or folder of that name.

    Returns:
        The path of the file.

    Raises:
        HandboneError: If the starter weights are missing or damaged.
    """
    return str(starter_weights()) if path == STARTER and not Path(path).exists() else path


def _load(source: Path | io.BytesIO, name: str, map_location: Any, mmap: bool = False) -> dict:
    try:
        content = read_torch_file(source, _device(map_location), mmap)
    except InvalidValueError as error:
        raise CheckpointError(
            f'{name} is cut off, damaged or not a checkpoint ({one_line(error)}): copy it again, '
            'or use an earlier one'
        ) from error
    except ForbiddenError as error:
        if not unpickling_allowed():
            raise CheckpointError(
                f'{name} holds Python objects ({one_line(error)}) that have to be unpickled, which '
                'runs any code in the file. If you trust its source: --allow-pickle'
            ) from error
        content = _unpickled(source, name, map_location)
    if not isinstance(content, dict):
        raise CheckpointError(f'{name} holds a {type(content).__name__}, not a dict of weights')
    try:
        with _faults_of_content():
            return with_plain_names(check_content(content, name), name)
    except InvalidValueError as error:
        raise CheckpointError(f'{name} is damaged: {one_line(error)}') from error


@contextlib.contextmanager
def _faults_of_content() -> Iterator[None]:
    """Raise what is wrong in a file as the error by which files are skipped."""
    try:
        yield
    except HandboneError as error:
        raise CheckpointError(str(error)) from error


def _unpickled(source: Path | io.BytesIO, name: str, map_location: Any) -> Any:
    """Run the instructions of a file that the user trusts."""
    if isinstance(source, io.BytesIO):
        source.seek(0)
    try:
        return torch.load(source, _device(map_location), weights_only=False)
    except Exception as error:  # the code in the file may raise anything
        raise CheckpointError(
            f'{name} cannot be unpickled ({type(error).__name__}: {one_line(error)})'
        ) from error


def _device(map_location: Any) -> torch.device:
    known = isinstance(map_location, (str, torch.device))
    return torch.device(map_location) if known else torch.device('cpu')


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_file(filename: str, map_location: Any = None) -> dict:
    """Load a local file; see :func:`load_checkpoint_file`."""
    return load_checkpoint_file(filename, map_location)


@CheckpointLoader.register_scheme(prefixes=(PACKAGE, FILE))
def load_from_source(filename: str, map_location: Any = None) -> dict:
    """Load the weights in a package or a file; see :mod:`handbone.checkpoints.weight_source`."""
    return load_checkpoint_file(weight_file(filename), map_location)


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://'), force=True)
def load_from_http(filename: str, map_location: Any = None) -> dict:
    """Download a file, in the main process first, and load it."""
    if is_main_process():
        weight_file(filename)
    barrier()
    return load_checkpoint_file(weight_file(filename), map_location)


@CheckpointLoader.register_scheme(
    prefixes=(r'(\S+\:)?s3://', r'(\S+\:)?petrel://', 'pavi://'), force=True
)
def load_from_storage(filename: str, map_location: Any = None) -> dict:
    """Load from storage for which mmengine has a file backend."""
    content = get_file_backend(filename).get(filename)
    return _load(io.BytesIO(content), filename, map_location)


@CheckpointLoader.register_scheme(prefixes=('modelzoo://', 'torchvision://'), force=True)
def load_from_torchvision(filename: str, map_location: Any = None) -> dict:
    """Load weights by a name of torchvision."""
    return load_from_http(_address(filename, get_torchvision_models()), map_location)


@CheckpointLoader.register_scheme(prefixes=('open-mmlab://', 'openmmlab://'), force=True)
def load_from_openmmlab(filename: str, map_location: Any = None) -> dict:
    """Load weights by a name of OpenMMLab's model zoo."""
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
        raise CheckpointError(f'{filename} is not a model in the zoo')
    return models[name]
