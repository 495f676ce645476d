"""Names, places and sizes of bones, learnt from phantoms with and without faults."""

import numpy as np
import pytest
from made_records import (
    SIZE,
    findings_with,
    found,
    hand,
    name_of,
    record,
    sound_record,
    survey_of,
)

from handbone.bones import CLASSES
from handbone.doctor.alignment import align_images
from handbone.doctor.shape_learning import learn_shape
from handbone.doctor.shape_model import ShapeModel
from handbone.phantom.faults import FAULTS


def side(outline):
    x, y = outline.T
    return np.sqrt(abs(x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2)


def renamed(index, names):
    return [(names.get(name, name), outline) for name, outline in hand(index)]


def moved(index, name, step):
    return [(n, o + step * side(o) if n == name else o) for n, o in hand(index)]


def test_sound_hands_have_few_findings():
    assert len({each.image for each in findings_with()}) <= 8


@pytest.mark.parametrize(
    'pair',
    [
        ('finger-5', 'finger-9'),
        ('Lunate', 'Scaphoid'),
        ('Radius', 'Ulna'),
        ('finger-1', 'Hamate'),
    ],
)
def test_exchanged_names(pair):
    first, second = pair
    findings = findings_with({11: renamed(11, {first: second, second: first})})
    assert {('swapped-names', first), ('swapped-names', second)} <= found(findings, 11)
    (one,) = [f for f in findings if f.image == name_of(11) and f.class_name == first]
    assert f'where {second} is expected' in one.reason and one.confidence > 0.9
    left, top, right, bottom = one.box
    outline = dict(hand(11))[second]  # whose outline now has the name of the first
    assert left <= outline[:, 0].max() and right >= outline[:, 0].min()
    assert top <= outline[:, 1].max() and bottom >= outline[:, 1].min()


def test_three_names_in_a_circle():
    names = {'finger-4': 'finger-8', 'finger-8': 'finger-12', 'finger-12': 'finger-4'}
    findings = found(findings_with({4: renamed(4, names)}), 4)
    assert {('swapped-names', name) for name in names} <= findings


def test_a_bone_with_the_name_of_a_missing_one():
    polygons = [(n, o) for n, o in renamed(6, {'Lunate': 'Hamate'}) if n != 'Hamate']
    polygons += [('Hamate', dict(hand(6))['Lunate'])]
    findings = findings_with({6: polygons})
    assert ('swapped-names', 'Hamate') in found(findings, 6)
    assert ('missing-class', 'Lunate') in found(findings, 6)


@pytest.mark.parametrize('name', ['finger-2', 'Capitate', 'finger-16', 'Pisiform'])
def test_a_displaced_outline(name):
    findings = findings_with({12: moved(12, name, np.array([-0.9, 0.5]))})
    assert ('misplaced', name) in found(findings, 12)


def test_an_outline_of_another_size():
    polygons = [
        (n, o.mean(axis=0) + (o - o.mean(axis=0)) * (1.8 if n == 'Capitate' else 1))
        for n, o in hand(20)
    ]
    assert found(findings_with({20: polygons}), 20) & {
        ('out-of-proportion', 'Capitate'),
        ('misplaced', 'Capitate'),
    }


def test_a_missing_bone_is_reported_where_it_is_expected():
    polygons = [(n, o) for n, o in hand(9) if n != 'finger-13']
    (finding,) = [f for f in findings_with({9: polygons}) if f.image == name_of(9)]
    assert (finding.check, finding.class_name) == ('missing-class', 'finger-13')
    left, top, right, bottom = finding.box
    x, y = dict(hand(9))['finger-13'].mean(axis=0)
    assert left < x < right and top < y < bottom


def test_a_bone_outside_the_image_is_not_missing():
    shift = np.array([0, -dict(hand(9))['finger-8'].max(axis=0)[1] - 20])
    polygons = [(n, o + shift) for n, o in hand(9)]
    polygons = [(n, o) for n, o in polygons if o[:, 1].max() > 0]
    missing = {c for check, c in found(findings_with({9: polygons}), 9) if check == 'missing-class'}
    assert 'finger-8' not in {n for n, _ in polygons}
    assert 'finger-8' not in missing


def test_many_faults_do_not_hide_each_other():
    """A model learnt from data of which an eighth is faulty finds nearly all."""
    changed = {}
    for number, index in enumerate(range(0, 160, 8)):
        a, b = CLASSES[number % 29], CLASSES[(number * 7 + 3) % 29]
        changed[index] = renamed(index, {a: b, b: a})
    findings = findings_with(changed)
    hits = sum(any(c == 'swapped-names' for c, _ in found(findings, index)) for index in changed)
    assert hits >= 0.95 * len(changed)
    sound = {name_of(index) for index in range(160)} - {name_of(index) for index in changed}
    assert len({each.image for each in findings} & sound) <= 4


def test_expectations_are_those_of_the_conditional_normal_distribution():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(12, 12))
    model = ShapeModel(np.zeros((4, 3)), np.ones((4, 3)), mixing @ mixing.T, np.ones((4, 2)))
    values = rng.normal(size=(4, 3))
    known = np.array([True, True, False, True])
    expectation = model.expect(values, known)
    for index in range(4):
        rest = [c for c in range(4) if known[c] and c != index]
        columns = np.ravel([[3 * c, 3 * c + 1, 3 * c + 2] for c in rest])
        own = [3 * index, 3 * index + 1, 3 * index + 2]
        cross = model.covariance[np.ix_(own, columns)]
        inverse = np.linalg.inv(model.covariance[np.ix_(columns, columns)])
        expected = cross @ inverse @ values[rest].ravel()
        spread = model.covariance[np.ix_(own, own)] - cross @ inverse @ cross.T
        np.testing.assert_allclose(expectation.expected[index], expected, atol=1e-6)
        np.testing.assert_allclose(expectation.covariances[index], spread, atol=1e-6)


def test_alignment_undoes_rotation_scale_and_mirroring():
    turned = []
    for index in range(24):
        angle, scale = 0.2 * index, 0.6 + 0.02 * index
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned.append(
            record(index, [(n, (o - SIZE / 2) @ turn.T + SIZE / 2) for n, o in hand(2 * index)])
        )
    plain = align_images(survey_of([sound_record(2 * index) for index in range(24)]))
    aligned = align_images(survey_of(turned))

    # the mean shapes may be turned against each other: distances between bones are compared
    def distances(features):
        places = features[..., :2]
        return np.linalg.norm(places[:, :, None] - places[:, None], axis=-1)

    difference = distances(aligned.features) - distances(plain.features)
    whole = aligned.whole & plain.whole
    assert np.abs(difference[whole[:, :, None] & whole[:, None]]).max() < 0.06


def test_too_few_images_are_said_to_be_too_few():
    assert learn_shape(np.zeros((5, 29, 3)), np.ones((5, 29), bool)) is None
    from handbone.doctor.examined import examine

    (note,) = examine(survey_of([sound_record(index) for index in range(5)])).notes
    assert '20 images' in note


@pytest.mark.parametrize('kind', ['swapped', 'missing', 'displaced'])
def test_planted_faults_are_found(kind):
    changed, classes = {}, {}
    image = np.zeros((SIZE, SIZE), np.uint8)
    for index in range(3, 160, 12):
        rng = np.random.default_rng(index)
        _, changed[index], classes[index] = FAULTS[kind](image, hand(index), rng)
    findings = findings_with(changed)
    hits = [set(classes[index]) <= {c for _, c in found(findings, index)} for index in changed]
    assert np.mean(hits) >= 0.85
