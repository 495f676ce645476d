"""Checkpoints and published files."""

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from safetensors import safe_open
from safetensors.torch import load, save

from handbone.apis.publishing import publish
from handbone.checkpoints import load_checkpoint_file, read_published, write_published
from handbone.checkpoints.fitting import checkpoint_classes, fit_faults, put_weights, weights_of
from handbone.checkpoints.published import fingerprint

from .harness import Target
from .mutations import mutate, mutate_json

CLASSES = ('disc', 'bar')
PALETTE = [[255, 0, 0], [0, 255, 0]]
CONFIG = "model = dict(type='Net', test_cfg=dict(threshold=[0.3, 0.6]))\n"
#: What takes the place of a value somewhere in a checkpoint.
ODD_VALUES = (
    None,
    True,
    -1,
    2**70,
    1.5,
    float('nan'),
    'text',
    '\ud800',
    b'bytes',
    [],
    {},
    (),
    {1: 2},
    {'a', 'b'},
    ['a', 'a'],
    [[1, 2, 3]],
    torch.ones(3),
    torch.ones(0),
    torch.tensor(1.0),
    torch.zeros(1).expand(2**20),
    np.float64(1),
    np.arange(3),
    HistoryBuffer([1.0], [1]),
    torch.float16,
    torch.Size([2]),
)


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))


def checkpoint(stock: bool) -> dict:
    """A checkpoint as a training of handbone, or of mmengine alone, writes it."""
    history: Any = HistoryBuffer([1.0, 0.5], [1, 1])
    if not stock:
        values, counts = (torch.from_numpy(np.asarray(each, float)) for each in history.data)
        history = dict(values=values, counts=counts, max_length=history.max_length)
    meta = dict(
        dataset_meta=dict(classes=CLASSES, palette=[[255, 0, 0], [0, 255, 0]]),
        cfg=CONFIG,
        seed=np.int64(3) if stock else 3,
        iter=4,
        epoch=0,
        time='20260101',
        experiment_name='tiny',
    )
    hub = dict(log_scalars=dict(loss=history), runtime_info=dict(iter=4), resumed_keys=dict(iter=1))
    return dict(
        meta=meta,
        state_dict=network().state_dict(),
        optimizer=dict(state={0: dict(step=torch.tensor(4.0))}, param_groups=[dict(lr=0.1)]),
        param_schedulers=[dict(last_step=3)],
        message_hub=hub,
    )


def checkpoint_samples() -> list[bytes]:
    """Make a checkpoint of handbone, one of mmengine, and one in the format before PyTorch 1.6."""
    samples = []
    for stock, new in ((False, True), (True, True), (False, False)):
        file = io.BytesIO()
        torch.save(checkpoint(stock), file, _use_new_zipfile_serialization=new)
        samples.append(file.getvalue())
    return samples


def mutate_checkpoint(data: bytes, random: np.random.Generator) -> bytes:
    """Damage the file, its instructions, or a value in it."""
    kind = random.random()
    if kind < 0.2:
        return mutate(data, random)
    if kind < 0.5 and data.startswith(b'PK'):
        return _with_other_instructions(data, random)
    content = checkpoint(stock=bool(random.integers(2)))
    _replace_a_value(content, random)
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=bool(random.integers(4)))
    return file.getvalue()


def _with_other_instructions(data: bytes, random: np.random.Generator) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, 'w') as archive:
        for info in source.infolist():
            content = source.read(info)
            if info.filename.endswith('data.pkl'):
                content = mutate(content, random)
            archive.writestr(info, content)
    return file.getvalue()


def _replace_a_value(content: dict, random: np.random.Generator) -> None:
    place: Any = content
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[random.integers(len(keys))]
        if not isinstance(place[key], dict | list) or not place[key] or random.random() < 0.2:
            break
        place = place[key]
    if isinstance(place, dict) and random.random() < 0.2:
        del place[key]
        return
    place[key] = ODD_VALUES[random.integers(len(ODD_VALUES))]


def use_checkpoint(path: Path) -> dict:
    """Read a file as every command does, put its weights into a model and publish it."""
    content = load_checkpoint_file(path)
    load_checkpoint_file(path, mmap=True)
    checkpoint_classes(content)
    weights = weights_of(content, str(path))
    model = network()
    if not fit_faults(content, str(path), model, CLASSES):
        put_weights(model, weights)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'shared.safetensors'
        publish(str(path), str(out))
        load_checkpoint_file(out)
    return content


def check_checkpoint(path: Path, content: dict) -> None:
    """What was accepted has classes of different names and weights that can be read to the end."""
    classes = checkpoint_classes(content)
    assert classes and len(set(classes)) == len(classes)
    for weight in content['state_dict'].values():
        assert isinstance(weight, torch.Tensor)
        assert weight.numel() * weight.element_size() < 2**30
        weight.clone()


def published_samples() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        samples = []
        for thresholds in (0.5, [0.3, 0.6]):
            path = Path(folder) / 'shared.safetensors'
            weights = network().state_dict()
            write_published(path, weights, list(CLASSES), PALETTE, thresholds, CONFIG)
            samples.append(path.read_bytes())
    return samples


def mutate_published(data: bytes, random: np.random.Generator) -> bytes:
    """Damage the file, or one of its texts with a hash that fits."""
    if random.random() < 0.4:
        return mutate(data, random)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'shared.safetensors'
        path.write_bytes(data)
        with safe_open(path, 'pt') as file:
            texts = dict(file.metadata())
    mutate_texts(texts, ('classes', 'palette', 'thresholds'), random)
    weights = load(data)
    if 'sha256' in texts and random.random() < 0.9:
        texts['sha256'] = fingerprint(weights, texts)
    return save(weights, texts)


def mutate_texts(texts: dict[str, str], of_json: tuple, random: np.random.Generator) -> None:
    """Damage one of several texts in place."""
    key = list(texts)[random.integers(len(texts))]
    if random.random() < 0.15:
        del texts[key]
    elif key in of_json and texts[key][0] in '[{':
        texts[key] = mutate_json(texts[key].encode(), random).decode('utf-8', 'replace')
    else:
        texts[key] = mutate(texts[key].encode(), random).decode('utf-8', 'replace')


def check_published(path: Path, content: dict) -> None:
    meta = content['meta']
    if not meta:
        return  # of others: without what handbone writes
    classes = meta['dataset_meta']['classes']
    assert classes and all(isinstance(name, str) for name in classes)
    check_probabilities(meta['thresholds'], len(classes))
    assert all(len(color) == 3 for color in meta['dataset_meta']['palette'])


def check_probabilities(thresholds: Any, count: int) -> None:
    values = thresholds if isinstance(thresholds, list | tuple) else [thresholds] * count
    assert len(values) == count
    assert all(type(value) in (int, float) and 0 < value < 1 for value in values), values


TARGETS = [
    Target(
        'checkpoint',
        '.pth',
        checkpoint_samples,
        use_checkpoint,
        check_checkpoint,
        mutate_checkpoint,
    ),
    Target(
        'published',
        '.safetensors',
        published_samples,
        read_published,
        check_published,
        mutate_published,
    ),
]
