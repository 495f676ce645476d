"""The bend of a wrist, measured on drawn bones and on phantoms whose bend is known."""

import numpy as np
import pytest

from handbone.bones import CLASSES
from handbone.datasets.polygons import pack_polygons
from handbone.datasets.wrist_bend import BENT, wrist_bend
from handbone.phantom.generator import compose
from handbone.phantom.presets import PRESETS


def bar(start, end, width):
    """The outline of a straight bone with short ends that are wider, as joints are."""
    start, end = np.array(start, float), np.array(end, float)
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]]) * width
    inner = start + 0.2 * (end - start), end - 0.2 * (end - start)
    side = [start + 1.5 * across, inner[0] + across, inner[1] + across, end + 1.5 * across]
    other = [start - 1.5 * across, inner[0] - across, inner[1] - across, end - 1.5 * across]
    return np.array([*side, *other[::-1]], np.float32)


def drawn_hand(bend, turn=0.0, mirrored=False):
    """A right hand from behind, thumb side to the left: its forearm upright, its hand bent."""
    angle = np.deg2rad(bend)
    tip = (500 + 300 * np.sin(angle), 500 - 300 * np.cos(angle))
    bones = {
        'finger-11': bar((500 + 80 * np.sin(angle), 500 - 80 * np.cos(angle)), tip, 15),
        'Radius': bar((450, 900), (450, 560), 40),
        'Ulna': bar((560, 900), (560, 580), 25),
    }
    turned = np.deg2rad(turn)
    rotation = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    outlines = {}
    for name, points in bones.items():
        moved = (points - 500) @ rotation
        outlines[name] = (moved * (-1 if mirrored else 1, 1) + 500).astype(np.float32)
    return outlines


def packed(outlines):
    return pack_polygons([CLASSES.index(name) for name in outlines], list(outlines.values()))


@pytest.mark.parametrize('mirrored', [False, True])
@pytest.mark.parametrize('turn', [0, 35, 90, 200])
@pytest.mark.parametrize('bend', [-50, -8, 0, 20, 45])
def test_the_angle_of_drawn_bones(bend, turn, mirrored):
    found = wrist_bend(packed(drawn_hand(bend, turn, mirrored)), CLASSES)
    assert found == pytest.approx(bend, abs=1.0)


def test_bones_that_are_missing_or_have_no_area():
    outlines = drawn_hand(20)
    for name in outlines:
        others = {each: points for each, points in outlines.items() if each != name}
        assert np.isnan(wrist_bend(packed(others), CLASSES))
    line = outlines | {'Ulna': np.array([[0, 0], [1, 1], [2, 2]], np.float32)}
    assert np.isnan(wrist_bend(packed(line), CLASSES))
    assert np.isnan(wrist_bend(pack_polygons([], []), ('left', 'right')))


def test_only_the_largest_piece_of_a_bone_counts():
    outlines = drawn_hand(20)
    speck = np.array([[900, 10], [905, 10], [905, 15]], np.float32)
    classes = [CLASSES.index(name) for name in outlines] + [CLASSES.index('Radius')]
    polygons = pack_polygons(classes, [*outlines.values(), speck])
    assert wrist_bend(polygons, CLASSES) == pytest.approx(20, abs=1.0)


def test_bent_wrists_of_phantoms():
    measured, true = [], []
    for index in range(120):
        scene = compose(3, index, PRESETS['shift'].test, 512)
        classes = [CLASSES.index(label) for label, _ in scene.polygons]
        polygons = pack_polygons(classes, [points for _, points in scene.polygons])
        measured.append(-wrist_bend(polygons, CLASSES))
        true.append(scene.pose.bend)
    measured, true = np.abs(measured), np.array(true)
    assert np.abs(measured - np.abs(true)).max() < 14
    agreed = (measured > BENT) == (np.abs(true) >= 15)
    assert agreed.mean() > 0.9
