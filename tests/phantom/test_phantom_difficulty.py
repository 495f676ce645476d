"""How hard the default phantoms are, measured from their polygons."""

from functools import cache

import numpy as np
import pytest
from shapely.geometry import Polygon
from shapely.ops import unary_union

from handbone.bones import CLASSES, FOREARM, RAYS
from handbone.masks import class_mask, rasterize
from handbone.phantom import PRESETS
from handbone.phantom.generator import compose, generate

COUNT = 200
SIZE = 512


@cache
def scenes(preset='default', split='test'):
    settings = getattr(PRESETS[preset], split)
    return [compose(7, index, settings, SIZE) for index in range(COUNT)]


@cache
def covered_shares():
    """For each bone, the share of it that lies over or under another, one value an image."""
    shares = {label: [] for label in CLASSES}
    for scene in scenes():
        polygons = [(CLASSES.index(label), points) for label, points in scene.polygons]
        packed = rasterize(polygons, SIZE, SIZE, len(CLASSES))
        several = (packed & (packed - 1)) != 0
        for index, label in enumerate(CLASSES):
            mask = class_mask(packed, index)
            if mask.any():
                shares[label].append(several[mask].mean())
    return shares


def long_axis(points, away_from=None):
    """Direction of the longest extent of a polygon, pointing away from another point."""
    spread = points - points.mean(axis=0)
    direction = np.linalg.svd(spread, full_matrices=False)[2][0]
    if away_from is not None and direction @ (points.mean(axis=0) - away_from) < 0:
        direction = -direction
    return direction


def heading(direction):
    """Degrees clockwise from straight up."""
    return np.degrees(np.arctan2(direction[0], -direction[1]))


def turn_and_bend(scene):
    """Turn of the hand and angle between hand and forearm, as a ruler on the picture gives them."""
    wrist = np.mean(
        [scene.outlines[label].mean(axis=0) for label in ('Lunate', 'Capitate')], axis=0
    )
    hand = heading(long_axis(scene.outlines['finger-11'], wrist))
    bones = np.concatenate([scene.outlines[label] for label in FOREARM])
    far = bones[np.argsort(np.linalg.norm(bones - wrist, axis=1))[-8:]].mean(axis=0)
    bend = (heading(wrist - far) - hand + 180.0) % 360.0 - 180.0
    return hand, bend if scene.side == 'R' else -bend


@pytest.mark.parametrize(
    ('label', 'least', 'most'),
    [('Pisiform', 0.60, 0.95), ('Trapezoid', 0.20, 0.60), ('Trapezium', 0.15, 0.6)],
)
def test_small_carpals_lie_over_or_under_neighbours(label, least, most):
    assert least <= np.mean(covered_shares()[label]) <= most


def test_metacarpal_bases_radius_and_lunate_overlap():
    shares = covered_shares()
    for label in ('finger-7', 'finger-11', 'finger-15', 'finger-19', 'Lunate', 'Radius'):
        assert np.mean(shares[label]) > 0.015, label


def test_hand_fills_most_of_the_frame():
    sides = np.array([np.ptp(np.reshape(s.frame.extent, (2, 2)), axis=0).max() for s in scenes()])
    assert 0.6 <= (sides / (SIZE - 1)).min() < 0.62
    assert 0.97 < (sides / (SIZE - 1)).max() <= 1.0 + 1e-9
    # The skin reaches a little beyond the bones, and the visible forearm below them.
    for scene, side in zip(scenes(), sides, strict=True):
        bones = [points for label, points in scene.polygons if label not in FOREARM]
        extent = np.ptp(np.concatenate(bones), axis=0).max()
        assert 0.60 * side < extent < 0.95 * side


def test_whole_hand_is_inside_the_exposed_field():
    for scene in scenes():
        left, top, right, bottom = scene.frame.field
        for label in CLASSES[:27]:
            points = scene.outlines[label]
            assert points[:, 0].min() >= left and points[:, 0].max() <= right, label
            assert points[:, 1].min() >= top and points[:, 1].max() <= bottom, label


def test_forearm_leaves_the_field():
    for scene in scenes():
        left, top, right, bottom = scene.frame.field
        points = dict(scene.polygons)['Radius']
        edges = (
            points[:, 0] - left,
            right - points[:, 0],
            points[:, 1] - top,
            bottom - points[:, 1],
        )
        assert min(edge.min() for edge in edges) < 0.5


def test_hands_are_turned_up_to_thirty_degrees():
    turns = np.array([turn_and_bend(scene)[0] for scene in scenes()])
    # The third metacarpal itself stands a few degrees off the axis of the hand.
    assert np.abs(turns).max() < 30.0 + 9.0
    assert np.mean(np.abs(turns) > 15.0) > 0.35


def test_bent_wrists_are_bent_and_others_are_not():
    bent = np.array([scene.pose.bent for scene in scenes()])
    measured = np.array([turn_and_bend(scene)[1] for scene in scenes()])
    truth = np.array([scene.pose.bend for scene in scenes()])
    assert np.corrcoef(measured, truth)[0, 1] > 0.97
    assert np.abs(truth[bent]).min() >= 15.0 and np.abs(truth[bent]).max() <= 60.0
    assert np.abs(measured[~bent]).max() < 8.0 + 12.0
    assert np.median(np.abs(measured[bent])) > 25.0


def test_a_fifth_has_closed_or_crossed_fingers():
    fingers = np.array([scene.pose.fingers for scene in scenes()])
    assert 0.12 < np.mean(fingers != 'open') < 0.28
    gaps = np.array([_smallest_finger_gap(scene) for scene in scenes()])
    assert np.mean(gaps[fingers == 'crossed'] == 0.0) > 0.8
    # Millimetres between bones of neighbours: less than the flesh around both means touching.
    assert np.median(gaps[fingers == 'closed']) < 4.0 < np.median(gaps[fingers == 'open'])
    assert np.mean(gaps[fingers == 'open'] == 0.0) < 0.05


def _smallest_finger_gap(scene):
    rays = [
        unary_union([Polygon(scene.outlines[label]) for label in bones[:3]])
        for bones in list(RAYS.values())[1:]
    ]
    gaps = [first.distance(second) for first, second in zip(rays[:-1], rays[1:], strict=True)]
    return min(gaps) / scene.frame.pixels_per_mm


def test_a_fifth_is_at_low_dose_and_noisy():
    low = np.array([scene.exposure.low_dose for scene in scenes()])
    assert 0.13 < low.mean() < 0.27

    def noise(index):
        image = generate(7, index, PRESETS['default'].test, SIZE).image.astype(float)
        left, top, right, bottom = dict(scenes()[index].polygons)['Radius'][:, [0, 1, 0, 1]].T
        rows, columns = (
            slice(int(top.min()), int(bottom.max())),
            slice(int(left.min()), int(right.max())),
        )
        fine = image[rows, columns]
        return np.median(np.abs(fine[1:, 1:] - fine[:-1, 1:] - fine[1:, :-1] + fine[:-1, :-1]))

    noisy = [noise(index) for index in np.flatnonzero(low)[:6]]
    clean = [noise(index) for index in np.flatnonzero(~low)[:6]]
    assert np.mean(noisy) > 1.5 * np.mean(clean)


@pytest.mark.parametrize(
    ('preset', 'split', 'rate'),
    [('default', 'test', 0.3), ('shift', 'train', 0.12), ('shift', 'test', 0.60)],
)
def test_share_of_bent_wrists(preset, split, rate):
    share = np.mean([abs(turn_and_bend(scene)[1]) > 17.0 for scene in scenes(preset, split)])
    spread = 4.0 * np.sqrt(rate * (1.0 - rate) / COUNT)
    assert abs(share - rate) < spread


def test_right_and_left_hands_and_metal_occur():
    assert {scene.side for scene in scenes()} == {'R', 'L'}
    for remark in ('ring', 'nail art', 'surgical pins'):
        share = np.mean([remark in scene.patient.notes for scene in scenes()])
        assert 0.0 < share < 0.2, remark
