"""One phantom: its polygons, its anatomy, and that the image shows what the polygons say."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Polygon

from handbone.bones import CARPALS, CLASSES, FOREARM, RAYS
from handbone.masks import rasterize, unpack
from handbone.phantom import PRESETS, PhantomSettings, generate
from handbone.phantom.attenuation import Projection, add_bone, crossing_table
from handbone.phantom.generator import compose

PLAIN = PhantomSettings(
    turn=0.0,
    straight_bend=0.0,
    bent_wrist_rate=0.0,
    closed_fingers_rate=0.0,
    crossed_fingers_rate=0.0,
)


def test_same_seed_and_index_give_the_same_bytes():
    first, second = (generate(3, 5, size=256) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    for (label, points), (other_label, other_points) in zip(
        first.polygons, second.polygons, strict=True
    ):
        assert label == other_label and np.array_equal(points, other_points)


def test_other_index_or_seed_gives_another_image():
    images = [generate(seed, index, size=256).image for seed, index in ((0, 0), (0, 1), (1, 0))]
    assert not np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_polygons_are_the_recorded_ones():
    digest = hashlib.sha256()
    for index in range(6):
        for label, points in compose(0, index).polygons:
            digest.update(label.encode() + (points * 4).astype('<i8').tobytes())
    assert digest.hexdigest()[:16] == '17e2c6071aa4d6c8'


@pytest.mark.parametrize('index', range(8))
def test_polygons(index):
    phantom = generate(2, index, size=512)
    assert phantom.image.shape == (512, 512) and phantom.image.dtype == np.uint8
    assert [label for label, _ in phantom.polygons] == list(CLASSES)
    for label, points in phantom.polygons:
        assert Polygon(points).is_valid, label
        assert points.min() >= 0.0 and points.max() <= 511.0, label
        assert np.array_equal(points * 4, np.rint(points * 4)), label


def test_sizes_show_the_same_hand():
    small, large = compose(4, 3, size=512), compose(4, 3, size=2048)
    for label in CLASSES:
        middle = small.outlines[label].mean(axis=0)
        ratio = (large.outlines[label].mean(axis=0)) / middle
        assert np.allclose(ratio, 2047 / 511, rtol=0.01), label
    assert small.patient == large.patient and small.exposure == large.exposure


def test_both_hands_of_a_patient_share_their_bones():
    right, left = compose(0, 8), compose(0, 9)
    other = compose(0, 10)
    assert (right.side, left.side) == ('R', 'L')
    assert right.patient == left.patient
    for label in CLASSES:
        assert np.array_equal(right.anatomy.controls[label], left.anatomy.controls[label])
        assert not np.array_equal(right.anatomy.controls[label], other.anatomy.controls[label])


@pytest.mark.parametrize('index', range(6))
def test_bones_lie_where_anatomy_has_them(index):
    scene = compose(9, index, PLAIN)
    middle = {label: points.mean(axis=0) for label, points in scene.polygons}
    # As seen on a right hand with the back up: thumb to the left, and image rows grow downwards.
    ulnar = {label: point[0] * (1 if scene.side == 'R' else -1) for label, point in middle.items()}
    height = {label: -point[1] for label, point in middle.items()}
    for bones in RAYS.values():
        assert all(height[a] > height[b] for a, b in zip(bones[:-1], bones[1:], strict=True))
    knuckles = [ulnar[bones[-2]] for bones in RAYS.values()]
    assert knuckles == sorted(knuckles)
    for row in (
        ('Trapezium', 'Trapezoid', 'Capitate', 'Hamate'),
        ('Scaphoid', 'Lunate', 'Triquetrum'),
        ('Radius', 'Ulna'),
    ):
        places = [ulnar[label] for label in row]
        assert places == sorted(places), row
    assert height['Capitate'] > height['Lunate'] > height['Radius']
    assert all(height[bones[-1]] > height[label] for bones in RAYS.values() for label in FOREARM)
    areas = {label: Polygon(points).area for label, points in scene.polygons}
    assert min(CARPALS, key=areas.get) == 'Pisiform'
    assert max(CLASSES[:19], key=areas.get) in ('finger-7', 'finger-11')
    assert areas['finger-11'] > areas['finger-10'] > areas['finger-9'] > areas['finger-8']


@pytest.mark.parametrize('index', [0, 1, 12, 27])
def test_bones_are_drawn_exactly_inside_their_polygons(index):
    scene = compose(11, index, size=512)
    drawn = np.zeros((len(CLASSES), 512, 512), bool)
    for number, label in enumerate(CLASSES):
        bone = scene.skeleton.bones[label]
        axis = scene.frame.project(bone.axis)
        projection = Projection(scene.outlines[label], axis, scene.frame.pixels_per_mm)
        canvas = np.zeros((512, 512), np.float32)
        table = crossing_table(bone, scene.anatomy.cortex)
        add_bone(canvas, bone, projection, table, np.ones_like(canvas))
        drawn[number] = canvas > 0.0
    polygons = [(CLASSES.index(label), scene.outlines[label]) for label in CLASSES]
    assert np.array_equal(drawn, unpack(rasterize(polygons, 512, 512, len(CLASSES)), len(CLASSES)))


def test_every_bone_is_brighter_than_the_flesh_around_it():
    settings = replace(PLAIN, low_dose_rate=0.0, collimated_rate=0.0, pin_rate=0.0, ring_rate=0.0)
    for index in range(4):
        phantom = generate(1, index, settings, 1024)
        polygons = [(CLASSES.index(label), points) for label, points in phantom.polygons]
        masks = unpack(rasterize(polygons, 1024, 1024, len(CLASSES)), len(CLASSES))
        any_bone = masks.any(axis=0)
        for label, mask in zip(CLASSES, masks, strict=True):
            rows, columns = np.where(mask)
            box = np.s_[rows.min() - 8 : rows.max() + 9, columns.min() - 8 : columns.max() + 9]
            flesh = phantom.image[box][~any_bone[box]]
            assert np.median(phantom.image[mask]) > np.median(flesh) + 15, label


def test_overlapping_bones_add_up():
    sums, singles = [], []
    for index in range(6):
        phantom = generate(1, index, replace(PLAIN, low_dose_rate=0.0), 512)
        polygons = [(CLASSES.index(label), points) for label, points in phantom.polygons]
        masks = unpack(rasterize(polygons, 512, 512, len(CLASSES)), len(CLASSES))
        pisiform, triquetrum = (masks[CLASSES.index(b)] for b in ('Pisiform', 'Triquetrum'))
        sums.append(np.median(phantom.image[pisiform & triquetrum]))
        singles.append(np.median(phantom.image[pisiform ^ triquetrum]))
    assert np.all(np.array(sums) > np.array(singles) + 10)


def test_hollow_shafts_have_bright_edges():
    scene = compose(0, 0)
    for label in ('finger-7', 'finger-10', 'Radius'):
        table = crossing_table(scene.skeleton.bones[label], 0.5).sum(axis=2)
        shaft = table[int(0.55 * len(table))]
        half = scene.skeleton.bones[label].half_widths
        centre = int(half[int(0.55 * len(half))] / half.max() * (len(shaft) - 1))
        assert shaft[: centre + 1].max() > 1.25 * shaft[centre]


def test_growth_plates_are_gaps_of_the_young():
    young = replace(PLAIN, adolescent_rate=1.0)
    scene = compose(0, 0, young)
    assert scene.patient.age < 17 and scene.anatomy.growth_plates
    bone = scene.skeleton.bones['finger-10']
    closed, opened = (crossing_table(bone, 0.5, growing).sum(axis=2) for growing in (False, True))
    inside = closed[:, 20] > 0.0
    assert np.min(opened[inside, 20] / closed[inside, 20]) < 0.5
    assert not compose(0, 0, replace(PLAIN, adolescent_rate=0.0)).anatomy.growth_plates


@pytest.mark.parametrize(
    'settings',
    [
        PhantomSettings(ring_rate=1.0, nail_art_rate=1.0, pin_rate=1.0, marker_rate=1.0),
        PhantomSettings(bent_wrist_rate=1.0, bend=(60.0, 60.0), fill=(1.0, 1.0)),
        PhantomSettings(shape_variation=0.0, fill=(0.3, 0.3), collimated_rate=1.0),
        PhantomSettings(shape_variation=1.5, crossed_fingers_rate=1.0, closed_fingers_rate=0.0),
        PRESETS['shift'].test,
    ],
)
def test_extremes_of_the_settings(settings):
    for index in range(4):
        phantom = generate(0, index, settings, 256)
        assert len(phantom.polygons) == len(CLASSES)
        assert phantom.image.std() > 5.0


def test_metal_is_bright_and_only_where_asked_for():
    bare = replace(PLAIN, ring_rate=0.0, nail_art_rate=0.0, pin_rate=0.0, marker_rate=0.0)
    without = generate(6, 0, bare, 512).image.astype(int)
    for rate in ('ring_rate', 'nail_art_rate', 'pin_rate', 'marker_rate'):
        image = generate(6, 0, replace(bare, **{rate: 1.0}), 512).image.astype(int)
        brighter = image - without > 30
        assert 20 < brighter.sum() < 0.02 * image.size, rate


@pytest.mark.parametrize(
    ('seed', 'index', 'size'), [(-1, 0, 512), (0, -1, 512), (0, 0, 500), (0, 0, 128)]
)
def test_arguments_out_of_range(seed, index, size):
    with pytest.raises(ValueError, match=r'seed and index|multiple of 32'):
        generate(seed, index, size=size)


@pytest.mark.parametrize(
    'wrong',
    [{'ring_rate': 1.2}, {'bend': (60.0, 15.0)}, {'fill': (0.5, 1.2)}, {'fill': (0.0, 0.5)}],
)
def test_settings_out_of_range(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PhantomSettings(**wrong)
