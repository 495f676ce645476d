import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from handbone import masks

CLASS_COUNTS = (1, 3, 29, 31, 32, 210)
shapes = st.tuples(st.sampled_from(CLASS_COUNTS), st.integers(1, 12), st.integers(1, 12))


def random_planes(seed, num_classes, height, width):
    """Masks of any density, some of them smooth in one direction, with ignored pixels."""
    generator = np.random.default_rng(seed)
    planes = generator.random((num_classes, height, width)) < generator.random((num_classes, 1, 1))
    if generator.random() < 0.5:
        planes = np.logical_or.accumulate(planes, axis=int(generator.integers(1, 3)))
    return planes, generator.random((height, width)) < generator.choice([0, 0.2])


def runs_pixel_by_pixel(flat):
    runs = []
    for position, inside in enumerate(flat):
        if not inside:
            continue
        if runs and sum(runs[-1]) == position:
            runs[-1][1] += 1
        else:
            runs.append([position, 1])
    return runs


@given(shapes, st.sampled_from('CF'), st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_encode_is_the_plane_per_class_definition(shape, order, seed):
    planes, ignore = random_planes(seed, *shape)
    runs = masks.encode(masks.pack(planes, ignore), shape[0], order)
    assert len(runs) == shape[0]
    for plane, found in zip(planes & ~ignore, runs, strict=True):
        assert found.dtype == np.int64
        assert found.shape[1:] == (2,)
        assert found.tolist() == runs_pixel_by_pixel(plane.ravel(order))


@given(shapes, st.sampled_from('CF'), st.integers(0, 2**32))
@settings(deadline=None, max_examples=80)
def test_decode_inverts_encode(shape, order, seed):
    planes, ignore = random_planes(seed, *shape)
    runs = masks.encode(masks.pack(planes, ignore), shape[0], order)
    decoded = masks.decode(runs, *shape[1:], order=order)
    np.testing.assert_array_equal(decoded, masks.pack(planes & ~ignore))
    assert decoded.dtype == np.int32


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_text_survives_the_round_trip(shape, seed):
    planes, ignore = random_planes(seed, *shape)
    for runs in masks.encode(masks.pack(planes, ignore), shape[0]):
        text = masks.runs_to_string(runs)
        np.testing.assert_array_equal(masks.string_to_runs(text, shape[1] * shape[2]), runs)


@given(shapes, st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_column_major_runs_are_those_of_pycocotools(shape, seed):
    planes, _ = random_planes(seed, *shape)
    size = list(shape[1:])
    for plane, runs in zip(planes, masks.encode(masks.pack(planes), shape[0], 'F'), strict=True):
        edges = np.concatenate([[0], np.stack([runs[:, 0], runs.sum(1)], 1).ravel(), [plane.size]])
        counts = np.diff(edges).tolist()
        if counts[-1] == 0:
            counts.pop()
        ours = coco.frPyObjects({'size': size, 'counts': counts}, *size)
        theirs = coco.encode(np.asfortranarray(plane, np.uint8))
        assert ours['counts'] == theirs['counts']


def test_by_hand():
    mask = np.array([[0, 1, 1, 0], [1, 1, 0, 1]], bool)
    packed = masks.pack(mask[None])
    rows, columns = masks.encode(packed, 1, 'C')[0], masks.encode(packed, 1, 'F')[0]
    assert rows.tolist() == [[1, 2], [4, 2], [7, 1]]
    assert columns.tolist() == [[1, 4], [7, 1]]
    assert masks.runs_to_string(rows) == '2 2 5 2 8 1'
    assert masks.runs_to_string(columns) == '2 4 8 1'


def test_runs_go_on_over_the_end_of_a_row():
    full = masks.pack(np.ones((1, 3, 4), bool))
    assert masks.encode(full, 1)[0].tolist() == [[0, 12]]
    assert masks.encode(full, 1, 'F')[0].tolist() == [[0, 12]]


def test_ignored_pixels_part_a_run():
    ignore = np.array([[False, False, True, False]])
    packed = masks.pack(np.ones((40, 1, 4), bool), ignore)
    for runs in masks.encode(packed, 40):
        assert runs.tolist() == [[0, 2], [3, 1]]


def test_empty_masks():
    runs = masks.encode(masks.empty(3, 4, 33), 33)
    assert [one.shape for one in runs] == [(0, 2)] * 33
    assert masks.runs_to_string(runs[0]) == ''
    assert masks.string_to_runs('').shape == (0, 2)
    assert masks.string_to_runs(' \n').shape == (0, 2)
    assert not masks.decode(runs, 3, 4).any()
    assert masks.encode(masks.empty(0, 4, 2), 2)[1].shape == (0, 2)


def test_maps_in_any_memory_order():
    planes, ignore = random_planes(5, 4, 9, 7)
    packed = masks.pack(planes, ignore)
    for view in (packed[::2, ::-1], packed.T, np.asfortranarray(packed)):
        for order in 'CF':
            for ours, theirs in zip(
                masks.encode(view, 4, order),
                masks.encode(np.ascontiguousarray(view), 4, order),
                strict=True,
            ):
                np.testing.assert_array_equal(ours, theirs)


def test_neighbouring_runs_may_touch():
    runs = masks.string_to_runs('1 2 3 1', num_pixels=3)
    assert runs.tolist() == [[0, 2], [2, 1]]
    assert masks.decode([runs], 1, 4).tolist() == [[1, 1, 1, 0]]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('1', 'has 1 value, an odd count'),
        ('1 2 3', 'has 3 values, an odd count'),
        ('1 x', "value 2 is 'x'"),
        ('1 2.5', "value 2 is '2.5'"),
        ('nan 2', "value 1 is 'nan'"),
        ('1 1_0', "value 2 is '1_0'"),
        ('1 99999999999999999999', 'value 2 is'),
        ('0 2', r'run 1 \(0 2\) starts below 1'),
        ('-3 2', r'run 1 \(-3 2\) starts below 1'),
        ('3 0', r'run 1 \(3 0\) is shorter than 1'),
        ('1 1 3 -2', r'run 2 \(3 -2\) is shorter than 1'),
        ('1 3 3 1', r'run 2 \(3 1\) begins before'),
        ('5 1 1 1', r'run 2 \(1 1\) begins before'),
        ('1 1 1 1', r'run 2 \(1 1\) begins before'),
        ('1 1 20 2', r'run 2 \(20 2\) ends outside the map of 20 pixels'),
        ('21 1', r'run 1 \(21 1\) ends outside the map of 20 pixels'),
    ],
)
def test_faulty_text_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        masks.string_to_runs(text, num_pixels=20)


def test_last_pixel_is_in_range():
    assert masks.string_to_runs('20 1', num_pixels=20).tolist() == [[19, 1]]


def test_decode_refuses_faulty_runs_and_names_the_class():
    good, bad = np.array([[0, 4]]), np.array([[3, 2]])
    with pytest.raises(ValueError, match=r'class 1: run 1 \(4 2\) ends outside'):
        masks.decode([good, bad], 2, 2)


def test_unknown_order_is_an_error():
    with pytest.raises(ValueError, match="'C' or 'F'"):
        masks.encode(masks.empty(2, 2, 1), 1, 'K')
    with pytest.raises(ValueError, match="'C' or 'F'"):
        masks.decode([np.zeros((0, 2))], 2, 2, 'K')
