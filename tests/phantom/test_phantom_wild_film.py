"""Film, plate and windows of wild phantoms: what they change, and that labels stay."""

from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Point, Polygon
from shapely.ops import unary_union

from handbone.bones import CLASSES
from handbone.masks import rasterize
from handbone.phantom import PRESETS, generate
from handbone.phantom.wild.generator import compose_film
from handbone.phantom.wild.windows import depth_inside, frame_window, parts_inside

SIZE = 256
WILD = PRESETS['wild'].train
#: Nothing but the hand on a plain film.
PLAIN = replace(
    WILD,
    film=replace(
        WILD.film,
        **{name: 0.0 for name in vars(WILD.film) if name.endswith('_rate')},
        air=(0.1, 0.1),
        contrast=(0.8, 0.8),
        gamma=(1.0, 1.0),
        vignetting=(0.0, 0.0),
        clouds=(0.0, 0.0),
        blur=(0.0, 0.0),
        grain=(0.0, 0.0),
    ),
    plate=replace(WILD.plate, **{name: 0.0 for name in vars(WILD.plate) if name.endswith('_rate')}),
    placement=replace(WILD.placement, small_rate=0.0, outside_rate=0.0),
)


def with_film(**changes):
    return replace(PLAIN, film=replace(PLAIN.film, **changes))


def packed(phantom):
    polygons = [(CLASSES.index(label), points) for label, points in phantom.polygons]
    return rasterize(polygons, SIZE, SIZE, len(CLASSES))


def same_polygons(first, second):
    return [label for label, _ in first] == [label for label, _ in second] and all(
        np.array_equal(a, b) for (_, a), (_, b) in zip(first, second, strict=True)
    )


def random_star(rng):
    """A polygon without crossings, with many teeth."""
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, 24))
    radius = rng.uniform(20.0, 120.0, 24)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None] + rng.uniform(
        60, 190, 2
    )


def random_window(rng):
    angle = np.radians(rng.uniform(-180, 180))
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    low, high = -rng.uniform(5, 90, 2), rng.uniform(5, 90, 2)
    corners = np.array([(low[0], high[1]), low, (high[0], low[1]), high])
    return corners @ axes + rng.uniform(60, 190, 2)


def test_parts_inside_a_window_are_those_of_an_independent_library():
    rng = np.random.default_rng(0)
    several = 0
    for _ in range(120):
        outline, corners = random_star(rng), random_window(rng)
        if not Polygon(outline).is_valid:
            continue
        expected = Polygon(outline).intersection(Polygon(corners))
        parts = [Polygon(part) for part in parts_inside(outline, corners)]
        pieces = [piece for piece in getattr(expected, 'geoms', [expected]) if piece.area > 1e-6]
        assert len(parts) == len(pieces)
        assert sum(part.area for part in parts) == pytest.approx(expected.area)
        assert unary_union(parts).symmetric_difference(expected).area < 1e-6
        several += len(parts) > 1
    assert several > 8


def test_depth_inside_a_window():
    rng = np.random.default_rng(1)
    for _ in range(10):
        corners = random_window(rng)
        depth = depth_inside(corners, SIZE)
        for x, y in rng.integers(0, SIZE, (20, 2)):
            point, window = Point(x, y), Polygon(corners)
            if window.contains(point):
                assert depth[y, x] == pytest.approx(window.exterior.distance(point), abs=1e-3)
            else:
                assert depth[y, x] <= 1e-3


def test_film_and_plate_never_move_labels():
    for index in range(3):
        plain = replace(PLAIN, placement=WILD.placement)
        dirty = replace(
            plain,
            film=replace(
                plain.film,
                clipped_rate=1.0,
                inverted_rate=0.5,
                dust_rate=1.0,
                scratch_rate=1.0,
                text_rate=1.0,
                blur=(0.002, 0.004),
                grain=(0.02, 0.05),
                jpeg_rate=1.0,
                steps_rate=0.5,
            ),
            plate=replace(
                plain.plate,
                **{name: 1.0 for name in vars(plain.plate) if name.endswith('_rate')},
            ),
        )
        first, second = (generate(2, index, settings, SIZE) for settings in (plain, dirty))
        assert same_polygons(first.polygons, second.polygons)
        assert not np.array_equal(first.image, second.image)


def test_labels_are_those_of_the_whole_hand_inside_field_and_sheet():
    cut = replace(
        PLAIN,
        film=replace(
            PLAIN.film,
            collimated_rate=1.0,
            cut_rate=1.0,
            cut=(0.1, 0.4),
            sheet_rate=1.0,
            sheet_margin=(0.0, 0.3),
            turned_rate=1.0,
        ),
    )
    adults = replace(WILD.growth, infant_rate=0.0, child_rate=0.0)
    cut = replace(cut, growth=adults, disease=replace(WILD.disease, missing_rate=0.0))
    for index in range(8):
        film = compose_film(5, index, cut, SIZE)
        windows = film.hand.windows
        window = Polygon(windows.field).intersection(Polygon(windows.sheet))
        window = window.intersection(Polygon(frame_window(SIZE)))
        for label, outline in film.hand.outlines.items():
            whole = Polygon(outline).buffer(0)
            parts = [Polygon(points).buffer(0) for name, points in film.polygons if name == label]
            difference = unary_union(parts).symmetric_difference(whole.intersection(window))
            # Points are rounded to quarter pixels.
            assert difference.area <= 0.13 * whole.intersection(window).length + 1e-6
        depth = np.minimum(depth_inside(windows.field, SIZE), depth_inside(windows.sheet, SIZE))
        assert not packed(film)[depth < -1.5].any()


def test_nothing_of_the_hand_shows_outside_its_field():
    settings = with_film(
        collimated_rate=1.0, cut_rate=1.0, cut=(0.2, 0.4), black_rate=1.0, penumbra=(0.001, 0.001)
    )
    for index in range(4):
        phantom = generate(1, index, settings, SIZE)
        field = compose_film(1, index, settings, SIZE).hand.windows.field
        assert phantom.image[depth_inside(field, SIZE) < -3.0].max(initial=0) == 0


def test_bones_are_where_the_labels_are():
    """Across the edge of a mask, the image changes in the direction of denser bone."""
    steps = []
    for index in range(10):
        settings = replace(WILD, film=replace(WILD.film, inverted_rate=0.0))
        phantom = generate(4, index, settings, 512)
        polygons = [(CLASSES.index(label), points) for label, points in phantom.polygons]
        labels = rasterize(polygons, 512, 512, len(CLASSES))
        for bone in ('finger-7', 'finger-10', 'finger-14', 'Radius'):
            inside = (labels & (1 << CLASSES.index(bone))) != 0
            if inside.sum() < 60:
                continue
            near = np.zeros_like(inside)
            reach = 6
            near[reach:-reach, reach:-reach] = np.any(
                [
                    np.roll(inside, shift, axis=axis)[reach:-reach, reach:-reach]
                    for axis in (0, 1)
                    for shift in (-reach, reach)
                ],
                axis=0,
            )
            field = compose_film(4, index, settings, 512).hand.windows.field
            depth = depth_inside(frame_window(512) if field is None else field, 512)
            around = near & (labels == 0) & (depth > 8.0)
            if around.sum() > 30:
                steps.append(phantom.image[inside].mean() - phantom.image[around].mean())
    assert len(steps) > 15 and np.mean(np.array(steps) > 0.0) > 0.95


def corner_grey(settings, count=4):
    return [np.median(generate(6, index, settings, SIZE).image[:40, :40]) for index in range(count)]


def test_air_has_the_asked_grey():
    for air in (0.0, 0.3, 0.6):
        greys = corner_grey(with_film(air=(air, air), contrast=(0.3, 0.3)))
        assert np.median(greys) == pytest.approx(255 * air, abs=12)


def test_contrast_is_the_range_between_air_and_bone():
    spreads = []
    for contrast in (0.2, 0.8):
        image = generate(6, 1, with_film(air=(0.2, 0.2), contrast=(contrast, contrast)), SIZE).image
        spreads.append(np.percentile(image, 99.5) - np.percentile(image, 5))
    assert spreads[1] / spreads[0] == pytest.approx(4.0, rel=0.1)


def test_inversion_mirrors_the_grey_scale():
    straight = generate(6, 0, with_film(), SIZE).image.astype(int)
    inverted = generate(6, 0, with_film(inverted_rate=1.0), SIZE).image.astype(int)
    assert np.abs(255 - straight - inverted).max() <= 1


@pytest.mark.parametrize(
    'change',
    [
        {'dust_rate': 1.0},
        {'scratch_rate': 1.0},
        {'text_rate': 1.0},
        {'clipped_rate': 1.0, 'clipped': (0.3, 0.3)},
        {'vignetting': (0.3, 0.3)},
        {'clouds': (0.05, 0.05)},
        {'blur': (0.003, 0.003)},
        {'grain': (0.03, 0.03)},
        {'jpeg_rate': 1.0, 'jpeg_quality': (8.0, 8.0)},
        {'steps_rate': 1.0, 'steps': (12.0, 12.0)},
        {'collimated_rate': 1.0},
        {'sheet_rate': 1.0, 'sheet_margin': (0.05, 0.1)},
        {'two_exposures_rate': 1.0},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_effect_is_seen(change):
    plain, changed = (
        [generate(7, index, settings, SIZE).image for index in range(3)]
        for settings in (with_film(), with_film(**change))
    )
    assert not all(map(np.array_equal, plain, changed))


@pytest.mark.parametrize(
    'name',
    ['marker', 'board', 'framed', 'disc', 'text', 'wire', 'tape', 'wedge', 'holder'],
)
def test_every_object_is_seen(name):
    if name in ('board', 'framed'):
        plain = replace(PLAIN, plate=replace(PLAIN.plate, marker_rate=1.0, board_rate=0.5))
    else:
        plain = PLAIN
    changed = replace(plain, plate=replace(plain.plate, **{f'{name}_rate': 1.0}))
    images = [
        [generate(7, index, settings, SIZE).image for index in range(4)]
        for settings in (plain, changed)
    ]
    assert not all(map(np.array_equal, *images))


def test_steps_leave_few_grey_values():
    image = generate(7, 0, with_film(steps_rate=1.0, steps=(16.0, 16.0)), SIZE).image
    assert len(np.unique(image)) <= 16


def test_two_exposures_show_both_hands_or_one():
    both = with_film(two_exposures_rate=1.0, second_hand_rate=1.0)
    one = with_film(two_exposures_rate=1.0, second_hand_rate=0.0)
    for index in range(4):
        film = compose_film(3, index, both, SIZE)
        assert film.hand.side != film.other_hand.side
        fields = [Polygon(film.hand.windows.field), Polygon(film.other_hand.windows.field)]
        assert fields[0].intersection(fields[1]).area < 1.0
        assert len(film.polygons) == len(film.hand.polygons) + len(film.other_hand.polygons)
        order = [CLASSES.index(label) for label, _ in film.polygons]
        assert order == sorted(order) and len(order) > len(set(order))
        assert same_polygons(generate(3, index, both, SIZE).polygons, film.polygons)
        alone = compose_film(3, index, one, SIZE)
        assert alone.other_hand is None and alone.other_field is not None
        assert same_polygons(alone.polygons, film.hand.polygons)
