"""Annotation files (JSON of polygons) and list files of datasets."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.datasets.annotation_file import annotated_size
from handbone.datasets.annotation_file import read_annotations as read_file
from handbone.datasets.file_list import ImageFile, read_list_file
from handbone.datasets.polygons import Polygons

from .harness import Target
from .mutations import mutate_json

CLASSES = ('round', 'square', 'élan')
SIZE = (48, 64)


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


def read_annotations(path: Path) -> Polygons:
    """Read a file as the datasets do."""
    polygons, problems, _ = read_file(
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
    lines = path.read_bytes().decode('utf-8', 'surrogateescape').replace('\r', '\n').split('\n')
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
        mutate_json,
    ),
    Target(
        'list-file', '.txt', list_samples, lambda path: read_list_file(path, IMAGES), check_list
    ),
]
