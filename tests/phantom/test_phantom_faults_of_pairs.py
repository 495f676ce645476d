"""Faults of one of a patient's two images, and which images get which fault."""

import csv

import cv2
import numpy as np
import pytest

from handbone.bones import RAYS
from handbone.phantom import FaultSettings, write_dataset
from handbone.phantom.dataset import plan_files
from handbone.phantom.faults import FAULTS, IN_TWO_SPLITS, OF_SECOND_IMAGE
from handbone.phantom.generator import compose
from handbone.phantom.planted_faults import plan_fault
from handbone.phantom.presets import PRESETS

SIZE = 256
IMAGE = np.zeros((SIZE, SIZE), np.uint8)
#: Fault and source of the images of seed 7 with a fault, by number.
PLANNED = {
    1: ('mirrored-duplicate', 0),
    4: ('swapped', 4),
    5: ('mirrored-duplicate', 2),
    7: ('missing', 7),
    9: ('mirrored-duplicate', 2),
    10: ('missing', 10),
    12: ('mirrored-duplicate', 11),
    13: ('mirrored-duplicate', 8),
    18: ('mirrored-duplicate', 14),
    19: ('missing', 19),
    23: ('swapped', 23),
}


@pytest.fixture(scope='module')
def polygons():
    return compose(1, 4, size=SIZE).polygons


def area(outline):
    x, y = outline.T
    return abs(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


def test_what_was_drawn_before_pairs_had_faults_is_drawn_still():
    settings = FaultSettings(('swapped', 'missing', 'mirrored-duplicate'), 0.4)
    plans = [plan_fault(settings, 7, 0, index) for index in range(24)]
    kinds = {plan.index: (plan.kind, plan.source) for plan in plans if plan}
    assert kinds == PLANNED


@pytest.mark.parametrize('seed', range(5))
def test_bones_of_one_finger_exchange_names(polygons, seed):
    rng = np.random.default_rng(seed)
    image, labels, (first, second) = FAULTS['swapped-in-finger'](IMAGE, polygons, rng)
    assert image is IMAGE
    assert any(first in ray and second in ray for ray in RAYS.values()) and first != second
    before, after = dict(polygons), dict(labels)
    assert after[first] is before[second] and after[second] is before[first]


@pytest.mark.parametrize('seed', range(5))
def test_faults_on_one_side_are_small(polygons, seed):
    before, rng = dict(polygons), np.random.default_rng(seed)
    _, labels, (name,) = FAULTS['displaced-on-one-side'](IMAGE, polygons, rng)
    assert name not in ('Radius', 'Ulna')
    step = np.linalg.norm(dict(labels)[name].mean(axis=0) - before[name].mean(axis=0))
    assert 0.25 <= step / np.sqrt(area(before[name])) <= 0.5
    _, labels, (name,) = FAULTS['resized-on-one-side'](IMAGE, polygons, rng)
    factor = area(dict(labels)[name]) / area(before[name])
    assert 1.25**2 - 1e-6 < max(factor, 1 / factor) < 1.4**2 + 1e-6


def test_the_wrong_side_mirrors_image_and_labels_and_leaves_the_name(tmp_path):
    settings = FaultSettings(('wrong-side',), 0.5)
    write_dataset(tmp_path / 'faulty', 8, 0, size=SIZE, faults=settings)
    write_dataset(tmp_path / 'sound', 8, 0, size=SIZE)
    rows = list(csv.DictReader((tmp_path / 'faulty/faults.csv').open()))
    assert rows and not any(row['copy_of'] for row in rows)
    for row in rows:
        place = f'train/DCM/{row["image"]}'
        pixels, sound = (
            cv2.imread(str(tmp_path / root / place), cv2.IMREAD_UNCHANGED)
            for root in ('faulty', 'sound')
        )
        assert np.array_equal(pixels, sound[:, ::-1])


@pytest.mark.parametrize('kind', OF_SECOND_IMAGE)
def test_the_first_image_of_the_patient_is_sound(kind):
    others = ('swapped', 'duplicate')
    settings = FaultSettings((kind, *others), 0.6)
    plans = [plan_fault(settings, 3, 0, index) for index in range(200)]
    faulty = {index: plan.kind for index, plan in enumerate(plans) if plan}
    of_pairs = [index for index, each in faulty.items() if each == kind]
    assert len(of_pairs) > 20 and all(index % 2 for index in of_pairs)
    assert not any(index - 1 in faulty for index in of_pairs)
    assert {*others} < set(faulty.values())
    # what is copied is sound
    assert not any(plan.source in faulty for plan in plans if plan and plan.source != plan.index)
    # more images do not change what is wrong with the first ones
    assert plans[:50] == [plan_fault(settings, 3, 0, index) for index in range(50)]


def test_a_patient_lies_in_two_splits(tmp_path):
    settings = FaultSettings((IN_TWO_SPLITS,), 0.5)
    arguments = 8, 6, 0, SIZE, PRESETS['default'], False
    sound = list(plan_files(tmp_path, *arguments))
    faulty = list(plan_files(tmp_path, *arguments, settings))
    moved = [pair for pair in zip(sound, faulty, strict=True) if pair[1].fault]
    assert {pair[0].image.parts[-4] for pair in moved} == {'train', 'test'}
    for before, after in moved:
        (split, *rest), (other, *other_rest) = (
            file.image.relative_to(tmp_path).parts for file in (before, after)
        )
        assert {split, other} == {'train', 'test'} and rest == other_rest
        # images of the test have no labels here
        assert (after.annotation is None) == (other == 'test')
    write_dataset(tmp_path, 8, 6, size=SIZE, test_truth=False, faults=settings)
    rows = list(csv.DictReader((tmp_path / 'faults.csv').open()))
    listed = {f'{row["split"]}/DCM/{row["image"]}' for row in rows}
    assert listed == {after.image.relative_to(tmp_path).as_posix() for _, after in moved}
    for place in listed:
        assert (tmp_path / place).exists()
        patient = (tmp_path / place).parent.name
        assert all((tmp_path / split / 'DCM' / patient).exists() for split in ('train', 'test'))
