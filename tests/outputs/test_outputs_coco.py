"""COCO JSON against pycocotools."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_predictions import CLASSES, PALETTE, draw_labels, make_prediction

from handbone.errors import HandboneError
from handbone.masks import encode, pack, unpack
from handbone.masks.coco_rle import coco_counts
from handbone.outputs import WRITERS

mask_utils = pytest.importorskip('pycocotools.mask')
from pycocotools.coco import COCO  # noqa: E402


@settings(max_examples=100, deadline=None)
@given(st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(lambda shape: arrays(bool, shape)))
def test_counts_are_those_of_pycocotools(mask):
    expected = mask_utils.encode(np.asfortranarray(mask.view(np.uint8)))['counts'].decode()
    assert coco_counts(encode(pack(mask[None]), 1, 'F')[0], mask.size) == expected


def test_counts_of_long_runs():
    mask = np.zeros((2048, 2048), np.uint8)
    mask[3:2040, 700:] = 1
    mask[100:110, 5] = 1
    expected = mask_utils.encode(np.asfortranarray(mask))['counts'].decode()
    assert coco_counts(encode(mask.astype(np.int32), 1, 'F')[0], mask.size) == expected


def test_pycocotools_reads_the_same_masks(tmp_path):
    predictions = [make_prediction(f'ID{seed}/hand', draw_labels(seed)) for seed in range(4)]
    predictions.insert(1, make_prediction('empty', np.zeros((12, 7), np.int32)))
    writer = WRITERS['coco'](tmp_path, CLASSES, PALETTE)
    for prediction in predictions:
        writer.write(prediction)
    writer.finish()
    writer.close()
    assert [path.name for path in tmp_path.iterdir()] == ['coco.json']
    coco = COCO(tmp_path / 'coco.json')
    results = coco.loadRes([dict(each) for each in coco.dataset['annotations']])
    assert [entry['name'] for entry in coco.loadCats(coco.getCatIds())] == list(CLASSES)
    assert coco.dataset['categories'][1]['color'] == list(PALETTE[1])
    assert [entry['file_name'] for entry in coco.dataset['images']][:2] == [
        'ID0/hand.png',
        'empty.png',
    ]
    for number, prediction in enumerate(predictions, 1):
        found = np.zeros((len(CLASSES), *prediction.labels.shape), bool)
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[number])):
            mask = coco.annToMask(annotation)
            np.testing.assert_array_equal(results.annToMask(results.anns[annotation['id']]), mask)
            found[annotation['category_id'] - 1] = mask != 0
            assert annotation['area'] == mask.sum()
            assert annotation['bbox'] == mask_utils.toBbox(annotation['segmentation']).tolist()
        np.testing.assert_array_equal(found, unpack(prediction.labels, len(CLASSES)))


def test_an_interrupted_run_gives_the_same_file(tmp_path):
    predictions = [make_prediction(f'hand{seed}', draw_labels(seed)) for seed in range(4)]
    whole = WRITERS['coco'](tmp_path / 'whole', CLASSES, PALETTE)
    for prediction in predictions:
        whole.write(prediction)
    whole.finish()
    first = WRITERS['coco'](tmp_path / 'parts', CLASSES, PALETTE)
    for prediction in predictions[:2]:
        first.write(prediction)
    position = first.position()
    first.write(predictions[2])
    first.close()
    assert not (tmp_path / 'parts' / 'coco.json').exists()
    second = WRITERS['coco'](tmp_path / 'parts', CLASSES, PALETTE)
    second.resume(position)
    for prediction in predictions[2:]:
        second.write(prediction)
    second.finish()
    expected = (tmp_path / 'whole' / 'coco.json').read_bytes()
    assert (tmp_path / 'parts' / 'coco.json').read_bytes() == expected


@pytest.mark.parametrize(
    'damage',
    [
        lambda line: line[:-30] + b'\n',
        lambda line: line[:-1] + b' ',
        lambda line: b'3\n',
        lambda line: b'[]\n',
        lambda line: b'[{},[]]\n',
        lambda line: line.replace(b'"height":', b'"height":true,"was":'),
        lambda line: line.replace(b'"bbox":', b'"bbox":[true],"was":'),
        lambda line: line.replace(b'"counts":', b'"was":'),
        lambda line: b'[' * 100_000 + b'\n',
        lambda line: b'\xff\n',
    ],
)
def test_a_damaged_line_ends_the_run_before_it_continues(tmp_path, damage):
    first = WRITERS['coco'](tmp_path, CLASSES, PALETTE)
    for seed in range(2):
        first.write(make_prediction(f'hand{seed}', draw_labels(seed)))
    first.close()
    path = tmp_path / '.coco.jsonl.unfinished'
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = damage(lines[1])
    path.write_bytes(b''.join(lines))
    second = WRITERS['coco'](tmp_path, CLASSES, PALETTE)
    with pytest.raises(HandboneError) as caught:
        second.resume(path.stat().st_size)
    second.close()
    message = str(caught.value)
    assert message.startswith(f'{path}, line 2') and message.endswith('start over with --restart')
    assert '\n' not in message and len(message) < 1000


def test_no_image_at_all(tmp_path):
    writer = WRITERS['coco'](tmp_path, CLASSES, ())
    writer.finish()
    document = json.loads((tmp_path / 'coco.json').read_bytes())
    assert (document['images'], document['annotations']) == ([], [])
    assert 'color' not in document['categories'][0]
