"""The warning about mirror images of classes with sides."""

import pytest
from mmengine.config import Config

from handbone.configuration import mirrored_sides
from handbone.configuration.mirrored_sides import check_mirrored_views, warn_of_mirrored_sides
from handbone.configuration.test_time_augmentation import use_test_time_augmentation
from handbone.errors import HandboneError
from handbone.regions import TemplateRegion

LUNGS = ('left_lung', 'right_lung', 'heart')
FLIP = dict(type='RandomFlip', prob=0.5)


@pytest.fixture
def warnings(monkeypatch):
    found = []
    monkeypatch.setattr(mirrored_sides, 'print_log', lambda text, **_: found.append(text))
    return found


def config(*steps, classes=LUNGS):
    inner = dict(type='XRayHandBoneDataset', metainfo=dict(classes=classes), pipeline=[*steps[:1]])
    wrapped = dict(type='ConcatDataset', datasets=[inner], pipeline=[*steps[1:]])
    return Config(dict(train_dataloader=dict(dataset=wrapped)))


@pytest.mark.parametrize(
    'steps',
    [
        (FLIP,),
        (dict(type='LoadRadiograph'), FLIP),
        (dict(type='RandomApply', transforms=[FLIP]),),
        (FLIP | dict(direction=['diagonal', 'vertical'], prob=[0.2, 0.2]),),
    ],
)
def test_mirrored(warnings, steps):
    warn_of_mirrored_sides(config(*steps))
    (text,) = warnings
    assert 'left_lung has a side' in text and 'MultilabelRandomFlip' in text


@pytest.mark.parametrize('kind', ['TemplateRegion', TemplateRegion])
@pytest.mark.parametrize('place', ['model', 'pipeline'])
def test_mirrored_regions(warnings, kind, place):
    """Of a cascade or a transform; not where classes have no side or nothing mirrors."""

    def warned(mirror, classes):
        region = dict(type=kind, name='thorax', template=[], mirror=mirror)
        steps = [dict(type='CropToRegion', region=region)] if place == 'pipeline' else []
        cfg = config(*steps, classes=classes)
        if place == 'model':
            cfg.model = dict(type='RegionCascade', region=region)
        warnings.clear()
        warn_of_mirrored_sides(cfg)
        return warnings

    (text,) = warned(True, LUNGS)
    assert "the region 'thorax' show mirror images, and left_lung has a side" in text
    assert not warned(False, LUNGS) and not warned(True, ('heart', 'aorta'))


@pytest.mark.parametrize(
    ('steps', 'classes'),
    [
        ((FLIP,), ('heart', 'aorta')),
        ((FLIP,), ()),
        ((FLIP | dict(direction='diagonal'),), LUNGS),
        ((FLIP | dict(prob=0.0),), LUNGS),
        ((dict(type='MultilabelRandomFlip', prob=0.5, swap=[LUNGS[:2]]),), LUNGS),
        ((), LUNGS),
    ],
)
def test_not_mirrored(warnings, steps, classes):
    warn_of_mirrored_sides(config(*steps, classes=classes))
    assert warnings == []


def test_nothing_to_train(warnings):
    warn_of_mirrored_sides(Config(dict(model=dict(type='A'))))
    assert warnings == []


def config_of_views(classes=LUNGS, **views):
    dataset = dict(
        type='XRayHandBoneDataset', metainfo=dict(classes=classes), pipeline=[dict(type='Resize')]
    )
    model = dict(type='MultilabelEncoderDecoder')
    return Config(dict(model=model, test_dataloader=dict(dataset=dataset), **views))


@pytest.mark.parametrize(
    ('classes', 'views', 'words'),
    [
        (
            LUNGS,
            [{}, dict(flip='horizontal')],
            r'left_lung has a side: add swap_classes=\[\(0, 1\)',
        ),
        (LUNGS, [dict(flip='vertical', angle=5)], 'tta_views of the config: the view .*vertical'),
        (
            ('a', *LUNGS, 'left_atrium'),
            [dict(flip='horizontal')],
            'left_atrium .*side: leave it out',
        ),
        (
            (*LUNGS, 'left_rib', 'right_rib'),
            [dict(flip='horizontal', swap_classes=[(0, 1)])],
            r'swap_classes=\[\(0, 1\), \(3, 4\)\]',
        ),
        (LUNGS, [[dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)]], 'swaps'),
    ],
)
def test_mirrored_views_of_sides_are_refused(classes, views, words):
    """Wherever views are averaged: each of them calls this."""
    with pytest.raises(HandboneError, match=words):
        use_test_time_augmentation(config_of_views(classes, tta_views=views))


def test_a_mirrored_pipeline_of_views_is_refused():
    steps = dict(type='TestTimeAug', transforms=[[dict(type='RandomFlip', prob=1.0)]])
    with pytest.raises(HandboneError, match='tta_pipeline of the config: RandomFlip'):
        check_mirrored_views(config_of_views(tta_pipeline=[steps]))


@pytest.mark.parametrize(
    ('classes', 'views'),
    [
        (('heart', 'aorta'), [{}, dict(flip='horizontal')]),
        (LUNGS, [{}, dict(flip='diagonal'), dict(angle=5)]),
        (LUNGS, [{}, dict(flip='horizontal', swap_classes=[(1, 0)])]),
        (LUNGS, [{}, dict(flip='horizontal', swap_classes=[])]),
        ((), [dict(flip='horizontal')]),
    ],
)
def test_views_that_keep_the_sides(classes, views):
    check_mirrored_views(config_of_views(classes, tta_views=views))
