"""Polygon areas against shapely."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box
from small_dataset import annotation, write_json

from handbone.datasets.annotation_file import read_annotations


def star(rng, x, y, count=12):
    """A simple polygon: any radii around a point, at growing angles."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    radius = rng.uniform(2, 20, count)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 5))
def test_areas_of_simple_polygons(tmp_path_factory, seed, count):
    rng = np.random.default_rng(seed)
    outlines = [star(rng, *rng.uniform(25, 75, 2), rng.integers(3, 20)) for _ in range(count)]
    path = tmp_path_factory.getbasetemp() / 'areas.json'
    write_json(path, [annotation('a', outline.tolist()) for outline in outlines], (100, 100))
    polygons, problems, _ = read_annotations(path, {'a': 0}, (100, 100))
    assert not problems
    expected = [Polygon(outline).area for outline in outlines]
    np.testing.assert_allclose(polygons.areas(100, 100), expected, rtol=1e-4, atol=1e-3)
    assert [len(points) for _, points in polygons.split()] == [len(each) for each in outlines]


@pytest.mark.parametrize('square', [(-10, -10, 10, 10), (90, 20, 130, 40), (-5, -5, 200, 200)])
def test_areas_stop_at_the_border(tmp_path, square):
    low_x, low_y, high_x, high_y = square
    points = [[low_x, low_y], [high_x, low_y], [high_x, high_y], [low_x, high_y]]
    write_json(tmp_path / 'a.json', [annotation('a', points)], (60, 100))
    polygons, problems, _ = read_annotations(tmp_path / 'a.json', {'a': 0}, (60, 100))
    assert not problems
    inside = box(*square).intersection(box(-0.5, -0.5, 99.5, 59.5))
    np.testing.assert_allclose(polygons.areas(60, 100), [inside.area])


def test_sound_polygons_are_kept_beside_bad_ones(tmp_path):
    sound = [[1, 1], [9, 1], [9, 9.125]]
    path = tmp_path / 'a.json'
    write_json(path, [annotation('a', sound), annotation('b', [[1, 1]]), annotation('b', sound)])
    polygons, problems, _ = read_annotations(path, {'a': 0, 'b': 1})
    assert len(problems) == 1
    assert polygons.classes.tolist() == [0, 1]
    np.testing.assert_array_equal(polygons.split()[1][1], np.float32(sound))
