"""With every transform a sample depends on the seed and its place: a resumed run sees the same."""

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from handbone.engine import SeededSamples
from handbone.engine.seeded_samples import StreamIndex

SINGLE = {
    'RandomAffine': dict(degrees=20, scale=(0.8, 1.2)),
    'RandomExposure': dict(prob=0.7),
    'RandomBend': dict(prob=0.7),
    'RandomElastic': dict(prob=0.7),
    'RandomCLAHE': dict(prob=0.7),
    'RandomGamma': dict(prob=0.7),
    'RandomSharpness': dict(prob=0.7),
    'GridDropout': dict(prob=0.7, labels='ignore'),
    'MultilabelRandomCutOut': dict(prob=0.7, labels='background'),
    'MultilabelRandomRotFlip': dict(rotate_prob=0.4, flip_prob=0.5),
    'MultilabelAlbu': dict(transforms=[dict(type='GridDistortion', p=0.7)]),
}
MIXING = {
    'CopyPaste': dict(classes=('Radius', 'finger-2'), prob=0.9),
    'TileMosaic': dict(prob=0.7),
}
LOADING = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
PACKING = dict(type='PackMultilabelInputs')


def config(root, name):
    inner = dict(type='XRayHandBoneDataset', data_root=str(root))
    if name in SINGLE:
        return inner | dict(pipeline=[*LOADING, dict(type=name, **SINGLE[name]), PACKING])
    return dict(
        type='MultiImageMixDataset',
        dataset=dict(type='ConcatDataset', datasets=[inner | dict(pipeline=LOADING)]),
        pipeline=[dict(type=name, **MIXING[name]), PACKING],
    )


def arrays(dataset, place):
    sample = dataset[place]
    return sample['inputs'].numpy(), sample['data_samples'].gt_sem_seg.data.numpy()


@pytest.mark.parametrize('name', [*SINGLE, *MIXING])
def test_a_resumed_run_sees_the_same(phantom_root, name):
    if name == 'MultilabelAlbu':
        pytest.importorskip('albumentations')
    init_default_scope('mmseg')
    places = [StreamIndex(1, 0, position) for position in range(4)]
    whole = SeededSamples(config(phantom_root, name), seed=3)
    expected = [arrays(whole, place) for place in places]
    images = [image for image, _ in expected]
    assert any(not np.array_equal(images[0], image) for image in images[1:])
    np.random.seed(99)
    resumed = SeededSamples(config(phantom_root, name), seed=3)
    for place, (image, labels) in reversed(list(zip(places, expected, strict=True))):
        again = arrays(resumed, place)
        np.testing.assert_array_equal(again[0], image)
        np.testing.assert_array_equal(again[1], labels)
