"""Mosaics of images of which some do not know all classes are refused unless all have the map."""

from types import SimpleNamespace

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS

from handbone.engine import MosaicHook
from handbone.errors import HandboneError

MOSAIC = dict(type='RandomMosaic', prob=1.0, img_scale=(64, 64), seg_pad_val=0)


def check(root, unknown, always=False, mix=(MOSAIC,), **settings):
    """Run the hook before a training with mosaics of two sets of phantoms."""
    init_default_scope('mmseg')
    load = dict(type='LoadPolygonAnnotations', always_unknown=always)
    base = dict(
        type='XRayHandBoneDataset',
        data_root=str(root),
        split='train',
        pipeline=[dict(type='LoadRadiograph'), load],
    )
    partly = dict(base, unknown_classes=unknown, skip_labels=unknown, **settings)
    both = dict(type='ConcatDataset', datasets=[base, partly])
    mixed = dict(type='MultiImageMixDataset', dataset=both, pipeline=list(mix))
    dataset = DATASETS.build(dict(type='RepeatDataset', dataset=mixed, times=2))
    MosaicHook().before_train(SimpleNamespace(train_dataloader=SimpleNamespace(dataset=dataset)))


def test_a_mosaic_that_would_lose_unknown_classes(phantom_root):
    with pytest.raises(HandboneError, match=r'png: some classes are unknown .*always_unknown=True'):
        check(phantom_root, ['Ulna'])


def test_mosaics_that_lose_nothing(phantom_root):
    check(phantom_root, ['Ulna'], always=True)
    check(phantom_root, [])
    check(phantom_root, ['Ulna'], mix=[dict(type='TileMosaic')])
