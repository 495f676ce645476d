"""What exported files do before the graph, against mmcv and mmseg; and what they refuse."""

import json

import numpy as np
import pytest
from mmcv.transforms import Resize
from mmengine.config import ConfigDict

from handbone.export import Preprocessing
from handbone.export.config_preprocessing import read_preprocessing

PIPELINE = [
    dict(type='LoadRadiograph'),
    dict(type='Resize', scale=(96, 64), keep_ratio=True, interpolation='area'),
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs'),
]
PREPROCESSOR = dict(
    type='SegDataPreProcessor',
    mean=[123.0, 116.0, 103.0],
    std=[58.0],
    pad_val=0,
    test_cfg=dict(size_divisor=32),
)


def pipeline(**changes):
    steps = [dict(step) for step in PIPELINE]
    steps[1].update(changes)
    return steps


@pytest.mark.parametrize('keep_ratio', [True, False])
@pytest.mark.parametrize('interpolation', ['area', 'bilinear', 'nearest'])
@pytest.mark.parametrize('shape', [(64, 96), (301, 200), (50, 333), (20, 20)])
@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_images_are_resized_as_by_mmcv(keep_ratio, interpolation, shape, dtype):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    steps = pipeline(keep_ratio=keep_ratio, interpolation=interpolation)
    prepared = read_preprocessing(steps, PREPROCESSOR).prepare(image)[0]
    resize = Resize(scale=(96, 64), keep_ratio=keep_ratio, interpolation=interpolation)
    expected = resize(dict(img=image, img_shape=shape))['img']
    height, width = expected.shape
    assert prepared.dtype == np.float32
    assert all(side % 32 == 0 for side in prepared.shape)
    assert prepared.shape[0] - height < 32 and prepared.shape[1] - width < 32
    np.testing.assert_array_equal(prepared[:height, :width], expected)


@pytest.mark.parametrize('shape', [(2048, 1536), (1536, 2048), (3000, 200), (200, 3000)])
def test_both_orientations_fit_a_fixed_size(shape):
    fixed = read_preprocessing(pipeline(), PREPROCESSOR, size=(96, 64))
    prepared = fixed.prepare(np.full(shape, 7, np.uint8))[0]
    assert prepared.shape == (96, 64)
    height, width = fixed.content(*shape)
    assert (prepared[:height, :width] == 7).all() and prepared.sum() == 7 * height * width
    assert abs(height / width - shape[0] / shape[1]) < 0.1 * shape[0] / shape[1]


def test_settings_come_from_the_config():
    preprocessing = read_preprocessing(ConfigDict(steps=PIPELINE).steps, ConfigDict(PREPROCESSOR))
    assert preprocessing.mean == (123.0, 116.0, 103.0)
    assert preprocessing.std == (58.0, 58.0, 58.0)
    assert preprocessing.size is None
    fixed = read_preprocessing(PIPELINE, PREPROCESSOR, size=(50, 80))
    assert fixed.scale == (80, 50) and fixed.size == (64, 96)
    plain = json.loads(json.dumps(preprocessing.to_plain()))
    assert Preprocessing.from_plain(plain, 'a.onnx') == preprocessing


@pytest.mark.parametrize(
    ('steps', 'preprocessor', 'message'),
    [
        ([*PIPELINE, dict(type='CLAHE')], {}, 'step 4 of the test pipeline is CLAHE'),
        ([PIPELINE[1], *PIPELINE], {}, 'step 2 of the test pipeline is Resize'),
        ([dict(type='LoadImageFromFile'), *PIPELINE[1:]], {}, 'step 0 .* LoadImageFromFile'),
        (pipeline(interpolation='cubic'), {}, "interpolation='cubic'"),
        (pipeline(clip_object_border=False), {}, 'step 1 .*clip_object_border'),
        (PIPELINE[:1], {}, 'lacks LoadRadiograph or Resize'),
        (PIPELINE, dict(pad_val=1), 'pad_val must be 0'),
        (PIPELINE, dict(type='MyPreProcessor'), 'MyPreProcessor cannot be exported'),
    ],
)
def test_unknown_steps_are_named(steps, preprocessor, message):
    with pytest.raises(ValueError, match=message):
        read_preprocessing(steps, dict(PREPROCESSOR, **preprocessor))
