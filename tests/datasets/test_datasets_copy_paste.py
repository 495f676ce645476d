"""CopyPaste by definition: the bits of the chosen classes come, everything else stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmseg.registry import DATASETS
from small_dataset import shapes

from handbone.datasets import CopyPaste, Polygons
from handbone.errors import HandboneError
from handbone.masks import ignore_mask, pack, unpack

CLASSES = tuple(f'class-{index}' for index in range(40))


def sample(seed, num_classes=40, grey=0):
    rng = np.random.default_rng(seed)
    masks = rng.random((num_classes, 20, 30)) < 0.05
    return dict(
        img=np.full((20, 30), grey, np.uint8),
        gt_seg_map=pack(masks, rng.random((20, 30)) < 0.05),
        seg_fields=['gt_seg_map'],
        classes=CLASSES[:num_classes],
        img_path=f'{seed}.png',
    )


def pasted(into, other, **settings):
    given = into | {key: into[key].copy() for key in into if isinstance(into[key], np.ndarray)}
    return CopyPaste(prob=1.0, **settings)(given | dict(mix_results=[other]))


@given(
    st.sampled_from([5, 31, 40]),
    st.sets(st.integers(0, 4), min_size=1),
    st.floats(0, 5),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_bits(num_classes, chosen, edge, seed):
    into, other = sample(seed, num_classes), sample(seed + 100, num_classes)
    result = pasted(into, other, classes=[CLASSES[index] for index in chosen], edge=edge)
    ignored = ignore_mask(into['gt_seg_map'])
    np.testing.assert_array_equal(ignore_mask(result['gt_seg_map']), ignored)
    before, given, after = (
        unpack(each['gt_seg_map'], num_classes) for each in (into, other, result)
    )
    given[[index for index in range(num_classes) if index not in chosen]] = False
    np.testing.assert_array_equal(after, (before | given) & ~ignored)


def test_pixels_are_blended_with_an_edge_that_fades_outwards():
    into, other = sample(0, 5, grey=100), sample(1, 5, grey=200)
    other['gt_seg_map'][:] = 0
    other['gt_seg_map'][8:12, 10:16] = 2
    hard = pasted(into, other, classes=['class-1'], opacity=(0.5, 0.5), edge=0)['img']
    there = other['gt_seg_map'] == 2
    assert (hard[there] == 150).all() and (hard[~there] == 100).all()
    soft = pasted(into, other, classes=['class-1'], opacity=(1, 1), edge=1.5)['img']
    assert (soft[there] == 200).all()
    beside = soft[10, 16:22].astype(int)
    assert 100 < beside[0] < 200 and (np.diff(beside) <= 0).all() and beside[-1] == 100


@pytest.mark.parametrize('shape', [(3,), ()])
@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_channels_and_dtype(shape, dtype):
    into, other = sample(0), sample(1)
    for each, grey in ((into, 10), (other, 90)):
        each['img'] = np.full((20, 30, *shape), grey, dtype)
    image = pasted(into, other, classes=CLASSES)['img']
    assert image.shape == (20, 30, *shape) and image.dtype == dtype and image.max() > 10


def test_a_pasted_class_is_known():
    into, other = sample(0, 5), sample(1, 5)
    into['gt_unknown_map'] = np.full((20, 30), 3, np.int32)
    result = pasted(into, other, classes=['class-1'])
    there = (other['gt_seg_map'] > 0) & (other['gt_seg_map'] & 2 > 0)
    np.testing.assert_array_equal(result['gt_unknown_map'], np.where(there, 1, 3))


@pytest.mark.parametrize('num_classes', [5, 40])
@pytest.mark.parametrize('into_unknown', [False, True])
def test_what_is_unknown_in_the_other_image(num_classes, into_unknown):
    """It is not pasted, and is unknown where its pixels show and this image lacks it."""
    into, other = sample(0, num_classes), sample(1, num_classes)
    rng = np.random.default_rng(2)
    shape = (num_classes, 20, 30)
    own, others = rng.random(shape) < 0.2 * into_unknown, rng.random(shape) < 0.3
    other['gt_unknown_map'] = pack(others)
    if into_unknown:
        into |= dict(gt_unknown_map=pack(own), seg_fields=['gt_seg_map', 'gt_unknown_map'])
    result = pasted(into, other, classes=['class-1', 'class-3'], edge=0)
    before, found = (
        unpack(into['gt_seg_map'], num_classes),
        unpack(other['gt_seg_map'], num_classes),
    )
    given = found & ~others
    given[[index for index in range(num_classes) if index not in (1, 3)]] = False
    after = (before | given) & ~ignore_mask(into['gt_seg_map'])
    np.testing.assert_array_equal(unpack(result['gt_seg_map'], num_classes), after)
    unknown = (own | (others & given.any(axis=0) & ~before)) & ~given
    valid = ~ignore_mask(into['gt_seg_map'])
    found = unpack(result['gt_unknown_map'], num_classes)
    np.testing.assert_array_equal(found[:, valid], unknown[:, valid])
    assert result['seg_fields'] == ['gt_seg_map', 'gt_unknown_map']
    assert into['seg_fields'].count('gt_unknown_map') == into_unknown


def test_nothing_to_paste_and_the_probability():
    into, other = sample(0, 5, grey=1), sample(1, 5, grey=2)
    other['gt_seg_map'] &= ~np.int32(1)
    np.testing.assert_array_equal(
        pasted(into, other, classes=['class-0'])['gt_seg_map'], into['gt_seg_map']
    )
    image = into['img']
    assert CopyPaste(['class-1'])(into | dict(mix_results=[]))['img'] is image


class Known:
    """A dataset that says which classes its images have, and counts how often it is asked."""

    metainfo = dict(classes=CLASSES)

    def __init__(self, present):
        self.present = present
        self.asked = 0

    def __len__(self):
        return len(self.present)

    def get_data_info(self, index):
        self.asked += 1
        chosen = np.array(self.present[index], np.int32)
        ends = 3 * np.arange(1, len(chosen) + 1, dtype=np.int32)
        points = np.zeros((3 * len(chosen), 2), np.float32)
        return dict(polygons=Polygons(points, ends, chosen))


def test_the_source_has_a_wanted_class_and_each_class_is_as_frequent():
    dataset = Known([(0, 1)] * 30 + [(2,)] * 29 + [(2, 3)] * 2)
    transform = CopyPaste(['class-1', 'class-3', 'class-5'], prob=0.5)
    np.random.seed(0)
    drawn = [transform.get_indices(dataset) for _ in range(1000)]
    found = [index for indices in drawn for index in indices]
    assert 400 < len(found) < 600
    assert set(found) <= {*range(30), 59, 60}
    assert 0.4 < np.mean([index >= 59 for index in found]) < 0.6
    assert dataset.asked <= len(dataset)  # each image is asked once


def test_what_was_asked_before_does_not_change_the_source():
    dataset = Known([(index % 7,) for index in range(40)])
    used = CopyPaste(['class-1', 'class-3'], prob=1.0)
    for seed in range(20):
        np.random.seed(seed)
        found = used.get_indices(dataset)
        np.random.seed(seed)
        assert CopyPaste(['class-1', 'class-3'], prob=1.0).get_indices(dataset) == found


def test_no_image_has_a_wanted_class():
    with pytest.raises(HandboneError, match="no image of the dataset has 'class-2', 'class-4': "):
        CopyPaste(['class-2', 'class-4'], prob=1.0).get_indices(Known([(0, 1)] * 3))
    assert CopyPaste(['class-2'], prob=0.0).get_indices(Known([(0, 1)] * 3)) == []


def test_in_the_dataset_of_mmseg(folder):
    """Its wrapper brings the second image, and the next transforms see one as usual."""
    for patient in ('ID001', 'ID002'):
        folder.add(patient, 'image1_R', shapes(3 if patient == 'ID002' else 0))
    inner = folder.config(
        pipeline=[dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
    )
    names = inner['metainfo']['classes'] if 'metainfo' in inner else None
    dataset = DATASETS.build(inner)
    names = dataset.metainfo['classes']
    wrapped = DATASETS.build(
        dict(
            type='MultiImageMixDataset',
            dataset=dict(type='ConcatDataset', datasets=[inner]),
            pipeline=[
                dict(type='CopyPaste', classes=names, prob=1.0),
                dict(type='PackMultilabelInputs'),
            ],
        )
    )
    np.random.seed(0)
    found = [wrapped[0]['data_samples'].gt_sem_seg.data.numpy() for _ in range(8)]
    own, other = (dataset[index]['gt_seg_map'] for index in range(2))
    assert any(np.array_equal(each[0], own | other) for each in found)
    assert any(np.array_equal(each[0], own) for each in found)  # pasted into itself


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        (dict(classes='class-1'), 'classes must be a list'),
        (dict(classes=[]), 'classes must be a list'),
        (dict(classes=['a'], opacity=(0.5, 2)), 'opacity must be'),
        (dict(classes=['a'], edge=-1), 'edge must be'),
    ],
)
def test_arguments_that_cannot_be(settings, words):
    with pytest.raises(HandboneError, match=words):
        CopyPaste(**settings)


def test_samples_that_do_not_fit():
    into, other = sample(0), sample(1)
    with pytest.raises(HandboneError, match='not exist: heart; the classes are class-0'):
        pasted(into, other, classes=['heart'])
    with pytest.raises(HandboneError, match='put it into the pipeline of MultiImageMixDataset'):
        CopyPaste(['class-1'])(into)
    with pytest.raises(HandboneError, match=r'0.png is \(20, 30\) and 1.png \(19, 30\)'):
        pasted(into, other | dict(img=other['img'][1:]), classes=['class-1'])
    del other['gt_seg_map']
    with pytest.raises(HandboneError, match='1.png has no label map'):
        pasted(into, other, classes=['class-1'])
