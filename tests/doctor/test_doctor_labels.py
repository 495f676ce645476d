"""Parts, overlaps, grey values and sides."""

import numpy as np
import pytest
from made_records import (
    annotated,
    findings_with,
    found,
    hand,
    name_of,
    sound_record,
    survey_of,
)

from handbone.bones import CLASSES
from handbone.doctor.checks.appearance import check_appearance
from handbone.doctor.checks.labels import check_labels
from handbone.doctor.class_measures import measure_classes
from handbone.doctor.examined import examine
from handbone.doctor.measuring import measure_image
from handbone.doctor.survey import Survey
from handbone.masks import pack


def square(x, y, side):
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], float)


def test_measures_equal_their_definitions():
    rng = np.random.default_rng(0)
    masks = np.zeros((3, 40, 60), bool)
    masks[0, 5:20, 10:30] = True
    masks[1, 15:35, 20:50] = True
    masks[1, 2:4, 52:55] = True
    grey = rng.integers(0, 256, (40, 60)).astype(np.uint8)
    measures, _ = measure_classes(pack(masks), 3, grey)
    assert measures.areas.tolist() == [300, 606, 0]
    for index in (0, 1):
        rows, columns = np.nonzero(masks[index])
        assert measures.centres[index] == pytest.approx((columns.mean(), rows.mean()), abs=1e-4)
        assert measures.inside[index] == pytest.approx(grey[masks[index]].mean(), rel=1e-5)
        assert measures.white[index] == pytest.approx((grey[masks[index]] >= 250).mean())
    assert measures.boxes[:2].tolist() == [[10, 5, 30, 20], [20, 2, 55, 35]]
    assert np.isnan(measures.centres[2]).all() and not measures.present[2]
    (piece,) = measures.pieces
    assert piece == (1, (52, 2, 55, 4), pytest.approx(0.01))
    (overlap,) = measures.overlaps.tolist()
    assert overlap == [0, 1, pytest.approx((masks[0] & masks[1]).sum() / 300)]


def test_the_band_outside_has_the_grey_values_around_the_mask():
    masks = np.zeros((1, 60, 60), bool)
    masks[0, 20:40, 20:40] = True
    grey = np.full((60, 60), 7, np.uint8)
    grey[20:40, 20:40] = 90
    measures, _ = measure_classes(pack(masks), 1, grey)
    assert (measures.inside[0], measures.outside[0]) == (90, 7)
    assert measures.straight[0] == pytest.approx(19 / 20)


def test_edges_at_the_border_of_the_image_are_not_straight_edges():
    masks = np.zeros((1, 60, 60), bool)
    masks[0, :30, 10:14] = True
    measures, _ = measure_classes(pack(masks), 1, None)
    assert measures.border[0]
    whole = np.zeros((1, 60, 60), bool)
    whole[0, 0:2, :] = True
    measures, _ = measure_classes(pack(whole), 1, None)
    assert measures.straight[0] < 1  # only the side of 60 pixels inside the image would be longer


def test_more_classes_than_a_plane_holds():
    masks = np.zeros((40, 16, 16), bool)
    masks[0, :8], masks[35, 4:12] = True, True
    measures, _ = measure_classes(pack(masks), 40, None)
    assert measures.areas[[0, 35]].tolist() == [128, 128]
    assert measures.overlaps.tolist() == [[0, 35, 0.5]]


@pytest.mark.parametrize(('side', 'check'), [(3, 'specks'), (14, 'several-parts')])
def test_second_parts(side, check):
    changed = {5: [*hand(5), ('Lunate', square(4, 4, side))]}
    findings = findings_with(changed)
    assert (check, 'Lunate') in found(findings, 5)
    box = next(f.box for f in findings if f.check == check)
    assert box == (4, 4, 5 + side, 5 + side)


def test_a_second_outline_that_touches_the_first():
    """Metal over the end of a bone, labelled as the bone too: one part, but of two outlines."""
    outline = dict(hand(5))['finger-7']
    metal = square(*(outline[outline[:, 1].argmin()] - (8, 14)), 16)
    twice = [(name, points) for name, points in hand(6) for _ in range(1 + (name == 'Lunate'))]
    findings = findings_with({5: [*hand(5), ('finger-7', metal)], 6: twice})
    (finding,) = [each for each in findings if each.check == 'several-parts']
    assert (finding.class_name, finding.image) == ('finger-7', name_of(5))
    assert 'in 2 outlines that touch' in finding.reason
    # what is drawn twice in one place has a finding of its own
    assert ('doubled', 'Lunate') in found(findings, 6)


def test_one_outline_with_two_names():
    polygons = [(n, dict(hand(8))['Hamate'] if n == 'Capitate' else o) for n, o in hand(8)]
    assert ('one-outline-two-names', 'Capitate') in found(findings_with({8: polygons}), 8)


def test_a_class_that_is_not_like_itself():
    """Metal that is labelled as one of two classes, in one of 30 images."""
    rng = np.random.default_rng(0)
    records = []
    for number in range(30):
        packed = [('a', square(10, 10, 30)), ('b', square(60, 20, 20)), ('c', square(20, 60, 25))]
        grey = np.full((100, 100), 20, np.uint8)
        grey[10:41, 10:41] = 90 + rng.integers(-8, 8)
        grey[20:41, 60:81] = 255 if number == 11 else 110 + rng.integers(-8, 8)
        grey[60:86, 20:46] = 100 + rng.integers(-8, 8)
        records.append((f'{number}.png', packed, grey))
    classes = ('a', 'b', 'c')
    measured = []
    for name, polygons, grey in records:
        image = annotated(name, polygons, 100, None, classes)
        record = measure_image('train', image, classes)
        measures, _ = measure_classes(image.draw(3), 3, grey)
        from dataclasses import replace

        from handbone.doctor.pixel_measures import measure_pixels

        measured.append(replace(record, classes=measures, pixels=measure_pixels(grey)))
    (finding,) = check_appearance(examine(survey_of(measured, classes)))
    assert (finding.image, finding.class_name) == ('11.png', 'b')
    assert finding.check == 'unlike-class' and 'brighter' in finding.reason


def test_fingers_out_of_order_show_in_a_single_image():
    names = {'finger-7': 'finger-11', 'finger-11': 'finger-7'}
    polygons = [(names.get(name, name), outline) for name, outline in hand(5)]
    image = annotated('1.png', polygons)
    record = measure_image('train', image, CLASSES)
    found = list(check_labels(examine(survey_of([record]))))
    assert found and {each.check for each in found} == {'finger-order'}
    assert not list(check_labels(examine(survey_of([sound_record(5)]))))
    defect = found[0]
    left, top, right, bottom = defect.box
    x, y = dict(polygons)[defect.class_name].mean(axis=0)
    assert left < x < right and top < y < bottom
    # other classes are no bones: nothing is known of their order
    others = tuple(f'class {number}' for number in range(29))
    renamed = [(others[CLASSES.index(name)], outline) for name, outline in polygons]
    assert not measure_image('train', annotated('1.png', renamed, classes=others), others).defects


def test_an_outline_cut_along_a_line():
    polygons = []
    for name, outline in hand(14):
        if name == 'finger-11':
            outline = outline.copy()
            middle = np.median(outline[:, 0] - outline[:, 1])
            beyond = outline[:, 0] - outline[:, 1] - middle
            outline[beyond > 0] -= beyond[beyond > 0, None] / 2 * np.array([1, -1])
        polygons.append((name, outline))
    checks = {check for check, name in found(findings_with({14: polygons}), 14)}
    assert checks & {'straight-edge', 'misplaced', 'out-of-proportion'}


def test_a_mirrored_image_with_the_name_of_the_other_side():
    from made_records import SIZE, name_of

    mirrored = [(n, o * (-1, 1) + (SIZE - 1, 0)) for n, o in hand(22)]
    findings = findings_with({22: mirrored})
    assert ('wrong-side', '') in found(findings, 22)
    assert not [f for f in findings if f.check == 'wrong-side' and f.image != name_of(22)]


def test_two_fingers_that_have_exchanged_names():
    """All eight bones are named, and nothing else: the image is aligned as it should be."""
    from handbone.phantom.faults import FAULTS

    changed, expected = {}, {}
    for index in (21, 47, 90):
        rng = np.random.default_rng(index)
        _, changed[index], classes = FAULTS['swapped-fingers'](None, hand(index), rng)
        expected[index] = {('swapped-names', name) for name in classes}
    findings = findings_with(changed)
    assert {index: found(findings, index) for index in changed} == expected


CHEST = ('left_lung', 'right_lung', 'heart', 'left_clavicle', 'right_clavicle')
PLACES = np.array([(130, 110), (60, 105), (110, 140), (125, 55), (65, 50)])


def chests(count, changed, classes=CHEST, renamed=None):
    """Five rectangles at about the same places; some images have other places or names."""
    from made_records import annotated, survey_of

    from handbone.doctor.checks.all_checks import run_checks
    from handbone.doctor.examined import examine
    from handbone.doctor.measuring import measure_image

    rng = np.random.default_rng(0)
    records = []
    for index in range(count):
        places = changed.get(index, PLACES) + rng.uniform(-3, 3, (5, 2))
        outlines = [
            (name, np.array([(-w, -h), (w, -h), (w, h), (-w, h)]) + place)
            for name, place, (w, h) in zip(
                (renamed or {}).get(index, classes),
                places,
                [(20, 40), (22, 38), (18, 14), (14, 5), (14, 5)],
                strict=True,
            )
        ]
        image = annotated(f'P{index}/a{index}.png', outlines, 192, None, classes)
        records.append(measure_image('train', image, classes))
    findings = run_checks(examine(survey_of(records, classes)))
    return {(each.check, each.image, each.class_name) for each in findings}


def test_mirrored_labels_where_names_tell_no_side():
    mirrored = dict.fromkeys((3, 8, 20, 33, 41, 66), PLACES * (-1, 1) + (191, 0))
    expected = {('mirrored', f'P{index}/a{index}.png', '') for index in mirrored}
    assert chests(80, mirrored) == expected
    # one in thirteen is no fault of classes that have no sides, one in eighty is
    plain = ('a', 'b', 'c', 'd', 'e')
    assert chests(80, mirrored, plain) == set()
    assert chests(80, {3: mirrored[3]}, plain) == {('mirrored', 'P3/a3.png', '')}


@pytest.mark.parametrize(('first', 'second'), [(2, 3), (1, 4), (0, 2)])
def test_exchanged_names_among_few_classes(first, second):
    names = list(CHEST)
    names[first], names[second] = names[second], names[first]
    expected = {('swapped-names', 'P9/a9.png', CHEST[index]) for index in (first, second)}
    assert chests(80, {}, renamed={9: names}) == expected


def test_no_images():
    empty = Survey(CLASSES, (), (), ())
    assert empty.areas.shape == (0, 29)
