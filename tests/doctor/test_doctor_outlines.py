"""Faults of single outlines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.doctor.outline_defects import crossed_share, outline_defects

SQUARE = np.array([[20, 20], [60, 20], [60, 60], [20, 60]], float)


def ellipse(a=30.0, b=18.0, count=40, centre=(50, 50)):
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([a * np.cos(angle), b * np.sin(angle)], axis=1) + centre


def checks(*polygons):
    return [each.check for each in outline_defects(list(polygons), 100, 100)]


def test_sound_outlines():
    assert checks((0, SQUARE), (1, ellipse()), (0, ellipse(centre=(70, 70), a=5, b=5))) == []


def test_a_figure_of_eight():
    crossed = SQUARE[[0, 2, 1, 3]]
    assert checks((2, crossed)) == ['self-crossing']
    assert crossed_share(crossed) > 0.5


def test_a_loop_that_covers_a_part_twice():
    twice = np.concatenate([SQUARE, SQUARE * 0.6 + 16])
    assert crossed_share(twice) > 0.1


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.4, 1.0), min_size=5, max_size=60),
    st.floats(4, 900),
    st.floats(0.3, 1.0),
)
def test_stars_without_crossings_are_sound(radii, size, flat):
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    points = size * np.array(radii)[:, None] * np.stack([np.cos(angle), flat * np.sin(angle)], 1)
    assert crossed_share(points + 1000) < 0.03


def test_a_spike_and_its_place():
    points = ellipse()
    points[7] += (45, 20)
    (defect,) = outline_defects([(3, points)], 200, 200)
    assert (defect.check, defect.class_index) == ('spikes', 3)
    left, top, right, bottom = defect.box
    assert left < points[7][0] < right and top < points[7][1] < bottom


def test_a_slim_bone_has_no_spike():
    assert checks((0, ellipse(a=45, b=4, count=24))) == []


def test_a_narrow_bar_does_not_cross_itself():
    assert checks((0, np.array([[5, 50], [95, 50], [95, 54], [5, 54]], float))) == []


def test_points_outside():
    (defect,) = outline_defects([(0, SQUARE - (30, 0))], 100, 100)
    assert defect.check == 'points-outside' and '2 of 4 points' in defect.reason
    # the centre of the last pixel, and half a pixel more, are where annotators end
    assert checks((0, SQUARE - (21, 0))) == []


@pytest.mark.parametrize(('shift', 'expected'), [(1, ['doubled']), (15, [])])
def test_drawn_twice(shift, expected):
    assert checks((0, ellipse()), (0, ellipse() + shift)) == expected
    assert checks((0, ellipse()), (1, ellipse() + shift)) == []
