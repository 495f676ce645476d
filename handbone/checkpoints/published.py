"""Weights to share: a safetensors file with all that is needed to use them, and no code."""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from handbone.errors import HandboneError
from handbone.masks import check_thresholds
from handbone.structure import Fields, check_class_list, check_structure, one_line, parse_json

from .durable_backend import DurableBackend

SUFFIX = '.safetensors'
#: The format, stored in the metadata of every file.
FORMAT = 'handbone 1'
STRUCTURE = Fields(
    dict.fromkeys(('classes', 'palette', 'thresholds', 'config', 'sha256'), str),
)


def write_published(
    path: str | Path,
    weights: Mapping[str, Tensor],
    classes: list[str],
    palette: list[list[int]],
    thresholds: float | list[float],
    config_text: str,
    temperatures: list[float] | None = None,
) -> str:
    """Write weights and their description into one file, completely or not at all.

    Args:
        path: The file, ending in ``.safetensors``.
        weights: Tensors by name.
        classes: Names in class order.
        palette: RGB colours, 0 to 255, one per class.
        thresholds: Probability above which a class is present; one number, or one per class.
        config_text: The config as text, which is never evaluated.
        temperatures: What logits are divided by before the confidence is told, one per class; None
            if they were not measured.

    Returns:
        The SHA-256 of description and weights, which is also in the file.
    """
    weights = {name: weight.detach().cpu().contiguous().clone() for name, weight in weights.items()}
    metadata = dict(
        format=FORMAT,
        classes=json.dumps(classes),
        palette=json.dumps(palette),
        thresholds=json.dumps(thresholds),
        config=config_text,
    )
    if temperatures is not None:
        metadata['temperatures'] = json.dumps(temperatures)
    metadata['sha256'] = fingerprint(weights, metadata)
    DurableBackend().put(save(weights, metadata), path)
    return metadata['sha256']


def read_published(path: str | Path, device: torch.device | str = 'cpu') -> dict:
    """Read a safetensors file as a checkpoint.

    Args:
        path: A file of :func:`write_published`, or any other safetensors file.
        device: The device of the tensors.

    Returns:
        ``state_dict`` and ``meta``; ``meta`` has those of ``dataset_meta`` with ``classes`` and
        ``palette``, ``thresholds``, ``config_text`` and ``sha256`` that the file holds, and
        ``temperatures`` if it has them.

    Raises:
        HandboneError: If the file is damaged or its hash does not fit.
    """
    path = Path(path)
    try:
        with safe_open(path, framework='pt', device=str(device)) as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, struct.error, OSError) as error:
        raise HandboneError(
            f'{path} is cut off, damaged or not a safetensors file ({one_line(error)}): copy it '
            'again'
        ) from error
    if metadata.get('format') != FORMAT:
        return dict(state_dict=weights, meta={})
    place = str(path)
    check_structure(metadata, STRUCTURE, place)
    if fingerprint(weights, metadata) != metadata['sha256']:
        raise HandboneError(
            f'{path} is damaged or was changed: its hash does not fit; copy it again'
        )
    classes, palette, thresholds = (
        parse_json(metadata[key], f'{place}: {key}') for key in ('classes', 'palette', 'thresholds')
    )
    check_class_list(classes, palette, place)
    check_thresholds(thresholds, classes, place)
    dataset_meta = dict(classes=tuple(classes), palette=[tuple(color) for color in palette])
    meta = dict(
        dataset_meta=dataset_meta,
        thresholds=thresholds,
        config_text=metadata['config'],
        sha256=metadata['sha256'],
    )
    if 'temperatures' in metadata:
        temperatures = parse_json(metadata['temperatures'], f'{place}: temperatures')
        meta['temperatures'] = _checked(temperatures, len(classes), place)
    return dict(state_dict=weights, meta=meta)


def _checked(temperatures: object, number: int, place: str) -> list[float]:
    if (
        not isinstance(temperatures, list)
        or len(temperatures) != number
        or not all(isinstance(each, int | float) and 0 < each < math.inf for each in temperatures)
    ):
        raise HandboneError(f'{place}: temperatures are one number above 0 for each class')
    return temperatures


def fingerprint(weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Hash weights and description.

    Args:
        weights: Tensors by name.
        metadata: Texts by name; ``sha256`` is left out.

    Returns:
        SHA-256 in hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name, text in sorted(metadata.items()):
        if name != 'sha256':
            digest.update(f'{name}\0{text}\0'.encode())
    for name, weight in sorted(weights.items()):
        digest.update(f'{name}\0{weight.dtype}\0{tuple(weight.shape)}\0'.encode())
        flat = weight.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()
