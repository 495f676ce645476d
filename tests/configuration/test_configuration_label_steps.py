"""Steps of mmseg that would write classes into packed labels are refused before the training."""

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from handbone.configuration.label_steps import check_label_steps
from handbone.errors import HandboneError
from handbone.masks import pack

LOADING, PACKING = dict(type='LoadPolygonAnnotations'), dict(type='PackMultilabelInputs')
ROTATION = dict(type='RandomRotate', prob=1.0, degree=(30, 30))
PADDING = dict(type='Pad', size=(90, 90))
MOSAIC = dict(type='RandomMosaic', prob=1.0, img_scale=(64, 64))
MIXED = [MOSAIC, PACKING]


def config(*steps, last=PACKING, outer=(), preprocessor=None):
    inner = dict(type='XRayHandBoneDataset', pipeline=[*steps, last])
    dataset = dict(type='MultiImageMixDataset', dataset=inner, pipeline=list(outer))
    model = dict(data_preprocessor=preprocessor) if preprocessor else {}
    return Config(dict(model=model, train_dataloader=dict(dataset=dataset)))


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


def test_what_the_stock_padding_is():
    """The corners of a rotated map become the first eight classes."""
    labels = pack(np.zeros((29, 40, 40), bool))
    rotate = TRANSFORMS.build(ROTATION)
    given = dict(img=np.zeros((40, 40), np.uint8), gt_seg_map=labels, seg_fields=['gt_seg_map'])
    assert set(np.unique(rotate(given)['gt_seg_map'])) == {0, 255}


@pytest.mark.parametrize(
    ('cfg', 'words'),
    [
        (config(LOADING, ROTATION), r'pipeline\.1\.type=RandomRotate pads labels with 255'),
        (config(LOADING, dict(type='RandomApply', transforms=[ROTATION])), 'transforms.0.*Rotate'),
        (config(LOADING, PADDING), r'Pad pads labels with 255.*pad_val=dict\(img=0, seg=0\)'),
        (config(LOADING, PADDING | dict(pad_val=3)), 'Pad pads labels with 255'),
        (config(LOADING, PADDING | dict(pad_val=dict(img=1, seg=2))), 'Pad pads labels with 2,'),
        (
            config(LOADING, last=dict(type='Resize', scale=(9, 9)), outer=[MOSAIC, PACKING]),
            'Mosaic',
        ),
        (config(LOADING, dict(type='RandomRotFlip')), 'take MultilabelRandomRotFlip'),
        (
            config(LOADING, preprocessor=dict(type='SegDataPreProcessor', size=(64, 64))),
            r'model\.data_preprocessor\.type=SegDataPreProcessor pads .* 255.*seg_pad_val=0',
        ),
        (
            config(LOADING, preprocessor=dict(type='RankDataPreProcessor', size_divisor=64)),
            'RankDataPreProcessor pads labels with 255',
        ),
    ],
)
def test_refused(cfg, words):
    with pytest.raises(HandboneError, match=words):
        check_label_steps(cfg)


@pytest.mark.parametrize(
    'cfg',
    [
        config(LOADING, ROTATION | dict(seg_pad_val=0), MOSAIC | dict(seg_pad_val=0)),
        config(LOADING, PADDING | dict(pad_val=dict(img=0, seg=-(2**31)))),
        config(dict(type='LoadRadiograph'), PADDING, LOADING),  # there are no labels yet
        config(dict(type='LoadAnnotations'), ROTATION, last=dict(type='PackSegInputs')),
        config(LOADING, dict(type='RandomRotFlip', rotate_prob=0.0)),
        config(LOADING, dict(type='MultilabelRandomRotFlip'), dict(type='Nothing')),
        config(LOADING, preprocessor=dict(type='SegDataPreProcessor')),  # pads nothing
        config(LOADING, preprocessor=dict(type='SegDataPreProcessor', size=(9, 9), seg_pad_val=0)),
        Config(dict(model=dict(type='A'))),
    ],
)
def test_not_refused(cfg):
    check_label_steps(cfg)
