"""How much of a dataset each class covers, where some of it is unknown."""

import json

import numpy as np
import pytest
from small_dataset import annotation, shapes

from handbone.datasets.image_attributes import read_attributes
from handbone.masks import split_unknown
from handbone.planning.fingerprint import take_fingerprint

PIPELINE = [
    dict(type='LoadRadiograph'),
    dict(type='LoadPolygonAnnotations'),
    dict(type='PackMultilabelInputs'),
]
BOX = [[10, 10], [30, 10], [30, 20], [10, 20]]


def listed(folder, *names):
    file = folder.root / 'list.txt'
    file.write_text('\n'.join(names))
    return str(file)


def rewrite_unknown(path, names):
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | dict(attributes=dict(unknown_classes=names))))


def test_class_frequencies_are_of_known_pixels(folder, build):
    """A class that half of the images know is as frequent as in that half."""
    folder.add('ID8', 'whole', [each for each in shapes() if each['label'] == 'square'])
    folder.add('ID9', 'part', [])
    rewrite_unknown(folder.json('ID9', 'part'), ['square', 'long'])
    alone = build(folder.config(ann_file=listed(folder, 'ID8'))).class_frequencies()
    both = build(folder.config(ann_file=listed(folder, 'ID8', 'ID9'))).class_frequencies()
    assert alone[1] > 0
    np.testing.assert_allclose(both, alone)
    folder.add('ID9', 'marked', [annotation('square?', [[0, 0], [63, 0], [63, 23.5], [0, 23.5]])])
    settings = dict(unknown_labels={'square?': 'square'})
    dataset = build(folder.config(**settings, ann_file=listed(folder, 'ID9/marked.png')))
    known = dataset.class_shares().known
    np.testing.assert_allclose(known, [1, 0.5, 1], atol=0.02)


def test_labels_where_a_class_is_unknown_count_nowhere(folder, build):
    """Of three quarters of a class, two lie where it is unknown, and of another all."""
    quarters = [[[x, 0], [x + 15.5, 0], [x + 15.5, 47], [x, 47]] for x in (0, 16, 32, 48)]
    marks = [annotation('round?', quarters[index]) for index in (1, 2)]
    labels = [annotation('round', quarters[index]) for index in (0, 1, 2)]
    hidden = [annotation('long', BOX), annotation('long?', BOX)]
    folder.add('ID9', 'one', [*marks, *labels, *hidden])
    unknown = {'round?': 'round', 'long?': 'long'}
    dataset = build(folder.config(unknown_labels=unknown, ann_file=listed(folder, 'ID9')))
    item = build(
        folder.config(unknown_labels=unknown, ann_file=listed(folder, 'ID9'), pipeline=PIPELINE)
    )[0]
    labels, hidden = split_unknown(item['data_samples'].gt_sem_seg.data, 3)
    shares = dataset.class_shares()
    for index in (0, 2):
        counted = ((labels & ~hidden)[0] >> index & 1).float().mean()
        assert shares.present[index] == pytest.approx(counted.item(), abs=1e-6)
    assert shares.known[0] == pytest.approx(0.5, abs=0.05)
    assert dataset.class_frequencies()[0] == pytest.approx(0.5, abs=0.05)  # and not 1.5
    assert dataset.get_cat_ids(0) == [0]
    attributes = read_attributes(dataset)
    assert attributes.presence.tolist() == [[True, False, False]]
    np.testing.assert_allclose(attributes.areas, [shares.present])
    measured = take_fingerprint(dataset).classes
    assert [each.presence for each in measured] == [1, 0, 0]
    assert measured[0].area == pytest.approx(shares.present[0], abs=1e-6)
