"""Oblique views, disease and injury of wild phantoms."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Polygon

from handbone.bones import FINGERS, RAYS
from handbone.phantom import PRESETS, PhantomSettings, generate
from handbone.phantom.anatomy import sample_anatomy
from handbone.phantom.generator import compose
from handbone.phantom.patient import Patient
from handbone.phantom.pose import sample_pose
from handbone.phantom.skeleton import build_skeleton
from handbone.phantom.wild.disease import Amputation, amputate, change_anatomy
from handbone.phantom.wild.view import turn_view

WILD = PRESETS['wild'].train
HEALTHY = replace(
    WILD.disease,
    **{name: 0.0 for name in vars(WILD.disease) if name.endswith('_rate')},
    slimness=(1.0, 1.0),
)
SETTINGS = replace(
    WILD,
    disease=HEALTHY,
    growth=replace(WILD.growth, infant_rate=0.0, child_rate=0.0),
    placement=replace(
        WILD.placement, oblique_rate=0.0, outside_rate=0.0, small_rate=0.0, upright_rate=1.0
    ),
    film=replace(WILD.film, two_exposures_rate=0.0, cut_rate=0.0, sheet_rate=0.0),
)
ADULT = Patient(30, 'F', 62, 165, ring=False, nail_art=False, pins=False)
ANATOMY = sample_anatomy(np.random.default_rng(0), ADULT, PhantomSettings())
POSE = sample_pose(np.random.default_rng(1), WILD.hand)
SKELETON = build_skeleton(ANATOMY, POSE)


def sick(**changes):
    return replace(SETTINGS, disease=replace(HEALTHY, **changes))


def changed(**changes):
    return change_anatomy(ANATOMY, np.random.default_rng(0), replace(HEALTHY, **changes))


def test_a_view_from_straight_above_changes_nothing():
    seen = turn_view(SKELETON, POSE, 0.0, ANATOMY.scale, 0.18)
    for label, bone in SKELETON.bones.items():
        expected = bone.outline
        if label in FINGERS:
            base, head = bone.axis
            shown = np.linalg.norm(seen.bones[label].axis[1] - seen.bones[label].axis[0])
            assert shown == pytest.approx(np.linalg.norm(head - base), rel=1e-6)
        assert np.allclose(seen.bones[label].outline, expected, atol=1e-6), label


@pytest.mark.parametrize('angle', [-45.0, 30.0, 45.0])
def test_oblique_views_move_bones_together_and_keep_shafts_wide(angle):
    seen = turn_view(SKELETON, POSE, angle, ANATOMY.scale, 0.18)
    knuckles = [bones[-1] for ray, bones in RAYS.items() if ray != 'thumb']
    heads = [[posed.bones[name].axis[1, 0] for name in knuckles] for posed in (SKELETON, seen)]
    assert np.ptp(heads[1]) < 0.95 * np.ptp(heads[0])

    def width(bone):
        along = bone.axis[1] - bone.axis[0]
        across = np.array([along[1], -along[0]]) / np.linalg.norm(along)
        return np.ptp(bone.outline @ across)

    for label in FINGERS:
        assert width(seen.bones[label]) == pytest.approx(width(SKELETON.bones[label]), rel=0.02)
        assert Polygon(seen.bones[label].outline).is_valid
    # The palm side (pisiform) moves against the back of the hand.
    before, after = (posed.bones['Pisiform'].axis[0, 0] for posed in (SKELETON, seen))
    turn = np.radians(angle)
    assert after == pytest.approx(before * np.cos(turn) + 11.0 * ANATOMY.scale * np.sin(turn))


def test_osteopenia_and_dense_bones():
    assert changed(osteopenia_rate=1.0).density < 0.9 * ANATOMY.density
    assert changed(osteopenia_rate=1.0).cortex < ANATOMY.cortex
    assert changed(dense_rate=1.0).density > 1.05 * ANATOMY.density
    assert changed(swelling_rate=1.0).flesh > 1.1 * ANATOMY.flesh
    for name in ('density', 'cortex', 'flesh', 'joint_gap'):
        assert getattr(changed(), name) == getattr(ANATOMY, name)


def test_slim_bones_are_narrow_and_as_long():
    slim = changed(slimness=(0.8, 0.8))
    for label, bone in ANATOMY.long_bones.items():
        assert slim.long_bones[label].length == bone.length
        assert np.ptp(slim.controls[label][:, 1]) == pytest.approx(
            0.8 * np.ptp(ANATOMY.controls[label][:, 1])
        )


def test_worn_joints_bring_bones_together():
    worn = changed(narrow_joints_rate=1.0, narrow_joint_gap=(-0.5, -0.5))
    skeletons = [build_skeleton(anatomy, POSE) for anatomy in (ANATOMY, worn)]
    gaps = [
        Polygon(s.bones['finger-10'].outline).distance(Polygon(s.bones['finger-11'].outline))
        for s in skeletons
    ]
    assert gaps[1] < gaps[0] or gaps[0] == 0.0


def test_fingers_drift_to_the_ulnar_side():
    for index in (0, 1, 2):
        straight = compose(3, index, SETTINGS, 512)
        drifted = compose(3, index, sick(ulnar_drift_rate=1.0, ulnar_drift=(20.0, 20.0)), 512)
        turns = drifted.pose.finger_angles - straight.pose.finger_angles
        assert np.all((turns >= 14.0) & (turns <= 22.0))


def test_erosions_take_bone_away_and_leave_labels():
    for index in (0, 1):
        whole = generate(3, index, SETTINGS, 256)
        eroded = generate(3, index, sick(erosions_rate=1.0, erosions=(40.0, 40.0)), 256)
        assert not np.array_equal(whole.image, eroded.image)
        for (label, points), (other, other_points) in zip(
            whole.polygons, eroded.polygons, strict=True
        ):
            assert label == other and np.array_equal(points, other_points)


@pytest.mark.parametrize('ray', RAYS)
def test_amputated_fingers_have_no_labels_beyond_the_cut(ray):
    labels = RAYS[ray]
    tip = amputate(SKELETON, [Amputation(ray, labels[0], 0.5)])
    whole = Polygon(SKELETON.bones[labels[0]].outline).buffer(0)
    left = Polygon(tip.bones[labels[0]].outline).buffer(0)
    assert 0.3 * whole.area < left.area < 0.8 * whole.area
    assert left.difference(whole.buffer(1e-6)).area < 1e-6
    finger = amputate(SKELETON, [Amputation(ray, labels[1], -0.05)])
    assert set(SKELETON.bones) - set(finger.bones) == set(labels[:2])
    joints = finger.rays[ray]
    assert joints.shape == SKELETON.rays[ray].shape
    assert np.linalg.norm(joints[-1] - SKELETON.bones[labels[2]].axis[1]) < 8.0
    assert len(SKELETON.bones) == 29


def test_amputations_reach_the_labels_of_an_image():
    counts = [
        len({label for label, _ in compose(3, index, sick(missing_rate=1.0), 512).polygons})
        for index in range(8)
    ]
    whole = [
        len({label for label, _ in compose(3, index, SETTINGS, 512).polygons}) for index in range(8)
    ]
    assert np.all(np.array(counts) <= whole) and np.sum(np.array(counts) < whole) >= 4
