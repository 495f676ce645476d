"""Tensors and data samples at the end of a pipeline."""

import numpy as np
import pytest
import torch
from mmseg.structures import SegDataSample

from handbone.datasets import PackMultilabelInputs
from handbone.masks import planes_last

IMAGE = np.random.default_rng(0).integers(0, 256, (6, 8), dtype=np.uint8)


def packed(planes):
    shape = (6, 8) if planes == 1 else (6, 8, planes)
    return np.random.default_rng(1).integers(-(2**31), 2**31, shape).astype(np.int32)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
@pytest.mark.parametrize('channels', [1, 3])
def test_gray_is_repeated(dtype, channels):
    image = IMAGE.astype(dtype)
    inputs = PackMultilabelInputs(channels=channels)(dict(img=image))['inputs']
    assert inputs.is_contiguous()
    assert inputs.dtype == (torch.uint8 if dtype == np.uint8 else torch.float32)
    np.testing.assert_array_equal(inputs.numpy(), np.stack([image] * channels))


def test_colour_keeps_its_channels():
    color = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    inputs = PackMultilabelInputs()(dict(img=color))['inputs']
    assert inputs.is_contiguous()
    np.testing.assert_array_equal(inputs.numpy(), color.transpose(2, 0, 1))


@pytest.mark.parametrize('planes', [1, 2, 7])
@pytest.mark.parametrize('view', [slice(None), slice(None, None, -1)])
def test_labels_keep_every_bit(planes, view):
    labels = packed(planes)[:, view]
    sample = PackMultilabelInputs()(dict(img=IMAGE[:, view], gt_seg_map=labels))['data_samples']
    data = sample.gt_sem_seg.data
    assert data.dtype == torch.int32
    assert data.shape == (planes, 6, 8)
    assert data.is_contiguous()
    np.testing.assert_array_equal(planes_last(data), labels)


def test_tensors_do_not_follow_later_changes_of_the_image():
    image = IMAGE.copy()
    inputs = PackMultilabelInputs()(dict(img=image))['inputs']
    image[:] = 0
    assert inputs.any()


def test_meta_information():
    results = dict(
        img=IMAGE, img_path='a.png', ori_shape=(12, 16), scale_factor=(0.5, 0.5), other=1
    )
    sample = PackMultilabelInputs()(results)['data_samples']
    assert isinstance(sample, SegDataSample)
    assert 'gt_sem_seg' not in sample
    expected = dict(img_path='a.png', ori_shape=(12, 16), scale_factor=(0.5, 0.5))
    assert sample.metainfo == expected
    assert PackMultilabelInputs(meta_keys=['other'])(results)['data_samples'].metainfo == {
        'other': 1
    }
