"""Intervals against SciPy's bootstrap, drawing patients one by one, and theory."""

import numpy as np
import pytest
from scipy import stats

from handbone.evaluation import bootstrap, bootstrap_difference, bootstrap_mean


def clustered(seed=0, patients=40, images=3):
    """Scores that depend on the patient more than on the image."""
    generator = np.random.default_rng(seed)
    of_patient = generator.normal(0.9, 0.05, patients)[:, None]
    scores = of_patient + generator.normal(0, 0.01, (patients, images))
    return scores.ravel(), np.repeat([f'ID{index}' for index in range(patients)], images)


def test_scipy_agrees_where_images_are_drawn():
    scores = np.random.default_rng(1).beta(9, 1, 60)
    found = bootstrap_mean(scores)
    expected = stats.bootstrap(
        (scores,), np.mean, n_resamples=10_000, method='percentile', rng=np.random.default_rng(0)
    ).confidence_interval
    assert found.mean == pytest.approx(scores.mean())
    assert found[1:3] == pytest.approx(tuple(expected), abs=0.1 * (expected.high - expected.low))
    assert found.groups == 60


def test_drawing_patients_one_by_one():
    scores, patients = clustered()
    generator = np.random.default_rng(5)
    of_patient = [scores[patients == name] for name in np.unique(patients)]
    draws = [
        np.concatenate([of_patient[index] for index in generator.integers(0, 40, 40)]).mean()
        for _ in range(4000)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    found = bootstrap_mean(scores, patients)
    assert found[1:3] == pytest.approx((low, high), abs=0.1 * (high - low))
    assert found.groups == 40


def test_images_of_a_patient_count_less_than_as_many_patients():
    scores, patients = clustered()
    by_patient, by_image = bootstrap_mean(scores, patients), bootstrap_mean(scores)
    assert by_patient.high - by_patient.low > 1.4 * (by_image.high - by_image.low)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    held = 0
    for seed in range(200):
        scores, patients = clustered(seed)
        found = bootstrap_mean(scores, patients, resamples=500)
        held += found.low <= 0.9 <= found.high
    assert 0.88 <= held / 200 <= 0.985


def test_classes_are_averaged_and_what_is_not_finite_is_left_out():
    scores = np.array([[1.0, 2.0], [3.0, np.inf], [np.nan, 6.0]])
    found = bootstrap_mean(scores, resamples=300)
    assert found.mean == 3
    assert 1.5 <= found.low < found.high <= 6
    assert np.isnan(bootstrap_mean(np.full(3, np.nan)).mean)


def test_one_patient_has_no_interval():
    found = bootstrap_mean(np.array([0.5, 0.7]), ['ID1', 'ID1'])
    assert found.mean == pytest.approx(0.6)
    assert np.isnan(found[1:3]).all()


def test_blocks_of_draws_are_all_taken(monkeypatch):
    monkeypatch.setattr(bootstrap, 'BLOCK', 60 * 7)
    scores = np.random.default_rng(1).beta(9, 1, 60)
    found = bootstrap_mean(scores, resamples=5000)
    assert found[1:3] == pytest.approx(
        (scores.mean() - 1.96 * stats.sem(scores), scores.mean() + 1.96 * stats.sem(scores)),
        abs=0.005,
    )


def test_the_same_seed_gives_the_same_interval():
    scores, patients = clustered()
    assert bootstrap_mean(scores, patients) == bootstrap_mean(scores, patients)
    assert bootstrap_mean(scores, patients) != bootstrap_mean(scores, patients, seed=1)


def test_a_paired_difference_is_the_mean_of_the_differences():
    scores, patients = clustered()
    gains = np.random.default_rng(3).normal(0.002, 0.001, len(scores))
    found = bootstrap_difference(scores + gains, scores, patients)
    of_gains = bootstrap_mean(gains, patients)
    assert found[:4] == pytest.approx(of_gains)
    assert 0 < found.low < found.high < bootstrap_mean(scores, patients).high
    assert found.better == 1
    assert found.left_out == 0


def test_the_other_way_round_and_distances_turn_the_sign():
    generator = np.random.default_rng(4)
    scores, others = generator.random((2, 30))
    there, back = bootstrap_difference(scores, others), bootstrap_difference(others, scores)
    assert there.mean == pytest.approx(-back.mean)
    assert there.low == pytest.approx(-back.high)
    assert there.better == pytest.approx(1 - back.better)
    distances = bootstrap_difference(scores, others, lower_is_better=True)
    assert distances.better == pytest.approx(back.better)
    assert distances[:3] == there[:3]


def test_equal_scores_are_a_draw():
    scores = np.random.default_rng(4).random(30)
    assert bootstrap_difference(scores, scores)[:5] == (0, 0, 0, 30, 0.5)


def test_pairs_without_a_distance_are_left_out():
    found = bootstrap_difference(np.array([1, np.inf, 3.0]), np.array([0, 1, np.inf]))
    assert (found.mean, found.left_out) == (1, 2)


def test_errors():
    with pytest.raises(ValueError, match='one shape'):
        bootstrap_difference(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match='3 rows of scores have 2 groups'):
        bootstrap_mean(np.zeros(3), ['a', 'b'])
    with pytest.raises(ValueError, match='at least one draw'):
        bootstrap_mean(np.zeros(3), resamples=0)
    with pytest.raises(ValueError, match='between 0 and 1'):
        bootstrap_mean(np.zeros(3), confidence=95)
    with pytest.raises(ValueError, match='shape'):
        bootstrap_mean(np.zeros((2, 2, 2)))
