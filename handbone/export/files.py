"""Writes exported files beside their place and renames them, so that none is incomplete."""

import hashlib
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import onnx

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.files import put_in_place, write_atomically

from .description import Description
from .sessions import EXTRA, SECTION

FORMATS = {'onnx': '.onnx', 'openvino': '.xml'}


def check_target(path: Path, kind: str) -> None:
    """Check the name of a file to write.

    Args:
        path: The file.
        kind: ``onnx`` or ``openvino``.

    Raises:
        HandboneError: If the suffix is not that of the kind.
    """
    if path.suffix != FORMATS[kind]:
        raise HandboneError(f'{path}: the file to write must end in {FORMATS[kind]}')


def write_exported(
    model: onnx.ModelProto, description: Description, path: Path, kind: str = 'onnx'
) -> Description:
    """Write a model with its description.

    Args:
        model: The graph; the texts are added to it.
        description: The description of the file, without the hash.
        path: The file: ``.onnx``, or ``.xml``, which gets a ``.bin`` beside it.
        kind: ``onnx`` or ``openvino``.

    Returns:
        The description with the hash.

    Raises:
        OSError: If the file cannot be written; an older file stays.
    """
    description = replace(description, model_hash=_fingerprint(model, description))
    try:
        if kind == 'onnx':
            described = onnx.ModelProto()
            described.CopyFrom(model)
            onnx.helper.set_model_props(described, description.to_texts())
            write_atomically(path, described.SerializeToString())
        else:
            _write_openvino(model, description, path)
    except OSError as error:
        raise _write_error(path, model.ByteSize(), error) from error
    return description


def _fingerprint(model: onnx.ModelProto, description: Description) -> str:
    digest = hashlib.sha256(model.SerializeToString(deterministic=True))
    for name, text in sorted(replace(description, model_hash='').to_texts().items()):
        digest.update(f'{name}\0{text}\0'.encode())
    return digest.hexdigest()


def _write_openvino(model: onnx.ModelProto, description: Description, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f'.{path.stem}.', dir=path.parent) as folder:
        beside = Path(folder) / path.name
        _save_openvino(model, description, beside)
        # remove the old graph first, so that it is never read with the new weights
        path.unlink(missing_ok=True)
        put_in_place(beside.with_suffix('.bin'), path.with_suffix('.bin'))
        put_in_place(beside, path)


def _save_openvino(model: onnx.ModelProto, description: Description, path: Path) -> None:
    openvino = import_extra('openvino', EXTRA)
    source = path.with_suffix('.onnx')
    onnx.save(model, source)
    converted = openvino.Core().read_model(source)
    for name, text in description.to_texts().items():
        converted.set_rt_info(text, [SECTION, name])
    try:
        # the graph has the precision already
        openvino.save_model(converted, path, compress_to_fp16=False)
        openvino.Core().read_model(path)  # a full disk may truncate the weights without an error
    except RuntimeError as error:
        raise OSError(None, str(error).strip().splitlines()[-1]) from error
    del converted
    source.unlink()


def _write_error(path: Path, size: int, error: OSError) -> OSError:
    existing = next(folder for folder in path.absolute().parents if folder.is_dir())
    free = shutil.disk_usage(existing).free
    reason = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return OSError(
        f'{path} cannot be written ({reason.strerror or reason}; it takes about '
        f'{size / 1e6:.3g} MB, {free / 1e6:.3g} MB are free): make room, or write elsewhere with '
        '--out'
    )
