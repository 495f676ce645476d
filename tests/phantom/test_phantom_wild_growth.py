"""Wild patients: what is ossified at which age, and that labels follow."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Polygon

from handbone.bones import CARPALS, CLASSES, FOREARM, RAYS
from handbone.masks import rasterize
from handbone.phantom import PRESETS, PhantomSettings
from handbone.phantom.anatomy import sample_anatomy
from handbone.phantom.generator import compose, patient_of
from handbone.phantom.patient import Patient
from handbone.phantom.pose import sample_pose
from handbone.phantom.rendering import attenuation
from handbone.phantom.skeleton import build_skeleton
from handbone.phantom.wild.growth import grow_back

WILD = PRESETS['wild'].train
ADULT = Patient(30, 'F', 62, 165, ring=False, nail_art=False, pins=False)
#: When bones become visible, from atlases of the growing hand; years.
VISIBLE = {
    'Capitate': (0.08, 0.36), 'Hamate': (0.08, 0.36), 'Triquetrum': (2, 3), 'Lunate': (3, 4),
    'Scaphoid': (4, 6), 'Trapezium': (4, 6), 'Trapezoid': (4, 6), 'Pisiform': (9, 12),
}  # fmt: skip


def hand(seed, bone_age):
    anatomy = sample_anatomy(np.random.default_rng(seed), ADULT, PhantomSettings())
    return grow_back(anatomy, bone_age, WILD.growth, np.random.default_rng(seed))


def skeleton(seed, bone_age):
    pose = sample_pose(np.random.default_rng(seed), WILD.hand)
    return build_skeleton(hand(seed, bone_age), pose)


@pytest.mark.parametrize('label', CARPALS)
def test_carpals_appear_at_their_age(label):
    low, high = VISIBLE[label]
    for seed in range(4):
        assert label not in hand(seed, low - 0.01).controls
        assert label in hand(seed, high + 0.01).controls


def test_carpals_appear_one_after_the_other():
    for seed in range(3):
        ages = np.arange(0.0, 13.0, 0.4)
        hands = [hand(seed, age) for age in ages]
        present = np.array([[label in young.controls for label in CARPALS] for young in hands])
        assert np.all(np.diff(present.astype(int), axis=0) >= 0)
        first = dict(zip(CARPALS, ages[present.argmax(axis=0)], strict=True))
        early = max(first['Capitate'], first['Hamate'])
        assert early < first['Triquetrum'] <= first['Lunate'] < first['Scaphoid']
        assert first['Pisiform'] == max(first.values())


def test_epiphyses_come_grow_and_fuse():
    for seed in range(2):
        young = hand(seed, 0.6)
        assert not young.epiphyses and not young.growth_plates
        child = hand(seed, 7.2)
        assert set(child.epiphyses) == {*CLASSES[:19], *FOREARM}
        areas = [
            Polygon(hand(seed, age).epiphyses['finger-10']).area for age in (3.5, 6.0, 9.0, 12.0)
        ]
        assert areas == sorted(areas) and areas[0] < 0.6 * areas[-1]
        assert 'Ulna' not in hand(seed, 5.4).epiphyses and 'Radius' in hand(seed, 5.4).epiphyses
        grown = hand(seed, 18.0)
        assert not grown.epiphyses and not grown.growth_plates
        stages = [hand(seed, age) for age in np.arange(12.5, 17.5, 0.5)]
        assert any(stage.growth_plates and not stage.epiphyses for stage in stages)


@pytest.mark.parametrize('bone_age', [0.0, 1.5, 3.0, 5.0, 8.0, 12.0, 15.0])
def test_parts_of_a_growing_bone_lie_apart(bone_age):
    for seed in range(2):
        posed = skeleton(seed, bone_age)
        for end in posed.epiphyses:
            shaft = Polygon(posed.bones[end.label].outline).buffer(0)
            cap = Polygon(end.outline)
            assert cap.is_valid
            assert shaft.intersection(cap).area < 0.02 * cap.area, end.label
            # Spots of bone lie in the middle of their cartilage, those of the forearm further.
            assert shaft.distance(cap) < (14.0 if end.label in FOREARM else 9.0), end.label
        for label, bone in posed.bones.items():
            outline = Polygon(bone.outline)
            assert outline.buffer(0).area > 0.99 * outline.area, label


def test_finger_bones_become_longer_with_age():
    for bones in RAYS.values():
        for label in bones:
            lengths = [hand(1, age).long_bones[label].length for age in (0.0, 4.0, 10.0)]
            assert lengths == sorted(lengths) and lengths[0] < lengths[-1]


def test_patients_are_of_all_ages():
    patients = [patient_of(0, 2 * index, WILD) for index in range(200)]
    ages = np.array([patient.age for patient in patients])
    assert ages.min() == 0 and ages.max() >= 85
    assert 0.06 < np.mean(ages < 3) < 0.2 and 0.3 < np.mean(ages < 17) < 0.55
    for patient in patients:
        low, high = (40, 60) if patient.age == 0 else (60, 205)
        assert (low if patient.age else 40) <= patient.height <= (100 if patient.age == 0 else high)
        assert patient.weight >= 2
    assert patient_of(0, 6, WILD) == patient_of(0, 7, WILD)


def test_what_is_not_ossified_has_no_label_and_the_rest_is_drawn():
    """The bone in the beam is the labelled bone, besides sesamoids and reliefs of carpals."""
    size = 512
    for index, age in ((0, 0.0), (4, 2.5), (6, 5.0), (8, 12.5)):
        growth = replace(
            WILD.growth, infant_rate=1.0, child_rate=0.0, infant_age=(age, age), bone_age=0.0
        )
        film = replace(WILD.film, collimated_rate=0.0, sheet_rate=0.0, two_exposures_rate=0.0)
        placement = replace(WILD.placement, small_rate=0.0)
        settings = replace(WILD, growth=growth, film=film, placement=placement)
        scene = compose(5, index, settings, size)
        labels = {label for label, _ in scene.polygons}
        assert ('Pisiform' in scene.skeleton.bones) == (age > 12.0)
        if age < 2.0:
            assert not labels & set(CARPALS)
        parts = [(CLASSES.index(label), points) for label, points in scene.outlines.items()]
        parts += [
            (CLASSES.index(part.label), scene.frame.outline(part.outline))
            for part in scene.skeleton.epiphyses
        ]
        details = [(0, scene.frame.outline(part.outline)) for part in scene.skeleton.details]
        bone = attenuation(scene, np.random.default_rng(0), soft=0.0) > 0.0
        labelled = rasterize(parts, size, size, len(CLASSES)) != 0
        detailed = rasterize(details, size, size, len(CLASSES)) != 0
        assert np.array_equal(bone | detailed, labelled | detailed)
