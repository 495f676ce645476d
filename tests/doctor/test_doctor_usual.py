"""What many images of a dataset have is no finding, what one has is."""

from dataclasses import replace

import numpy as np
import pytest
from made_records import annotated, survey_of

from handbone.doctor.alignment import Aligned
from handbone.doctor.checks.all_checks import run_checks
from handbone.doctor.checks.appearance import check_appearance
from handbone.doctor.checks.contrasts import check_contrasts
from handbone.doctor.checks.misplaced import check_places
from handbone.doctor.checks.overlaps import check_overlaps
from handbone.doctor.checks.pieces import check_pieces
from handbone.doctor.checks.sides import check_sides
from handbone.doctor.class_measures import MOST_PIECES, measure_classes
from handbone.doctor.examined import Examined, examine
from handbone.doctor.judged_shape import JudgedShape
from handbone.doctor.measuring import measure_image
from handbone.doctor.pixel_measures import measure_pixels
from handbone.doctor.shape_model import Expectation, ShapeModel

CLASSES = ('a', 'b', 'c')
SIZE = 100
PLACES = {'a': (10, 10, 30), 'b': (60, 20, 20), 'c': (20, 60, 25)}


def square(x, y, side):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], float)


def record(name, polygons, greys=None):
    """A measured image, whose classes have the given grey values on a ground of 90."""
    image = annotated(name, polygons, SIZE, None, CLASSES)
    found = measure_image('train', image, CLASSES)
    if greys is None:
        return found
    grey = np.full((SIZE, SIZE), 90, np.uint8)
    grey[:5], grey[-5:] = 0, 255  # the range of a radiograph
    for class_name, (x, y, side) in PLACES.items():
        grey[y : y + side + 1, x : x + side + 1] = greys[class_name]
    measures, _ = measure_classes(image.draw(3), 3, grey)
    return replace(found, classes=measures, pixels=measure_pixels(grey))


def sound():
    return [(name, square(*place)) for name, place in PLACES.items()]


def checks(check, records):
    found = check(examine(survey_of(records, CLASSES)))
    return [(each.image, each.check, each.class_name) for each in found]


@pytest.mark.parametrize('images', [1, 2])
def test_second_parts_that_several_images_have(images):
    parted = [*sound(), ('b', square(2, 90, 6))]
    records = [record(f'{n}.png', parted if n < images else sound()) for n in range(30)]
    expected = [('0.png', 'several-parts', 'b')] if images == 1 else []
    assert checks(check_pieces, records) == expected


def test_of_thousands_of_specks_the_largest_are_kept():
    rng = np.random.default_rng(0)
    packed = np.zeros((300, 300), np.int32)
    packed[::2, ::2] = rng.random((150, 150)) < 0.5
    packed[100:150, 100:150], packed[200:204, 200:206] = 1, 1
    measures, _ = measure_classes(packed, 1, None)
    assert len(measures.pieces) == MOST_PIECES
    assert max(share for _, _, share in measures.pieces) >= 24 / 2500


@pytest.mark.parametrize(('empty', 'reported'), [(2, 2), (42, 0)])
def test_images_without_labels_are_reported_where_they_are_few(empty, reported):
    """Many radiographs of the chest show no pneumothorax, and many photographs no bottle."""
    records = [record(f'{n:02d}.png', [] if n < empty else sound()) for n in range(60)]
    examined = examine(survey_of(records, CLASSES))
    found = [each.check for each in run_checks(examined)]
    assert found == ['no-labels'] * reported
    assert ('42 of 60 images have no labels' in ' '.join(examined.notes)) == (not reported)


@pytest.mark.parametrize('images', [1, 2])
def test_overlaps_that_several_images_have(images):
    crossed = [('a', square(10, 10, 30)), ('b', square(30, 20, 20)), ('c', square(20, 60, 25))]
    records = [record(f'{n}.png', crossed if n < images else sound()) for n in range(60)]
    expected = [('0.png', 'unusual-overlap', 'a')] if images == 1 else []
    assert checks(check_overlaps, records) == expected


def test_classes_may_be_darker_than_what_is_around_them():
    """Contrasts are compared class by class: here they add up to next to nothing."""
    rng = np.random.default_rng(0)
    records = []
    for number in range(12):
        greys = {'a': 150 + rng.integers(-5, 6), 'b': 30 + rng.integers(-5, 6), 'c': 90}
        if number == 7:
            greys = {name: 180 - grey for name, grey in greys.items()}
        records.append(record(f'{number}.png', sound(), greys))
    assert checks(check_contrasts, records) == [('7.png', 'inverted', '')]


def test_saturated_classes_whose_grey_values_vary():
    rng = np.random.default_rng(0)
    records = []
    for number in range(30):
        grey = 255 if number == 11 else int(rng.integers(60, 150))
        records.append(record(f'{number}.png', sound(), {'a': 100, 'b': grey, 'c': 90}))
    assert checks(check_appearance, records) == [('11.png', 'unlike-class', 'b')]


@pytest.mark.parametrize('cut_off', [2, 15])
def test_straight_edges_of_what_the_border_usually_cuts_off(cut_off):
    """A bone that leaves the image in most of them may end in a straight edge in the others."""
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    outline = 18 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    records = []
    for number in range(30):
        centre = (10, 50) if number < cut_off else (30, 50)
        polygon = np.clip(outline + centre, 0, None)
        if number == 29:
            polygon[:, 0] = np.minimum(polygon[:, 0], 25)
        records.append(record(f'{number}.png', [('a', polygon), *sound()[1:2]]))
    expected = [('29.png', 'straight-edge', 'a')] if cut_off == 2 else []
    assert checks(check_appearance, records) == expected


def aligned_as(features, mirrored):
    """Images that are aligned already."""
    count = len(features)
    frames = np.tile(np.eye(2, 3), (count, 1, 1))
    return Aligned(
        np.zeros((3, 2)), features, np.ones((count, 3), bool), frames, np.ones(count), mirrored
    )


@pytest.mark.parametrize('mirrored', ['L', 'R'])
def test_either_side_may_be_the_mirrored_one(mirrored):
    """Which one it is, the first images decide; number 6 has the name of the other side."""
    sides = ['LR'[number % 2] for number in range(24)]
    forms = np.array([side == mirrored for side in sides])
    sides[6] = 'R'
    records = [record(f'{number}_{side}.png', sound()) for number, side in enumerate(sides)]
    aligned = aligned_as(np.zeros((24, 3, 3)), forms)
    data = replace(examine(survey_of(records, CLASSES)), aligned=aligned)
    (finding,) = check_sides(data)
    assert (finding.image, finding.check) == ('6_R.png', 'wrong-side')
    assert 'its name says right' in finding.reason


@pytest.mark.parametrize('side', [0, 1])
@pytest.mark.parametrize('unusual', [0.0, 5.0])
def test_a_size_is_unlike_the_other_side_if_it_is_unusual_in_its_image_too(side, unusual):
    """Patient 4 has a class that is half as large on one side; its other side is as usual."""
    rng = np.random.default_rng(0)
    records = [record(f'P{n // 2:02d}/{n}.png', sound()) for n in range(24)]
    features = rng.normal(0, 0.02, (24, 3, 3))
    features[8 + side, 1, 2] -= np.log(2)
    aligned = aligned_as(features, np.arange(24) % 2 == 1)
    nothing = Expectation(*np.zeros((2, 3, 3)), np.zeros((3, 3, 3)))
    distances = np.full((3, 2), unusual)
    shape = JudgedShape(8 + side, np.ones(3, bool), nothing, distances, {})
    data = replace(examine(survey_of(records, CLASSES)), aligned=aligned, shapes=(shape,), notes=())
    found = [(each.image, each.class_name, each.other) for each in check_sides(data)]
    one, other = (f'P04/{8 + number}.png' for number in (side, 1 - side))
    assert found == ([(one, 'b', f'train/{other}')] if unusual else [])


@pytest.mark.parametrize(
    ('left', 'shift', 'factor', 'expected'),
    [
        (10, 0.15, 1.0, []),
        (10, 0.3, 1.0, ['misplaced']),
        (0, 0.3, 1.0, []),  # the border usually cuts it off
        (0, 0.6, 1.0, ['misplaced']),
        (10, 0.0, 1.3, []),
        (10, 0.0, 1.5, ['out-of-proportion']),
        (10, 0.0, 1 / 1.5, ['out-of-proportion']),
    ],
)
def test_what_is_unusual_but_hardly_off_is_no_finding(left, shift, factor, expected):
    """Where images are much alike, a class may be ten deviations off by a pixel."""
    one = record('0.png', [('a', square(left, 10, 30)), *sound()[1:]])
    survey = survey_of([one] * 4, CLASSES)
    features = np.zeros((4, 3, 3))
    features[..., :2], features[..., 2] = survey.centres, np.log(survey.areas)
    residuals = np.zeros((3, 3))
    residuals[0] = shift * np.sqrt(survey.areas[0, 0]), 0, np.log(factor)
    distances = np.zeros((3, 2))
    distances[0] = 10 * (shift > 0), 10 * (factor != 1)
    shape = JudgedShape(
        0,
        np.array([False, True, True]),
        Expectation(np.zeros((3, 3)), residuals, np.zeros((3, 3, 3))),
        distances,
        {},
    )
    data = Examined(
        survey,
        aligned_as(features, np.zeros(4, bool)),
        ShapeModel(np.zeros((3, 3)), np.ones((3, 3)), np.eye(9), np.ones((3, 2))),
        (shape,),
        (),
    )
    assert [each.check for each in check_places(data)] == expected
