"""Thresholds, descriptions of exports, class weights and journals."""

import json
import tempfile
from pathlib import Path

import numpy as np

from handbone.evaluation import read_thresholds
from handbone.export.description import Description
from handbone.export.preprocessing import Preprocessing
from handbone.inference.journal import Journal
from handbone.submissions.vote_weights import read_class_weights

from .checkpoint_formats import CLASSES, check_probabilities, mutate_texts
from .harness import Target
from .mutations import mutate, mutate_json


def threshold_samples() -> list[bytes]:
    entries = {name: dict(threshold=0.25, former=0.5) for name in CLASSES}
    tuned = dict(format='handbone thresholds 1', config='demo.py', images=3, classes=entries)
    return [
        json.dumps(tuned).encode(),
        json.dumps(dict.fromkeys(CLASSES, 0.25)).encode('utf-8-sig'),
    ]


def description_samples() -> list[bytes]:
    preprocessing = Preprocessing((64, 64), True, 'area', 32, None, (1.0,), (2.0,), (0.0, 4095.0))
    palette = ((1, 2, 3), (4, 5, 6))
    texts = Description(CLASSES, palette, (0.5, 0.25), preprocessing).to_texts()
    return [json.dumps(texts).encode()]


def mutate_description(data: bytes, random: np.random.Generator) -> bytes:
    texts = json.loads(data)
    mutate_texts(texts, ('classes', 'palette', 'thresholds', 'preprocessing'), random)
    return json.dumps(texts).encode()


def read_description(path: Path) -> Description:
    return Description.from_texts(json.loads(path.read_bytes()), path)


def check_description(path: Path, description: Description) -> None:
    count = len(description.classes)
    assert count and len(description.palette) == count
    check_probabilities(description.thresholds, count)
    image = np.zeros((40, 50), np.uint8)
    if max(description.preprocessing.scale) < 5000 and description.preprocessing.divisor < 5000:
        description.preprocessing.prepare(image)


def journal_samples() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal('a' * 64, 'b' * 64, 7, ('csv', 'png'), 3, 1, 'x.png', dict(csv=120))
        journal.write(Path(folder))
        return [(Path(folder) / 'journal.json').read_bytes()]


def read_journal(path: Path) -> Journal:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / 'journal.json'
        target.write_bytes(path.read_bytes())
        journal = Journal.read(Path(folder))
        assert journal is not None
        journal.check_same_run(journal, Path(folder))
        return journal


def check_journal(path: Path, journal: Journal) -> None:
    assert 0 <= journal.failed <= journal.done <= journal.images
    assert all(isinstance(name, str) for name in journal.outputs)
    assert all(type(position) is int and position >= 0 for position in journal.positions.values())


def class_weight_samples() -> list[bytes]:
    weights = {'disc': [1, 2.5, '1/3'], 'bar': [0, 1, 1]}
    return [json.dumps(weights).encode(), b'disc: [1, 2.5, 1/3]\nbar: [0, 1, 1]\n']


def mutate_class_weights(data: bytes, random: np.random.Generator) -> bytes:
    return mutate_json(data, random) if data.startswith(b'{') else mutate(data, random)


TARGETS = [
    Target(
        'thresholds',
        '.json',
        threshold_samples,
        lambda path: read_thresholds(path, CLASSES),
        lambda path, thresholds: check_probabilities(thresholds, len(CLASSES)),
        lambda data, random: mutate_json(data, random),
    ),
    Target(
        'description',
        '.onnx',
        description_samples,
        read_description,
        check_description,
        mutate_description,
    ),
    Target('journal', '.json', journal_samples, read_journal, check_journal, mutate_json),
    Target(
        'class_weights',
        '.yaml',
        class_weight_samples,
        read_class_weights,
        mutate=mutate_class_weights,
    ),
]
