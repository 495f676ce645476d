"""Annotations over each other against painting them one after the other."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as pycoco

from handbone.datasets import FormatDataset
from handbone.datasets.formats.coco import CocoReader
from handbone.datasets.formats.layers import COVERED, Layer, uncovered
from handbone.errors import HandboneError
from handbone.masks.run_union import subtract_runs, unite_runs

PIXELS = 60
run_lists = st.lists(st.tuples(st.integers(0, PIXELS - 9), st.integers(1, 8)), max_size=6)


def runs_of(mask):
    ends = np.flatnonzero(np.diff(np.concatenate([[0], mask, [0]])))
    return np.column_stack([ends[::2], ends[1::2] - ends[::2]])


def mask_of(runs):
    mask = np.zeros(PIXELS, int)
    for start, length in runs:
        mask[start : start + length] = 1
    return mask


@given(run_lists, run_lists)
def test_subtraction_is_that_of_masks(one, other):
    one, other = (unite_runs([np.reshape(each, (-1, 2))]) for each in (one, other))
    found = subtract_runs(one, other)
    np.testing.assert_array_equal(mask_of(found), mask_of(one) & ~mask_of(other) & 1)
    np.testing.assert_array_equal(found, runs_of(mask_of(found)))


@given(
    st.lists(st.tuples(st.integers(0, 3), run_lists), max_size=5),
    st.sampled_from(('smaller', 'later')),
)
@settings(deadline=None)
def test_layers_are_what_painting_leaves(annotations, overlaps):
    layers = [
        Layer(number, index, unite_runs([np.reshape(runs, (-1, 2)).astype(int)]))
        for number, (index, runs) in enumerate(annotations)
    ]
    order = layers
    if overlaps == 'smaller':  # largest first, as in sorted(annotations, key=area, reverse=True)
        order = sorted(layers, key=lambda layer: mask_of(layer.runs).sum(), reverse=True)
    painted = np.full(PIXELS, -1)
    before = np.zeros((4, PIXELS), int)
    for layer in order:
        painted[mask_of(layer.runs) == 1] = layer.class_index
        before[layer.class_index] |= mask_of(layer.runs)
    found, lost = uncovered(layers, overlaps)
    for index in range(4):
        runs = found.get(index, np.zeros((0, 2), int))
        np.testing.assert_array_equal(mask_of(runs), painted == index)
    assert lost == before.sum() - (painted >= 0).sum()


@pytest.fixture
def coco(tmp_path):
    """A small box on a large one, in the file before it; RLE and polygons."""
    Image.new('RGB', (20, 12)).save(tmp_path / 'a.png')
    rle = pycoco.encode(np.asfortranarray(np.pad(np.ones((2, 4), np.uint8), ((5, 5), (8, 8)))))
    annotations = [
        dict(segmentation=dict(rle, counts=rle['counts'].decode()), category_id=2),
        dict(segmentation=[[2, 2, 18, 2, 18, 10, 2, 10]], category_id=1),
    ]
    document = dict(
        images=[dict(id=1, file_name='a.png', width=20, height=12)],
        categories=[dict(id=1, name='Paper'), dict(id=2, name='Metal')],
        annotations=[
            dict(id=number, image_id=1, iscrowd=0, **each)
            for number, each in enumerate(annotations)
        ],
    )
    (tmp_path / 'labels.json').write_text(json.dumps(document))
    return tmp_path


@pytest.mark.parametrize(('overlaps', 'inside'), [('keep', 3), ('smaller', 2), ('later', 1)])
def test_who_has_the_pixels_in_coco(coco, overlaps, inside):
    reader = CocoReader(coco / 'labels.json', overlaps=overlaps)
    (image,) = reader
    packed = image.draw(2)
    assert packed[5:7, 8:12].tolist() == [[inside] * 4] * 2
    assert np.count_nonzero(packed) == 8 * 16
    assert reader.losses.counts[COVERED] == (0 if overlaps == 'keep' else 8)


def test_the_dataset_says_how_many_pixels_are_covered(coco, monkeypatch):
    said = []
    monkeypatch.setattr(
        'handbone.datasets.format_dataset.print_log', lambda text, **_: said.append(text)
    )
    settings = dict(
        format='coco',
        metainfo=dict(classes=('Paper', 'Metal')),
        data_root=str(coco),
        data_prefix=dict(img_path='', ann_path='labels.json'),
    )
    FormatDataset(**settings)
    assert not said
    dataset = FormatDataset(**settings, reader_options=dict(overlaps='smaller'))
    assert dataset[0]['masks'].present() == [0, 1]
    (text,) = said
    assert f'8 {COVERED}' in text


def test_an_unknown_rule_is_refused(coco):
    with pytest.raises(HandboneError, match="'keep', 'smaller' or 'later', got 'larger'"):
        CocoReader(coco / 'labels.json', overlaps='larger')
