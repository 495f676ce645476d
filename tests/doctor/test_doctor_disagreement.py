"""Where labels and a model disagree: the place, its picture, and Dice of every image and class."""

import json
from itertools import pairwise

import cv2
import numpy as np
import pytest
from scipy import ndimage

from handbone.cli.command import main
from handbone.csv_files import csv_bytes
from handbone.doctor.predictions import largest_part
from handbone.evaluation.score_files import read_score_file
from handbone.masks import Region, runs_to_string
from handbone.masks.rle import encode

CLASSES = ('a', 'b', 'c')
SIZE = 64


def box_of(mask):
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def largest(mask):
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    return labels == 1 + np.bincount(labels.ravel())[1:].argmax()


def by_definition(mask):
    """The largest part, opened with a square that its thickest place holds three times or more."""
    mask = np.pad(largest(mask), 1)
    thickest = ndimage.distance_transform_cdt(mask, 'chessboard').max()
    side = 2 * (thickest // 3) + 1
    return largest(ndimage.binary_opening(mask, np.ones((side, side)))[1:-1, 1:-1])


@pytest.mark.parametrize('seed', range(20))
def test_the_place_is_the_largest_part_without_what_is_thin(seed):
    rng = np.random.default_rng(seed)
    mask = np.zeros((70, 90), bool)
    for _ in range(rng.integers(1, 8)):
        top, left = rng.integers(0, 60), rng.integers(0, 80)
        mask[top : top + rng.integers(1, 25), left : left + rng.integers(1, 25)] = True
    expected = np.add(box_of(by_definition(mask)), (7, 3, 7, 3))
    assert largest_part(Region(0, 7, 3, mask)) == tuple(expected)


def test_an_outline_and_stray_pixels_are_not_the_place():
    mask = np.zeros((100, 100), bool)
    mask[20:80, 30:70] = True
    mask[21:79, 31:69] = False  # labels and prediction differ by a pixel all around,
    mask[40:60, 55:70] = True  # and here by much
    mask[0, 0] = mask[99, 99] = True
    assert largest_part(Region(0, 0, 0, mask)) == (55, 40, 70, 60)


def square(x, y, side):
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]


@pytest.fixture
def made(tmp_path):
    """30 images, and a prediction in which number 9 lacks a corner of b; masks (N, C, H, W)."""
    rng = np.random.default_rng(0)
    rows, masks = [('image_name', 'class', 'rle')], np.zeros((30, 3, SIZE, SIZE), bool)
    folder = tmp_path / 'data/outputs_json/P'
    folder.mkdir(parents=True)
    for number in range(30):
        x, y = (int(each) for each in rng.integers(2, 8, 2))
        places = [(x, y, 18), (x + 25, y + 4, 20), (x, 40, 12)]
        polygons = [
            dict(label=name, points=square(*place))
            for name, place in zip(CLASSES, places, strict=True)
        ]
        document = dict(annotations=polygons, metadata=dict(height=SIZE, width=SIZE))
        (folder / f'{number}.json').write_text(json.dumps(document))
        for mask, (left, top, side) in zip(masks[number], places, strict=True):
            mask[top : top + side + int(rng.integers(1, 3)), left : left + side + 1] = True
        if number == 9:
            masks[9, 1, y + 4 : y + 18, x + 25 : x + 39] = False
            corner = (x + 25, y + 4, x + 39, y + 18)
        packed = (masks[number] << np.arange(3)[:, None, None]).sum(axis=0).astype(np.int32)
        runs = (runs_to_string(each) for each in encode(packed, 3))
        rows += [(f'{number}', name, each) for name, each in zip(CLASSES, runs, strict=True)]
    return tmp_path / 'data', rows, masks, corner


def run(root, rows, out):
    path = root.parent / 'oof.csv'
    path.write_bytes(csv_bytes(rows))
    main(['doctor', str(root), '--predictions', str(path), '--out-dir', str(out)])
    return json.loads((out / 'findings.json').read_text())


def test_the_place_of_a_disagreement_and_its_picture(made, tmp_path):
    root, rows, _, corner = made
    out = tmp_path / 'out'
    found = [f for f in run(root, rows, out)['findings'] if f['check'] == 'unlike-prediction']
    (finding,) = found
    assert finding['image'].startswith('P/9') and finding['class_name'] == 'b'
    assert tuple(finding['box']) == corner
    picture = cv2.imread(str(out / finding['picture'])).astype(int)
    height, width = picture.shape[:2]
    assert width == 2 * height
    labels, prediction = picture[:, :height], picture[:, height:]
    # the corner is filled in the labels alone
    differs = np.abs(labels - prediction).sum(axis=2) > 30
    assert differs.mean() > 0.05


def test_dice_of_every_image_and_class(made, tmp_path):
    root, rows, masks, _ = made
    out = tmp_path / 'out'
    run(root, rows, out)
    table = read_score_file(out / 'agreement.csv')
    assert table.classes == CLASSES and len(table.images) == 30
    means = table.image_means('dice').tolist()
    assert all(first <= second for first, second in pairwise(means))
    assert table.images[0].startswith('P/9')
    for image, scores in zip(table.images, table.scores['dice'], strict=True):
        number = int(image.removeprefix('P/').removesuffix('.png'))
        document = json.loads((root / f'outputs_json/P/{number}.json').read_text())
        for index, each in enumerate(document['annotations']):
            (left, top), (right, bottom) = each['points'][0], each['points'][2]
            label = np.zeros((SIZE, SIZE), bool)
            label[top : bottom + 1, left : right + 1] = True
            both = label & masks[number, index]
            expected = 2 * both.sum() / (label.sum() + masks[number, index].sum())
            assert scores[index] == pytest.approx(expected, abs=1e-5)
    main(['doctor', str(root), '--out-dir', str(out)])
    assert not (out / 'agreement.csv').exists()


def test_a_bad_row_is_said_and_the_rest_goes_on(made, tmp_path):
    root, rows, _, _ = made
    place = next(number for number, row in enumerate(rows) if row[:2] == ('4', 'c'))
    rows[place] = ('4', 'c', '1 999999')
    document = run(root, rows, tmp_path / 'out')
    (note,) = [each for each in document['notes'] if 'oof.csv' in each]
    assert f'line {place + 1}: bad RLE' in note and note.endswith('That mask was not compared.')
    assert [each['image'][:3] for each in document['findings'] if each['box']] == ['P/9']
    table = read_score_file(tmp_path / 'out/agreement.csv')
    missing = np.argwhere(np.isnan(table.scores['dice'])).tolist()
    ((row, index),) = missing
    assert table.images[row].startswith('P/4') and index == 2
