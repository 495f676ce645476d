"""Turn a checkpoint into a file to share."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from handbone.checkpoints import load_checkpoint_file, write_published
from handbone.checkpoints.fitting import weights_of
from handbone.checkpoints.published import SUFFIX
from handbone.configuration.dumped_config import ConfigTextError, parse_config_text
from handbone.errors import HandboneError
from handbone.evaluation import read_temperatures, read_thresholds
from handbone.files import put_in_place
from handbone.masks import check_thresholds
from handbone.structure import Fields, check_class_list, check_structure, one_line

TESTED = Fields(optional=dict(test_cfg=(None, dict)))
#: Where a config has its thresholds; test-time augmentation wraps the segmentor.
MODEL = Fields(
    optional=dict(model=(None, Fields(optional=dict(**TESTED.optional, module=(None, TESTED)))))
)


def publish(
    checkpoint: str,
    out: str | None = None,
    thresholds: str | None = None,
    precision: str = 'fp32',
) -> Path:
    """Write the weights of a checkpoint and what is needed to use them as safetensors.

    >>> publish('work_dirs/demo/iter_2000.pth', 'demo.safetensors')

    Args:
        checkpoint: A checkpoint of a training.
        out: The file to write, ending in ``.safetensors``. By default it is beside the checkpoint
            and has the first eight digits of its hash in its name.
        thresholds: A file from ``handbone tune-thresholds``, whose temperatures are published as
            well. Default: the thresholds and temperatures of a published checkpoint, otherwise the
            thresholds of the config.
        precision: 'fp32' keeps the weights as they are, 'fp16' halves the file: matrices and
            kernels are rounded to half precision, vectors such as biases and the statistics of
            normalisation are kept.

    Returns:
        The file that was written.

    Raises:
        FileNotFoundError: If the checkpoint or the file of thresholds does not exist.
        HandboneError: If the checkpoint does not hold its classes or its config, or the thresholds
            are for different classes.
    """
    content = load_checkpoint_file(checkpoint)
    meta = content.get('meta') or {}
    dataset_meta = meta.get('dataset_meta') or {}
    text = meta.get('config_text')
    if not dataset_meta.get('classes') or not text:
        raise HandboneError(
            f'{checkpoint} does not hold its classes and its config, so it cannot be published; '
            'give a checkpoint that `handbone train` wrote'
        )
    if out is not None and Path(out).suffix != SUFFIX:
        raise HandboneError(f'{out}: the file to write must end in {SUFFIX}')
    beside = Path(checkpoint).with_suffix('')
    # a temporary name until the hash is known: other files of the model may be there
    path = Path(out) if out else beside.with_name(f'.{beside.name}-{uuid.uuid4().hex}{SUFFIX}')
    classes = list(dataset_meta['classes'])
    palette = dataset_meta.get('palette')
    palette = palette.tolist() if isinstance(palette, np.ndarray) else palette
    palette = [] if palette is None else palette
    check_class_list(classes, palette, checkpoint)
    configured = configured_thresholds(text, classes, checkpoint)  # also checks the text
    decided, temperatures = meta.get('thresholds') or configured, meta.get('temperatures')
    if thresholds is not None:
        decided = list(read_thresholds(thresholds, classes))
        measured = list(read_temperatures(thresholds, classes))
        temperatures = measured if any(each != 1 for each in measured) else None
    weights = weights_of(content, checkpoint)
    if precision == 'fp16':
        weights = {
            name: _halved(weight, f'{checkpoint}: {name}') for name, weight in weights.items()
        }
    colors = [list(color) for color in palette]
    digest = write_published(path, weights, classes, colors, decided, text, temperatures)
    if out:
        return path
    named = beside.with_name(f'{beside.name}-{digest[:8]}{SUFFIX}')
    put_in_place(path, named)
    return named


def _halved(weight: Tensor, place: str) -> Tensor:
    if weight.ndim < 2 or weight.dtype != torch.float32:
        return weight
    half = weight.half()
    if not half.isfinite().all():
        raise HandboneError(f'{place} has values that half precision cannot hold; take fp32')
    return half


def configured_thresholds(text: str, classes: Sequence[str], place: str) -> float | list[float]:
    """Read the thresholds from the text of a config, without evaluating it.

    Args:
        text: The config as mmengine writes it into checkpoints.
        classes: Names in class order.
        place: The file, for messages.

    Returns:
        ``test_cfg.threshold`` of the segmentor, 0.5 where it is not set.

    Raises:
        HandboneError: If the text is not a config of literals, or the thresholds are not valid.
    """
    try:
        config = parse_config_text(text)
    except ConfigTextError as error:
        raise HandboneError(f'{place}: its config cannot be read: {one_line(error)}') from error
    check_structure(config, MODEL, f'{place}: its config')
    model = config.get('model') or {}
    settings = (model.get('module') or model).get('test_cfg') or {}  # also with augmentation
    thresholds = settings.get('threshold', 0.5)
    check_thresholds(thresholds, classes, f'{place}: test_cfg.threshold')
    return thresholds
