"""Values that arguments of transforms cannot have are one line, before any image is loaded."""

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError

PROB = ('RandomAffine', 'RandomBend', 'RandomCLAHE', 'RandomElastic', 'RandomExposure')
PROB += ('RandomGamma', 'RandomSharpness', 'GridDropout', 'MultilabelRandomCutOut', 'TileMosaic')


@pytest.mark.parametrize(
    ('kind', 'settings', 'words'),
    [
        *((kind, dict(prob='often'), "prob must be between 0 and 1, got 'often'") for kind in PROB),
        ('RandomAffine', dict(scale=1.2), r'scale must be \(low, high\) .* got 1.2'),
        ('RandomAffine', dict(aspect=1.2), 'aspect must be'),
        ('RandomAffine', dict(degrees=(-10, 10)), r'degrees must be at least 0, got \(-10, 10\)'),
        ('RandomAffine', dict(translate=(0.1, 0.1)), 'translate must be at least 0'),
        ('RandomAffine', dict(shear='a'), 'shear must be at least 0'),
        ('RandomAffine', dict(size=512), r'size must be \(width, height\) in pixels, got 512'),
        ('RandomAffine', dict(size=(0, 5)), 'size must be'),
        ('RandomAffine', dict(size=(5, 5, 5)), 'size must be'),
        ('RandomExposure', dict(gamma=1.5), r'gamma must be \(low, high\)'),
        ('RandomExposure', dict(brightness=0.1), 'brightness must be'),
        ('RandomExposure', dict(brightness=(0.2, -0.2)), 'brightness must be'),
        ('RandomBend', dict(carpals=()), 'carpals must be a list of class names, got'),
        ('RandomBend', dict(carpals='Lunate'), 'carpals must be a list'),
        ('RandomBend', dict(metacarpals=[]), 'metacarpals must be a list'),
        ('RandomBend', dict(forearm=('Ulna',)), 'forearm must be a list of .* with 2 or more'),
        ('GridDropout', dict(fill=300), 'fill must be between 0 and 255, got 300'),
        ('GridDropout', dict(ratio='half'), 'ratio must be'),
        ('GridDropout', dict(cells=(4, 1e6)), 'cells must be'),
        ('MultilabelRandomCutOut', dict(fill=-1), 'fill must be'),
        ('MultilabelRandomCutOut', dict(holes=(1, float('inf'))), 'holes must be'),
        ('RandomCLAHE', dict(tiles='a'), 'tiles must be'),
        ('CopyPaste', dict(classes=(1,)), 'classes must be a list of class names'),
        ('CopyPaste', dict(classes=('a',), opacity=(0, 0)), 'opacity must be'),
        ('TileMosaic', dict(center=0.5), 'center must be'),
        ('MultilabelRandomRotFlip', dict(degree=-5), 'degree must be at least 0'),
        ('MultilabelRandomRotFlip', dict(degree=0), 'degree must be above 0'),
        ('MultilabelRandomRotFlip', dict(degree=('a', 3)), 'degree must be'),
        ('MultilabelRandomRotFlip', dict(rotate_prob='a'), 'rotate_prob must be'),
        ('MultilabelRandomFlip', dict(swap=[], prob=2.0), 'cannot be made with prob=2.0'),
        ('MultilabelRandomFlip', dict(swap=[(1, 2)], prob=0.5), 'a pair of swap must be a list'),
        ('MultilabelRandomFlip', dict(swap=[], prob=0.5, direction='up'), "with .*direction='up'"),
    ],
)
def test_refused(kind, settings, words):
    init_default_scope('mmseg')
    with pytest.raises(HandboneError, match=words):
        TRANSFORMS.build(dict(type=kind, **settings))
