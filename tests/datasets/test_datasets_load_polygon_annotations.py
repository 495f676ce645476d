"""Packed label maps at the size of the file and at the size of the image."""

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from small_dataset import CLASSES

from handbone.masks import unpack

LOAD = dict(type='LoadRadiograph')


def run(folder, build, *transforms, index=4):
    dataset = build(folder.config(pipeline=[LOAD, *transforms]))
    return dataset[index], dataset.get_data_info(index)['polygons'].split()


def drawn_large(polygons, size, matrix, factor=8):
    """Masks drawn ``factor`` times larger by OpenCV, then averaged: the share of each pixel."""
    height, width = size
    shares = np.zeros((len(CLASSES), height, width))
    for index in range(len(CLASSES)):
        large = np.zeros((height * factor, width * factor), np.uint8)
        for class_index, points in polygons:
            if class_index == index:
                moved = points @ matrix[:, :2].T + matrix[:, 2]
                moved = (moved + 0.5) * factor - 0.5
                cv2.fillPoly(large, [np.rint(moved).astype(np.int32)], 1)
        shares[index] = large.reshape(height, factor, width, factor).mean(axis=(1, 3))
    return shares


def test_original_frame(folder, build):
    results, polygons = run(folder, build, dict(type='LoadPolygonAnnotations'))
    packed = results['gt_seg_map']
    assert packed.dtype == np.int32
    assert packed.shape == (48, 64)
    assert results['seg_fields'] == ['gt_seg_map']
    shares = drawn_large(polygons, (48, 64), np.eye(2, 3))
    masks = unpack(packed, 3)
    assert masks[shares == 1].all()
    assert not masks[shares == 0].mean() > 0.002
    assert (masks[0] & masks[1]).any()


def test_original_frame_after_a_resize(folder, build):
    before, _ = run(folder, build, dict(type='LoadPolygonAnnotations'))
    after, _ = run(
        folder,
        build,
        dict(type='Resize', scale=(20, 20)),
        dict(type='LoadPolygonAnnotations', frame='original'),
    )
    np.testing.assert_array_equal(before['gt_seg_map'], after['gt_seg_map'])


@pytest.mark.parametrize('size', [(32, 24), (96, 72), (50, 50)])
def test_image_frame_after_a_resize(folder, build, size):
    results, polygons = run(
        folder,
        build,
        dict(type='Resize', scale=size),
        dict(type='LoadPolygonAnnotations', frame='image'),
    )
    width, height = size
    scale_x, scale_y = width / 64, height / 48
    matrix = np.array([[scale_x, 0, (scale_x - 1) / 2], [0, scale_y, (scale_y - 1) / 2]])
    shares = drawn_large(polygons, (height, width), matrix)
    masks = unpack(results['gt_seg_map'], 3)
    assert masks.shape == shares.shape
    assert masks[shares > 0.9].all()
    # Drawing touches every pixel that the outline crosses, and no other.
    assert not masks[cv2.dilate(shares.max(axis=0), np.ones((3, 3)))[None].repeat(3, 0) == 0].any()


def test_image_frame_after_padding(folder, build):
    steps = dict(type='Resize', scale=(32, 24)), dict(type='LoadPolygonAnnotations', frame='image')
    plain, _ = run(folder, build, *steps)
    pad = dict(type='Pad', size=(40, 30), pad_val=dict(img=0, seg=0))
    padded, _ = run(folder, build, steps[0], pad, steps[1])
    assert padded['gt_seg_map'].shape == (30, 40)
    np.testing.assert_array_equal(padded['gt_seg_map'][:24, :32], plain['gt_seg_map'])


@pytest.mark.parametrize(
    'before',
    [
        [dict(type='RandomFlip', prob=1.0)],
        [dict(type='RandomCrop', crop_size=(20, 20))],
        [dict(type='Resize', scale=(32, 24)), dict(type='Resize', scale=(40, 30))],
        [dict(type='RandomAffine', size=(40, 30)), dict(type='RandomFlip', prob=1.0)],
        [dict(type='RandomAffine', size=(40, 30)), dict(type='Resize', scale=(64, 48))],
        [dict(type='RandomCrop', crop_size=(20, 20)), dict(type='RandomAffine')],
    ],
)
def test_image_frame_refuses_what_it_cannot_follow(folder, build, before):
    with pytest.raises(ValueError, match=r"frame='image'\) comes after .*image2_L\.png"):
        run(folder, build, *before, dict(type='LoadPolygonAnnotations', frame='image'))


def test_an_image_without_annotation_stays_without_labels(folder, build):
    dataset = build(
        folder.config(
            data_prefix=dict(img_path='train/DCM'),
            test_mode=True,
            pipeline=[LOAD, dict(type='LoadPolygonAnnotations')],
        )
    )
    assert 'gt_seg_map' not in dataset[0]
    assert dataset[0]['seg_fields'] == []


def test_unknown_frame():
    with pytest.raises(ValueError, match="frame must be 'original' or 'image'"):
        Compose([dict(type='LoadPolygonAnnotations', frame='file')])


@pytest.mark.parametrize('step', ['Resize', 'RandomAffine'])
def test_masks_do_not_grow_when_the_image_shrinks(folder, build, step):
    """OpenCV draws half a pixel around an outline; it must be one of the file, not of the image."""
    size = dict(scale=(16, 12)) if step == 'Resize' else dict(size=(16, 12))
    whole, _ = run(folder, build, dict(type='LoadPolygonAnnotations'))
    small, _ = run(
        folder, build, dict(type=step, **size), dict(type='LoadPolygonAnnotations', frame='image')
    )
    shares = unpack(whole['gt_seg_map'], 3).mean(axis=(1, 2))
    # a mask of some twenty pixels may lose two or three of them, as any sampling does
    assert (unpack(small['gt_seg_map'], 3).mean(axis=(1, 2)) < 1.05 * shares).all()
