"""Both hands of a patient: places that differ more than in other patients, and wrong sides."""

import numpy as np
import pytest
from made_records import SIZE, findings_with, found, hand, name_of

from handbone.phantom.faults import FAULTS

IMAGE = np.zeros((SIZE, SIZE), np.uint8)


def side(outline):
    x, y = outline.T
    return np.sqrt(abs(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2)


def planted(kind, indices):
    """Polygons with a fault and the classes that it is about, by number of the image."""
    polygons, classes = {}, {}
    for index in indices:
        rng = np.random.default_rng(index)
        _, polygons[index], classes[index] = FAULTS[kind](IMAGE, hand(index), rng)
    return polygons, classes


def test_carpal_bones_that_lie_elsewhere_than_on_the_other_side():
    """By a quarter of their size, which is little more than they vary from hand to hand."""
    names = ('Trapezium', 'Trapezoid') * 3
    changed, expected = {}, set()
    for number, name in enumerate(names):
        index, angle = 11 + 22 * number, 2.0 * number
        step = 0.25 * np.array([np.cos(angle), np.sin(angle)])
        changed[index] = [
            (each, outline + (step * side(outline) if each == name else 0))
            for each, outline in hand(index)
        ]
        expected.add((name_of(index), name))
    findings = findings_with(changed)
    of_pairs = [each for each in findings if each.check == 'left-right-difference']
    misplaced = {(each.image, each.class_name) for each in findings if each.check == 'misplaced'}
    assert {(each.image, each.class_name) for each in of_pairs} <= expected
    missed = expected - misplaced - {(each.image, each.class_name) for each in of_pairs}
    assert len(missed) <= 1
    for each in of_pairs:
        (index,) = [index for index in changed if name_of(index) == each.image]
        assert each.other == f'train/{name_of(index - 1)}'
        assert 'the other side lets expect it' in each.reason and each.confidence >= 0.5
    assert len(of_pairs) >= 2


@pytest.mark.parametrize('scale', [1.0, 0.7])
def test_a_bone_of_half_the_area_of_the_other_side_is_told_once(scale):
    """However large the hand is: the other bones of its image say how large the bone should be."""
    polygons = []
    for name, outline in hand(23):
        middle = outline.mean(axis=0)
        halved = middle + np.sqrt(0.5) * (outline - middle)
        outline = halved if name == 'finger-6' else outline
        polygons.append((name, SIZE / 2 + scale * (outline - SIZE / 2)))
    findings = found(findings_with({23: polygons}, 100), 23)
    assert findings == {('out-of-proportion', 'finger-6')}


def test_both_hands_of_most_patients_are_alike():
    of_pairs = [each for each in findings_with() if each.check == 'left-right-difference']
    assert len(of_pairs) <= 1


def test_a_tenth_of_the_names_say_the_other_side():
    indices = range(3, 160, 9)
    changed, _ = planted('wrong-side', indices)
    findings = [each for each in findings_with(changed) if each.check == 'wrong-side']
    assert {each.image for each in findings} == {name_of(index) for index in indices}


@pytest.mark.parametrize('count', [8, 160])
def test_bones_of_one_finger_that_have_exchanged_names(count):
    """Few images do not tell where bones lie, but a finger out of order shows in a single one."""
    changed, classes = planted('swapped-in-finger', [3, 6])
    findings = findings_with(changed, count)
    for index, names in classes.items():
        if count == 8:
            assert 'finger-order' in {check for check, _ in found(findings, index)}
        else:
            assert {('swapped-names', name) for name in names} <= found(findings, index)
