"""RandomBend on phantoms: what the labels say of the wrist before and after."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config
from mmengine.registry import init_default_scope

from handbone.bones import (
    CARPALS,
    CLASSES,
    FOREARM,
    METACARPALS,
    SHORT_NAMES,
    classes_of_bones,
)
from handbone.datasets import RandomBend, XRayHandBoneDataset
from handbone.datasets.transforms.random_bend import bent_sources
from handbone.datasets.transforms.wrist_of_labels import Wrist, find_wrist
from handbone.errors import HandboneError
from handbone.masks import class_mask
from handbone.masks.remapping import remap_classes

INDICES = [[CLASSES.index(name) for name in names] for names in (CARPALS, FOREARM, METACARPALS)]


@pytest.fixture(scope='module')
def hands(phantom_root):
    init_default_scope('mmseg')
    pipeline = [dict(type='LoadRadiograph'), dict(type='LoadPolygonAnnotations')]
    dataset = XRayHandBoneDataset(data_root=str(phantom_root), pipeline=pipeline)
    return [dataset[index] for index in range(4)]


def copied(hand):
    return hand | dict(img=hand['img'].copy(), gt_seg_map=hand['gt_seg_map'].copy())


def angle_of(hand, name):
    """The direction of the long axis of a bone, in degrees, clockwise as the image is seen."""
    rows, columns = np.nonzero(class_mask(hand['gt_seg_map'], CLASSES.index(name)))
    values, vectors = np.linalg.eigh(np.cov(columns, rows))
    return np.degrees(np.arctan2(*vectors[::-1, np.argmax(values)]))


def bend_of(wrist):
    """The angle of the hand against the forearm, clockwise as the image is seen."""
    return np.degrees(wrist.hand - wrist.forearm) % 360 - 180


def test_hands_do_not_touch_the_forearm(hands):
    for hand in hands:
        for ulnar in (0, 1):
            bent = RandomBend((60, 60), ulnar, prob=1.0)(copied(hand))
            wrist = find_wrist(bent['gt_seg_map'], len(CLASSES), *INDICES)
            assert abs(bend_of(wrist)) < 85


def turn(before, after, name):
    return (angle_of(after, name) - angle_of(before, name) + 90) % 180 - 90


@pytest.mark.parametrize('degrees', [20, 40])
@pytest.mark.parametrize('ulnar', [0, 1])
@pytest.mark.parametrize('turned_forearm', [0, 0.5, 1])
def test_hand_and_forearm_turn_by_their_shares(hands, degrees, ulnar, turned_forearm):
    transform = RandomBend((degrees, degrees), ulnar, turned_forearm, prob=1.0)
    for hand in hands:
        wrist = find_wrist(hand['gt_seg_map'], len(CLASSES), *INDICES)
        bent = transform(copied(hand))
        angle = degrees * wrist.ulnar * (1 if ulnar else -1)
        if abs(bend_of(wrist) + angle) > 70:
            continue  # it does not bend that far
        for name in ('finger-11', 'finger-10', 'finger-7'):
            assert turn(hand, bent, name) == pytest.approx(angle * (1 - turned_forearm), abs=5)
        # the border of the image cuts the forearm, so its long axis tells less
        assert turn(hand, bent, 'Radius') == pytest.approx(-angle * turned_forearm, abs=18)


#: The classes of RAM-W600 and RAM-H1200: bones by other names, and two of them as one class.
OTHER_NAMES = SHORT_NAMES | dict(Radius='DistalRadius', Ulna='DistalUlna')
JOINED = dict(Triquetrum='Pisiform_Triquetrum', Pisiform='Pisiform_Triquetrum')


def test_bones_by_other_names(hands):
    transform = RandomBend((30, 30), ulnar=1, prob=1.0)
    for hand in hands[:2]:
        ours = transform(copied(hand))
        renamed = tuple(OTHER_NAMES.get(name, name) for name in CLASSES)
        theirs = transform(copied(hand) | dict(classes=renamed))
        np.testing.assert_array_equal(theirs['gt_seg_map'], ours['gt_seg_map'])
        np.testing.assert_array_equal(theirs['img'], ours['img'])
        joined = tuple(dict.fromkeys(JOINED.get(name, name) for name in CLASSES))
        indices = [joined.index(JOINED.get(name, name)) for name in CLASSES]
        packed = remap_classes(hand['gt_seg_map'], indices, len(joined))
        theirs = transform(copied(hand) | dict(classes=joined, gt_seg_map=packed))
        expected = remap_classes(ours['gt_seg_map'], indices, len(joined))
        assert (theirs['gt_seg_map'] != packed).mean() > 0.05
        assert (theirs['gt_seg_map'] != expected).mean() < 0.02  # both bones as one weigh less


@pytest.mark.parametrize('name', ['ram_h1200', 'ram_w600'])
def test_all_bones_are_found_in_open_data(name):
    config = Path(__file__).parents[2] / 'configs/_base_/datasets' / f'{name}.py'
    classes = Config.fromfile(config).metainfo.classes
    for bones, count in ((CARPALS, 7), (FOREARM, 2), (METACARPALS, 5)):
        found = classes_of_bones(bones, classes)
        assert {*found} <= {*classes} and len(found) == count


def test_a_bend_to_the_ulna_brings_the_little_finger_to_it(hands):
    for hand in hands:
        distances = []
        for ulnar in (0, 1):
            bent = RandomBend((40, 40), ulnar, prob=1.0)(copied(hand))
            little, ulna = (
                np.argwhere(class_mask(bent['gt_seg_map'], CLASSES.index(name))).mean(axis=0)
                for name in ('finger-19', 'Ulna')
            )
            distances.append(np.hypot(*(little - ulna)))
        assert distances[1] < distances[0]


def test_bones_keep_their_areas(hands):
    """What is not beside the wrist turns without stretching."""
    rigid = [index for index, name in enumerate(CLASSES) if name in CLASSES[3:15]]
    for hand in hands:
        bent = RandomBend((30, 30), prob=1.0)(copied(hand))
        before, after = (
            np.array([class_mask(each['gt_seg_map'], index).sum() for index in rigid])
            for each in (hand, bent)
        )
        np.testing.assert_allclose(after, before, rtol=0.06, atol=12)


def test_image_and_labels_move_together(hands):
    """A picture of a class, moved as an image, is the label of the class."""
    for hand in hands:
        index = CLASSES.index('finger-11')
        picture = class_mask(hand['gt_seg_map'], index).astype(np.uint8) * 255
        np.random.seed(0)
        bent = RandomBend(prob=1.0)(copied(hand) | dict(img=picture))
        label = class_mask(bent['gt_seg_map'], index)
        # the nearest pixel and linear interpolation differ at the border only, by half a pixel
        assert (label != (bent['img'] > 127)).sum() <= 0.12 * label.sum()


@given(
    st.floats(-60, 60),
    st.floats(0, 1),
    st.floats(0.5, 100),
    st.floats(0, 6.28),
    st.floats(-60, 60),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_nothing_folds(degrees, turned_forearm, radius, direction, before, seed):
    """Along every circle about the wrist the order of places stays; distances do as well."""
    forearm = direction + np.pi + np.radians(before)
    wrist = Wrist(np.array([50.0, 40.0]), direction, forearm, 1, radius)
    distance = np.random.default_rng(seed).uniform(0.1, 500)
    around = np.linspace(0, 2 * np.pi, 721)
    circle = wrist.centre + distance * np.column_stack([np.cos(around), np.sin(around)])
    offset = bent_sources(circle, wrist, np.radians(degrees), turned_forearm) - wrist.centre
    np.testing.assert_allclose(np.hypot(*offset.T), distance, rtol=1e-3, atol=1e-4)
    turned = np.unwrap(np.arctan2(offset[:, 1], offset[:, 0]))
    assert np.diff(turned).min() > 0
    assert turned[-1] - turned[0] == pytest.approx(2 * np.pi, abs=1e-3)


def test_the_wrist_that_the_labels_show(hands):
    for hand in hands:
        wrist = find_wrist(hand['gt_seg_map'], len(CLASSES), *INDICES)
        rows, columns = np.nonzero(class_mask(hand['gt_seg_map'], CLASSES.index('Capitate')))
        assert np.hypot(*(wrist.centre - (columns.mean(), rows.mean()))) < wrist.radius
        assert np.sin(wrist.hand) < -0.7  # phantoms point upwards
        assert np.sin(wrist.forearm) > 0.7


@pytest.mark.parametrize('missing', [FOREARM[:1], FOREARM[1:], CARPALS[:5]])
def test_hands_without_a_wrist_stay(hands, missing):
    hand = copied(hands[0])
    for name in missing:
        hand['gt_seg_map'] &= ~np.int32(1 << CLASSES.index(name))
    expected = hand['img']
    assert RandomBend(prob=1.0)(hand)['img'] is expected


def test_images_without_labels_and_the_probability(hands):
    hand = copied(hands[0])
    image = hand['img']
    assert RandomBend(prob=0.0)(hand)['img'] is image
    del hand['gt_seg_map']
    assert RandomBend(prob=1.0)(hand | dict(seg_fields=[]))['img'] is image


def test_a_class_list_without_wrist_bones(hands):
    chest = copied(hands[0]) | dict(classes=('lung', 'heart', 'Radius'))
    message = (
        'RandomBend: carpals names classes that do not exist: Capitate, .*; the classes are lung'
    )
    with pytest.raises(HandboneError, match=message):
        RandomBend(prob=0.0)(chest)
    with pytest.raises(HandboneError, match='RandomBend: forearm .* not exist: Ulna'):
        RandomBend(carpals=['heart'])(chest)


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        (dict(degrees=(10, 80)), r'degrees must be \(low, high\) with 0 <= low <= high <= 60'),
        (dict(degrees=(30, 10)), 'degrees must be'),
        (dict(degrees=20), 'degrees must be'),
        (dict(ulnar=1.5), 'ulnar must be'),
        (dict(turned_forearm=-1), 'turned_forearm must be'),
        (dict(prob=2), 'prob must be'),
    ],
)
def test_ranges_that_cannot_be(settings, words):
    with pytest.raises(HandboneError, match=words):
        RandomBend(**settings)
