"""Iterative stratification of patients, and the swaps after it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold

from handbone.datasets import stratification
from handbone.datasets.fold_balance import balance, largest_by_attribute
from handbone.datasets.fold_making import balanced_folds
from handbone.datasets.image_attributes import ImageAttributes
from handbone.datasets.stratification import improved_folds, stratified_folds
from handbone.progress import progress_bar


def made_up(seed, patients=120, classes=3):
    """Attributes of one to three images per patient."""
    generator = np.random.default_rng(seed)
    names, values = [], {'sex': [], 'side': [], 'bend': []}
    for number in range(patients):
        sex = str(generator.choice(['F', 'M']))
        for image in range(generator.integers(1, 4)):
            names.append(f'ID{number:03d}')
            values['sex'].append(sex)
            values['side'].append('LR'[image % 2])
            values['bend'].append(str(generator.choice(['bent', 'upright'], p=[0.15, 0.85])))
    areas = generator.gamma(4, 0.01, (len(names), classes))
    areas[generator.random(len(names)) < 0.1, 2] = 0
    return ImageAttributes(
        tuple(names),
        {name: tuple(each) for name, each in values.items()},
        areas > 0,
        areas,
        np.ones_like(areas, bool),
        tuple(f'class {index}' for index in range(classes)),
    )


def test_the_rarest_label_is_dealt_out_first_and_evenly():
    labels = np.zeros((12, 3), int)
    labels[:, 0] = 1  # everyone
    labels[:3, 1] = 1  # rare
    labels[2:8, 2] = 2  # in two images each
    folds = stratified_folds(labels, np.full(12, 2), 3)
    for column, each in ((0, 4), (1, 1), (2, 2)):
        assert np.bincount(folds[labels[:, column] > 0], minlength=3).tolist() == [each] * 3


def test_a_label_counts_more_than_the_sizes():
    labels, sizes = np.ones((4, 1), int), np.array([4, 1, 1, 1])
    assert np.bincount(stratified_folds(labels, sizes, 2)).tolist() == [2, 2]


def test_patients_without_labels_even_out_the_sizes():
    sizes = np.array([5, 1, 1, 1, 1, 1])
    folds = stratified_folds(np.zeros((6, 1), int), sizes, 2)
    assert np.bincount(folds, sizes).tolist() == [5, 5]


@given(st.integers(0, 2**32), st.integers(2, 4))
@settings(deadline=None, max_examples=25)
def test_swaps_make_nothing_worse(seed, num_folds):
    generator = np.random.default_rng(seed)
    measures = generator.gamma(2, 1, (20, 3))
    sizes = generator.integers(1, 4, 20)
    before = np.arange(20) % num_folds
    after = improved_folds(measures, np.ones(3), sizes, before, num_folds)

    def largest(folds):
        scaled = np.column_stack([8 * sizes / sizes.mean(), measures / measures.std(axis=0)])
        sums = np.stack([scaled[folds == fold].sum(axis=0) for fold in range(num_folds)])
        return np.abs(sums - sums.mean(axis=0)).max()

    assert set(after) == set(range(num_folds))
    assert largest(after) <= largest(before) + 1e-6


@pytest.mark.parametrize('same', [False, True])
def test_the_progress_of_swaps_ends_at_its_total(same, monkeypatch):
    """However many passes and searches it takes."""
    bars = []

    def shown(**settings):
        bars.append(progress_bar(**settings))
        return bars[-1]

    monkeypatch.setattr(stratification, 'progress_bar', shown)
    measures = np.ones((24, 3)) if same else np.random.default_rng(0).gamma(2, 1, (24, 3))
    improved_folds(measures, np.ones(3), np.ones(24), np.arange(24) % 4, 4)
    (bar,) = bars
    assert bar.n == bar.total == 60 * 4 * 24


def test_swaps_come_close_to_the_best_division():
    generator = np.random.default_rng(4)
    measures = generator.normal(5, 1, (12, 2))
    found = improved_folds(measures, np.ones(2), np.ones(12), np.arange(12) % 2, 2)
    scaled = measures / measures.std(axis=0)

    def largest(members):
        half = scaled[list(members)].sum(axis=0) - scaled.sum(axis=0) / 2
        return np.abs(half).max()

    halves = [largest(members) for members in itertools.combinations(range(12), 6)]
    assert largest(np.flatnonzero(found == 0)) <= np.quantile(halves, 0.01)


@pytest.mark.parametrize('seed', [0, 1, 2])
def test_folds_are_more_alike_than_those_of_group_k_fold(seed):
    attributes = made_up(seed)
    of_patient = balanced_folds(attributes, 4)
    assert set(of_patient.values()) == {0, 1, 2, 3}
    ours = [of_patient[name] for name in attributes.patients]
    usual = np.zeros(len(ours), int)
    splits = GroupKFold(4).split(ours, groups=attributes.patients)
    for fold, (_, held_out) in enumerate(splits):
        usual[held_out] = fold
    found, other = (largest_by_attribute(balance(attributes, folds, 4)) for folds in (ours, usual))
    largest = max(each.largest for each in found.values())
    assert 3 * largest <= max(each.largest for each in other.values())
    assert found['bend'].largest <= 0.02 and found['sex'].largest <= 0.02
    assert found['areas'].largest < other['areas'].largest / 3


def test_the_order_of_images_does_not_matter():
    attributes = made_up(5, patients=30)
    order = np.random.default_rng(0).permutation(len(attributes.patients))
    shuffled = ImageAttributes(
        tuple(attributes.patients[index] for index in order),
        {
            name: tuple(values[index] for index in order)
            for name, values in attributes.values.items()
        },
        attributes.presence[order],
        attributes.areas[order],
        attributes.known[order],
        attributes.classes,
    )
    assert balanced_folds(shuffled, 3) == balanced_folds(attributes, 3)


def test_patients_without_attributes_are_dealt_out_too():
    attributes = made_up(6, patients=9)
    found = balanced_folds(attributes, 3, ['ID900', 'ID901', 'ID902'])
    assert list(found) == sorted(found) and len(found) == 12
    assert found | balanced_folds(attributes, 3) == found


def test_fewer_patients_than_folds():
    for patients, folds in ((3, 4), (9, 1)):
        with pytest.raises(ValueError, match=f'{patients} patients cannot be divided into {folds}'):
            balanced_folds(made_up(0, patients=patients), folds)


def test_deviations_by_hand():
    attributes = ImageAttributes(
        ('a', 'b', 'c', 'd'),
        {'sex': ('F', 'F', 'M', 'F')},
        np.array([[True], [True], [False], [True]]),
        np.array([[0.1], [0.2], [0.0], [0.1]]),
        np.ones((4, 1), bool),
        ('bone',),
    )
    found = {(each.attribute, each.value): each for each in balance(attributes, [0, 0, 0, 1], 2)}
    assert found['images', 'images'].shares == (3, 1) and found['images', 'images'].largest == 0.5
    assert found['sex', 'F'].whole == 0.75
    np.testing.assert_allclose(found['sex', 'F'].off, (2 / 3 - 0.75, 0.25))
    np.testing.assert_allclose(found['areas', 'bone'].off, (0, 0), atol=1e-12)
    np.testing.assert_allclose(found['classes', 'bone'].shares, (2 / 3, 1))


def test_deviations_leave_out_where_a_class_is_unknown():
    attributes = ImageAttributes(
        ('a', 'b', 'c', 'd'),
        {},
        np.array([[True, False], [False, False], [False, False], [True, False]]),
        np.array([[0.1, 0.0], [0.0, 0.0], [0.0, 0.0], [0.3, 0.0]]),
        np.array([[True, False], [False, False], [True, False], [True, False]]),
        ('bone', 'nowhere'),
    )
    found = {(each.attribute, each.value): each for each in balance(attributes, [0, 0, 1, 1], 2)}
    assert found['classes', 'bone'].whole == pytest.approx(2 / 3)
    assert found['classes', 'bone'].shares == (1, 0.5)
    np.testing.assert_allclose(found['areas', 'bone'].shares, (0.1, 0.15))
    assert found['classes', 'nowhere'].shares == (0, 0) == found['areas', 'nowhere'].off


def test_unknown_classes_are_balanced_among_the_images_that_know_them():
    """A third of the images know the last class, half of which have it."""
    attributes = made_up(7, patients=150)
    names = np.array(attributes.patients)
    known = np.ones_like(attributes.known)
    known[:, 2] = [name[-1] in '036' for name in names]
    has = attributes.presence & (np.arange(len(names)) % 2 == 0)[:, None]
    areas = attributes.areas * has
    partly = replace(attributes, presence=has, areas=areas, known=known)
    # what is said where the class is unknown changes nothing
    other = replace(partly, presence=has | ~known, areas=areas + 7 * ~known)
    folds = balanced_folds(partly, 5)
    assert folds == balanced_folds(other, 5)
    of_image = [folds[name] for name in names]
    (last,) = (
        each
        for each in balance(partly, of_image, 5)
        if (each.attribute, each.value) == ('classes', 'class 2')
    )
    assert last.whole > 0.3 and last.largest < 0.05
    counts = [known[np.array(of_image) == fold, 2].sum() for fold in range(5)]
    assert max(counts) - min(counts) <= 2
