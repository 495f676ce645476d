"""Flips that swap right and left."""

import numpy as np
import pytest

from handbone.datasets import MultilabelRandomFlip
from handbone.masks import pack, unpack

CLASSES = tuple('abcdefgh') + tuple(f'more-{number}' for number in range(62))


def sample(num_classes):
    rng = np.random.default_rng(0)
    masks = rng.random((num_classes, 9, 12)) < 0.4
    packed = pack(masks, ignore=rng.random((9, 12)) < 0.1)
    image = rng.integers(0, 256, (9, 12), dtype=np.uint8)
    return dict(
        img=image, gt_seg_map=packed, seg_fields=['gt_seg_map'], classes=CLASSES[:num_classes]
    )


@pytest.mark.parametrize('num_classes', [8, 31, 70])
@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_flip_and_swap(num_classes, direction):
    swap = [('a', 'c'), ('h', 'b')] + ([('d', 'more-55')] if num_classes == 70 else [])
    before = sample(num_classes)
    original = before['gt_seg_map'].copy()
    after = MultilabelRandomFlip(swap, prob=1.0, direction=direction)(dict(before))
    axes = dict(horizontal=(1,), vertical=(0,), diagonal=(0, 1))[direction]
    np.testing.assert_array_equal(after['img'], np.flip(before['img'], axes))
    order = list(range(num_classes))
    if direction != 'diagonal':
        for first, second in swap:
            i, j = CLASSES.index(first), CLASSES.index(second)
            order[i], order[j] = order[j], order[i]
        assert after['swap_classes'][:2] == [(0, 2), (7, 1)]
    else:
        assert 'swap_classes' not in after
    expected = np.flip(unpack(original, num_classes)[order], [axis + 1 for axis in axes])
    np.testing.assert_array_equal(unpack(after['gt_seg_map'], num_classes), expected)
    ignored = np.flip(original.reshape(9, 12, -1)[..., 0] < 0, axes)
    np.testing.assert_array_equal(after['gt_seg_map'].reshape(9, 12, -1)[..., 0] < 0, ignored)
    np.testing.assert_array_equal(before['gt_seg_map'], original)


def test_without_a_flip_nothing_changes():
    before = sample(8)
    after = MultilabelRandomFlip([('a', 'b')], prob=0.0)(dict(before))
    np.testing.assert_array_equal(after['gt_seg_map'], before['gt_seg_map'])
    assert 'swap_classes' not in after


def test_names_are_compared_in_one_unicode_form():
    before = sample(8)
    before['classes'] = ('r\u00e1dio', *before['classes'][1:])
    after = MultilabelRandomFlip([('b', 'ra\u0301dio')], prob=1.0)(before)
    assert after['swap_classes'] == [(1, 0)]


def test_without_labels():
    before = sample(8)
    del before['gt_seg_map']
    before['seg_fields'] = []
    after = MultilabelRandomFlip([('a', 'b')], prob=1.0)(before)
    assert after['swap_classes'] == [(0, 1)]


@pytest.mark.parametrize('swap', [[('a',)], [('a', 'b'), ('b', 'c')], [('a', 'a')]])
def test_unusable_pairs(swap):
    with pytest.raises(ValueError, match='each name once'):
        MultilabelRandomFlip(swap, prob=1.0)


def test_unknown_class():
    with pytest.raises(ValueError, match='do not exist: tail'):
        MultilabelRandomFlip([('a', 'tail')], prob=1.0)(sample(8))


def test_all_classes_with_sides_are_swapped():
    given = sample(5) | dict(classes=('left_lung', 'right_lung', 'heart', 'left_rib', 'right_rib'))
    lungs, ribs = ('left_lung', 'right_lung'), ('right_rib', 'left_rib')
    with pytest.raises(ValueError, match='MultilabelRandomFlip mirrors images, and left_rib has'):
        MultilabelRandomFlip([lungs], prob=0.5, direction=['diagonal', 'vertical'])(dict(given))
    MultilabelRandomFlip([lungs, ribs], prob=0.5)(dict(given))
    MultilabelRandomFlip([lungs], prob=0.5, direction='diagonal')(dict(given))
    MultilabelRandomFlip([lungs], prob=0.0)(dict(given))
