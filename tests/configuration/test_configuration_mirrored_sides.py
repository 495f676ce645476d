"""The warning about mirror images of classes with sides."""

import pytest
from mmengine.config import Config

from handbone.configuration import mirrored_sides
from handbone.configuration.mirrored_sides import warn_of_mirrored_sides

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
