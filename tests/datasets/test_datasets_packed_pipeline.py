"""A packed pipeline and a pipeline of one plane a class give the same labels."""

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from small_dataset import circle

from handbone.masks import ignore_mask, pack, unpack

STOCK = {
    'Resize': dict(type='Resize', scale=(50, 70)),
    'Resize keep_ratio': dict(type='Resize', scale=(120, 120), keep_ratio=True),
    'RandomFlip': dict(type='RandomFlip', prob=1.0),
    'RandomFlip directions': dict(
        type='RandomFlip', prob=[0.3, 0.3, 0.4], direction=['horizontal', 'vertical', 'diagonal']
    ),
    'RandomCrop': dict(type='RandomCrop', crop_size=(40, 30), cat_max_ratio=1.0),
    'RandomRotate': dict(type='RandomRotate', prob=1.0, degree=40, seg_pad_val=0),
    'RandomRotate auto_bound': dict(
        type='RandomRotate', prob=1.0, degree=40, seg_pad_val=0, auto_bound=True
    ),
    'RandomResize': dict(type='RandomResize', scale=(80, 60), ratio_range=(0.5, 2.0)),
    'RandomChoiceResize': dict(
        type='RandomChoiceResize',
        scales=[40, 60, 90],
        resize_type='ResizeShortestEdge',
        max_size=120,
    ),
    'Pad': dict(type='Pad', size=(100, 90), pad_val=dict(img=0, seg=0)),
    'RandomAffine': dict(
        type='RandomAffine', degrees=25, scale=(0.7, 1.4), translate=0.1, shear=8, size=(90, 70)
    ),
    'RandomElastic': dict(type='RandomElastic', shift=0.05, distance=0.2, prob=1.0),
    'GridDropout': dict(type='GridDropout', labels='background', prob=1.0),
    'MultilabelRandomCutOut': dict(
        type='MultilabelRandomCutOut', size=(0.1, 0.5), labels='background', prob=1.0
    ),
    'MultilabelRandomRotFlip': dict(type='MultilabelRandomRotFlip', rotate_prob=1.0, degree=40),
    'MultilabelRandomRotFlip flip': dict(
        type='MultilabelRandomRotFlip', rotate_prob=0.0, flip_prob=1.0
    ),
}
CHAIN = [
    STOCK['RandomResize'],
    STOCK['RandomRotate'],
    STOCK['RandomCrop'],
    STOCK['RandomFlip directions'],
    STOCK['RandomAffine'],
    dict(type='Pad', size_divisor=32, pad_val=dict(img=0, seg=0)),
]


def make_masks(num_classes, height=60, width=80):
    """Overlapping discs, one a class, and some ignored pixels."""
    rng = np.random.default_rng(num_classes)
    masks = np.zeros((num_classes, height, width), np.uint8)
    for mask in masks:
        disc = circle(rng.uniform(20, 60), rng.uniform(15, 45), rng.uniform(8, 25))
        cv2.fillPoly(mask, [np.rint(disc).astype(np.int32)], 1)
    return masks.astype(bool), rng.random((height, width)) < 0.05


def run(pipeline, image, labels, seed):
    np.random.seed(seed)
    image, labels = image.copy(), labels.copy()
    results = dict(
        img=image, img_shape=image.shape, ori_shape=image.shape, seg_fields=['gt_seg_map']
    )
    return Compose(pipeline)(results | dict(gt_seg_map=labels))


def compare(pipeline, num_classes, seed, dtype=np.int32):
    masks, ignored = make_masks(num_classes)
    image = np.random.default_rng(1).integers(0, 256, masks.shape[1:], dtype=np.uint8)
    packed = run(pipeline, image, pack(masks, ignored), seed)
    assert packed['gt_seg_map'].dtype == np.int32
    planes = []
    for plane in (*masks, ignored):
        alone = run(pipeline, image, plane.astype(dtype), seed)
        planes.append(alone['gt_seg_map'] == 1)
        np.testing.assert_array_equal(alone['img'], packed['img'])
    np.testing.assert_array_equal(ignore_mask(packed['gt_seg_map']), planes[-1])
    expected = np.stack(planes[:-1]) & ~planes[-1]
    np.testing.assert_array_equal(unpack(packed['gt_seg_map'], num_classes), expected)
    assert expected.any()
    assert packed['img'].shape == packed['gt_seg_map'].shape[:2]


@pytest.mark.parametrize('name', STOCK)
@pytest.mark.parametrize('num_classes', [2, 31, 40])
@pytest.mark.parametrize('seed', [0, 1])
def test_each_transform(name, num_classes, seed):
    compare([STOCK[name]], num_classes, seed)


@pytest.mark.parametrize('name', [name for name in STOCK if 'Pad' not in name])
def test_210_classes(name):
    compare([STOCK[name]], 210, 0)


@pytest.mark.parametrize('seed', range(8))
def test_a_chain_of_transforms(seed):
    compare(CHAIN, 29, seed)


@pytest.mark.parametrize('name', ['Resize', 'RandomFlip', 'RandomCrop', 'Pad'])
def test_planes_of_uint8(name):
    compare([STOCK[name]], 29, 0, dtype=np.uint8)
