"""MultilabelRandomRotFlip against mmseg's on single masks and against NumPy."""

import random

import numpy as np
import pytest
from mmseg.datasets.transforms import RandomRotFlip

from handbone.datasets import MultilabelRandomRotFlip
from handbone.errors import HandboneError
from handbone.masks import class_mask, pack

CLASSES = ('outer', 'inner', 'middle')


def sample(num_classes=3):
    masks = np.random.default_rng(0).random((num_classes, 30, 40)) < 0.3
    image = np.random.default_rng(1).integers(0, 256, (30, 40), dtype=np.uint8)
    return masks, dict(
        img=image, gt_seg_map=pack(masks), seg_fields=['gt_seg_map'], classes=CLASSES
    )


def seeded(transform, results, seed):
    np.random.seed(seed)
    random.seed(seed)
    return transform(results)


@pytest.mark.parametrize('seed', range(6))
def test_the_image_is_that_of_mmseg(seed):
    """For quarter turns also every mask; in rotations mmseg's are interpolated."""
    for settings in (dict(rotate_prob=1.0), dict(rotate_prob=0.0, flip_prob=1.0)):
        masks, given = sample()
        ours = seeded(MultilabelRandomRotFlip(**settings), given, seed)
        stock = RandomRotFlip(**settings | dict(degree=20.0))
        _, given = sample()
        theirs = seeded(stock, given | dict(gt_seg_map=masks[1].astype(np.uint8)), seed)
        np.testing.assert_array_equal(ours['img'], theirs['img'])
        assert ours['gt_seg_map'].shape == ours['img'].shape
        if 'flip_prob' in settings:
            found = class_mask(ours['gt_seg_map'], 1)
            np.testing.assert_array_equal(found, theirs['gt_seg_map'])
            assert ours['img_shape'] == ours['img'].shape


@pytest.mark.parametrize('seed', range(4))
def test_classes_with_sides_change_places_in_a_mirror_image(seed):
    plain, swapped = (
        seeded(
            MultilabelRandomRotFlip(rotate_prob=0.0, flip_prob=1.0, swap=swap), sample()[1], seed
        )
        for swap in ([], [('outer', 'inner')])
    )
    for index, other in ((0, 1), (1, 0), (2, 2)):
        expected = class_mask(plain['gt_seg_map'], other)
        np.testing.assert_array_equal(class_mask(swapped['gt_seg_map'], index), expected)
    assert swapped['swap_classes'] == [(0, 1)]
    turned = seeded(
        MultilabelRandomRotFlip(rotate_prob=1.0, swap=[('outer', 'inner')]), sample()[1], seed
    )
    assert 'swap_classes' not in turned


def test_sides_without_a_swap():
    given = sample()[1] | dict(classes=('left lung', 'right lung', 'heart'))
    with pytest.raises(HandboneError, match='mirrors images, and left lung has a side.* swap'):
        MultilabelRandomRotFlip(flip_prob=0.5)(given)
    MultilabelRandomRotFlip(flip_prob=0.5, swap=[('left lung', 'right lung')])(given)
    MultilabelRandomRotFlip(flip_prob=0.0)(given)


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        (dict(flip_prob=2), 'between 0 and 1, got 2'),
        (dict(swap=[('left', 'left')]), 'each name once'),
    ],
)
def test_arguments_that_cannot_be(settings, words):
    with pytest.raises(HandboneError, match=words):
        MultilabelRandomRotFlip(**settings)
