"""Polygons of predictions: traced, drawn again, and read as annotations."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_predictions import CLASSES, draw_labels, make_prediction
from scipy import ndimage

from handbone.bones import CLASSES as BONES
from handbone.datasets.annotation_file import read_annotations
from handbone.masks import pack, rasterize, trace_outlines
from handbone.outputs import WRITERS
from handbone.outputs.polygons import PolygonWriter

SHAPES = st.tuples(st.integers(1, 14), st.integers(1, 14))


def drawn(outlines, shape):
    return rasterize([(0, outline) for outline in outlines], *shape, 1) != 0


@settings(max_examples=150, deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(bool, shape)))
def test_any_mask_is_drawn_again(mask):
    np.testing.assert_array_equal(drawn(trace_outlines(mask), mask.shape), mask)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 0.9))
def test_large_noise_with_many_holes_is_drawn_again(seed, share):
    mask = np.random.default_rng(seed).random((60, 70)) < share
    outlines = trace_outlines(mask)
    np.testing.assert_array_equal(drawn(outlines, mask.shape), mask)
    parts, _ = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    assert len(outlines) == parts - 1


def test_rings_within_rings():
    y, x = np.mgrid[:81, :81]
    mask = (np.hypot(y - 40, x - 40) // 6).astype(int) % 2 == 0
    assert len(trace_outlines(mask)) > 3
    np.testing.assert_array_equal(drawn(trace_outlines(mask), mask.shape), mask)


@pytest.mark.parametrize('with_hole', [False, True])
def test_tolerance_saves_points_and_keeps_the_outline_near(with_hole):
    mask = np.zeros((200, 200), np.uint8)
    cv2.ellipse(mask, (100, 100), (80, 50), 30, 0, 360, 1, -1)
    if with_hole:
        cv2.circle(mask, (110, 105), 17, 0, -1)
    mask = mask != 0
    exact, simple = trace_outlines(mask), trace_outlines(mask, 2.0)
    assert len(simple[0]) < len(exact[0]) / 3
    wrong = drawn(simple, mask.shape) != mask
    assert wrong.any()
    edges = mask ^ cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    distance = cv2.distanceTransform((~edges).view(np.uint8), cv2.DIST_L2, 5)
    assert distance[wrong].max() <= 3.5


def test_file_reads_as_annotations_of_the_same_masks(tmp_path):
    prediction = make_prediction('ID007/hand', draw_labels(3))
    WRITERS['polygons'](tmp_path, CLASSES, ()).write(prediction)
    path = tmp_path / 'outputs_json' / 'ID007' / 'hand.json'
    height, width = prediction.labels.shape
    indices = {name: index for index, name in enumerate(CLASSES)}
    polygons, problems, _ = read_annotations(path, indices, (height, width))
    assert problems == []
    again = rasterize(polygons.split(), height, width, len(CLASSES))
    np.testing.assert_array_equal(again, np.where(prediction.labels < 0, 0, prediction.labels))
    document = json.loads(path.read_bytes())
    assert document['filename'] == 'hand.png'
    assert document['metadata'] == {'height': height, 'width': width}
    assert len({annotation['id'] for annotation in document['annotations']}) == len(
        document['annotations']
    )


@pytest.mark.parametrize('tolerance', [0.3, 1.0, 5.0])
def test_every_part_stays_when_simplified(tmp_path, tolerance):
    """Specks and rings of a few pixels too, which the simplified line has no room for."""
    generator = np.random.default_rng(0)
    for share in (0.02, 0.3, 0.6, 0.9):
        for _ in range(60):
            mask = generator.random((9, 11)) < share
            parts = ndimage.label(mask, np.ones((3, 3)))[1]
            outlines = trace_outlines(mask, tolerance)
            assert len(outlines) == parts and all(len(outline) for outline in outlines)
    dots = np.zeros((1, 9, 9), bool)
    dots[0, ::4, ::4] = True
    prediction = make_prediction('dots', pack(dots))
    PolygonWriter(tmp_path, ['bone'], (), tolerance).write(prediction)


def test_parts_of_one_and_two_pixels_are_polygons(tmp_path):
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 0, 0] = mask[0, 4, 4:6] = mask[0, 8, 8] = True
    PolygonWriter(tmp_path, ['bone']).write(make_prediction('dots', pack(mask)))
    polygons, problems, _ = read_annotations(
        tmp_path / 'outputs_json/dots.json', {'bone': 0}, (9, 9)
    )
    assert problems == []
    np.testing.assert_array_equal(rasterize(polygons.split(), 9, 9, 1), pack(mask))


def test_more_than_31_classes(tmp_path):
    names = [f'part-{index}' for index in range(40)]
    masks = np.zeros((40, 20, 20), bool)
    masks[33, 2:9, 3:8] = masks[39, 5:12, 5:12] = True
    PolygonWriter(tmp_path, names).write(make_prediction('many', pack(masks)))
    document = json.loads((tmp_path / 'outputs_json/many.json').read_bytes())
    assert [entry['label'] for entry in document['annotations']] == ['part-33', 'part-39']


def test_nothing_found(tmp_path):
    PolygonWriter(tmp_path, BONES).write(make_prediction('none', np.zeros((8, 8), np.int32)))
    assert json.loads((tmp_path / 'outputs_json/none.json').read_bytes())['annotations'] == []


def test_negative_tolerance():
    with pytest.raises(ValueError, match='at least 0 pixels, got -1'):
        PolygonWriter('out', BONES, tolerance=-1)
