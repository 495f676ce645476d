"""Annotation files (JSON of polygons) and list files of datasets."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.datasets.annotation_file import annotated_size, read_polygons
from handbone.datasets.file_list import ImageFile, read_list_file
from handbone.datasets.polygons import Polygons

from .harness import Target
from .mutations import mutate

CLASSES = ('round', 'square', 'élan')
SIZE = (48, 64)
#: What takes the place of a value somewhere in a document.
ODD_VALUES = (
    b'true',
    b'false',
    b'null',
    b'"20"',
    b'20.0',
    b'-0.0',
    b'0',
    b'[]',
    b'{}',
    b'[true, 5]',
    b'["1", "2"]',
    b'NaN',
    b'-Infinity',
    b'1e400',
    b'9' * 50,
    b'9' * 5000,
    b'"\\ud800"',
    b'"e\\u0301lan"',
    b'"' + b'x' * 300_000 + b'"',
    b'[' * 2000 + b']' * 2000,
    b'{"a": 1, "a": 2}',
)
MARK = '<here>'


def annotation_samples() -> list[bytes]:
    """Make three sound files, one with a byte-order mark and one in UTF-16."""
    triangle = [[1, 1], [30.5, 2], [20, 40.25]]
    annotations = [
        dict(id=f'a{index}', type='poly_seg', attributes={}, points=triangle, label=label)
        for index, label in enumerate(CLASSES)
    ]
    document = dict(annotations=annotations, metadata=dict(height=SIZE[0], width=SIZE[1]))
    text = json.dumps(document, ensure_ascii=False)
    return [text.encode(), text.encode('utf-8-sig'), json.dumps(document).encode('utf-16')]


def mutate_annotations(data: bytes, random: np.random.Generator) -> bytes:
    """Damage the bytes, or put an odd value somewhere in the document."""
    if random.random() < 0.4:
        return mutate(data, random)
    document = json.loads(data)
    place: list | dict = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[random.integers(len(keys))]
        deeper = isinstance(place[key], list | dict) and len(place[key])
        if not deeper or random.random() < 0.15:
            break
        place = place[key]
    if isinstance(place, dict) and random.random() < 0.2:
        del place[key]
    else:
        place[key] = MARK
    odd = ODD_VALUES[random.integers(len(ODD_VALUES))]
    return json.dumps(document).encode().replace(f'"{MARK}"'.encode(), odd)


def read_annotations(path: Path) -> Polygons:
    """Read a file as the datasets do."""
    polygons, problems = read_polygons(
        path, {name: index for index, name in enumerate(CLASSES)}, SIZE
    )
    if problems:
        raise problems[0]
    annotated_size(path)
    return polygons


def check_annotations(path: Path, polygons: Polygons) -> None:
    """Judge a file that was accepted, by Python's own reader and the words of the format."""
    document = json.loads(path.read_bytes(), object_pairs_hook=_without_repetitions)
    metadata = document.get('metadata') or {}
    for key, length in zip(('height', 'width'), SIZE, strict=True):
        found = metadata.get(key)
        assert found is None or (found == length and found is not True), (key, found)
    expected = []
    for annotation in document['annotations']:
        label, points = annotation['label'], annotation['points']
        label = 'élan' if label == 'e\u0301lan' else label
        assert isinstance(points, list) and len(points) >= 3
        for point in points:
            assert isinstance(point, list) and len(point) == 2, point
            for number in point:
                assert isinstance(number, int | float) and not isinstance(number, bool), number
                assert math.isfinite(number) and -1e6 <= number <= 1e6, number
        expected.append((CLASSES.index(label), np.array(points, np.float32)))
    found = polygons.split()
    assert len(found) == len(expected)
    for (index, points), (own_index, own_points) in zip(found, expected, strict=True):
        assert index == own_index
        np.testing.assert_array_equal(points, own_points)


def _without_repetitions(pairs: Sequence[tuple]) -> dict:
    assert len({key for key, _ in pairs}) == len(pairs), 'a key occurs twice'
    return dict(pairs)


NAMES = ('ID1/a.png', 'ID1/b.png', 'ID2/é.png', 'ID3/c.png')
IMAGES = [ImageFile(name, name[:3], name[:-4]) for name in NAMES]


def list_samples() -> list[bytes]:
    """Make three sound lists."""
    text = '# mine\nID1/a.png\nID3\n\nID2/é\n'
    decomposed = 'ID2/e\u0301.png\r\nID1/b.png'
    return [text.encode(), text.encode('utf-8-sig'), decomposed.encode()]


def check_list(path: Path, chosen: Sequence[ImageFile]) -> None:
    """Judge a list that was accepted: every word in it names an image or a patient."""
    lines = path.read_bytes().decode('utf-8').replace('\r', '\n').split('\n')
    entries = [line.replace('\ufeff', '').replace('\\', '/').strip() for line in lines]
    entries = [entry for entry in entries if entry and not entry.startswith('#')]
    entries = [entry.replace('e\u0301', 'é') for entry in entries]
    named = [[image for image in IMAGES if entry in image] for entry in entries]
    assert all(named) and len(named)
    assert set(chosen) == {image for images in named for image in images}


TARGETS = [
    Target(
        'annotations',
        '.json',
        annotation_samples,
        read_annotations,
        check_annotations,
        mutate_annotations,
    ),
    Target(
        'list-file', '.txt', list_samples, lambda path: read_list_file(path, IMAGES), check_list
    ),
]
