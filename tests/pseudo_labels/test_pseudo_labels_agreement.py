"""Agreement and votes by definition, on drawn masks."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from handbone.errors import HandboneError
from handbone.masks import decode, encode, pack
from handbone.pseudo_labels import Gate, agreement, vote
from handbone.submissions import ImageRuns

NAMES = ('first', 'second')
PLANES = st.integers(1, 5).flatmap(lambda count: arrays(bool, (count, 2, 4, 6)))


def runs_of(planes):
    """Runs of an opinion that is given as a plane per class, and the same as a file has them."""
    runs = encode(pack(planes), len(planes))
    pairs = np.concatenate(runs)
    classes = np.repeat(np.arange(len(runs)), [len(each) for each in runs])
    return runs, ImageRuns(pairs[:, 0], pairs.sum(axis=1), classes)


@settings(deadline=None)
@given(PLANES)
def test_agreement_is_the_mean_dice_of_all_pairs(opinions):
    found = agreement([runs_of(planes)[0] for planes in opinions])
    for index in range(len(NAMES)):
        pairs = [
            2 * (a & b).sum() / (a.sum() + b.sum()) if (a | b).any() else 1.0
            for a, b in combinations(opinions[:, index], 2)
        ]
        expected = np.mean(pairs) if pairs else np.nan
        assert found[index] == pytest.approx(expected, abs=1e-4, nan_ok=True)


@settings(deadline=None)
@given(PLANES)
def test_most_opinions_decide_and_the_first_one_in_a_tie(opinions):
    voted = decode(vote([runs_of(planes)[1] for planes in opinions], NAMES), 4, 6)
    votes = opinions.sum(axis=0) * 2
    expected = (votes > len(opinions)) | ((votes == len(opinions)) & opinions[0])
    np.testing.assert_array_equal(voted, pack(expected))


def test_runs_of_a_file_divide_by_class():
    planes = np.random.default_rng(0).random((2, 4, 6)) < 0.5
    runs, of_file = runs_of(planes)
    for own, divided in zip(runs, of_file.by_class(2), strict=True):
        np.testing.assert_array_equal(own, divided)


RUN, NOTHING = np.array([[0, 3]]), np.zeros((0, 2), np.int64)


@pytest.mark.parametrize(
    ('least', 'absent', 'decisions'),
    [
        (0.8, 'unknown', ('kept', 'unknown', 'unknown')),
        (0.8, 'known', ('kept', 'unknown', 'kept')),
        (0.9, 'unknown', ('kept', 'unknown', 'unknown')),  # as sure as the gate is enough
        (0.5, 'unknown', ('kept', 'kept', 'unknown')),
        (0.95, 'unknown', ('left out',) * 3),
        (0.95, 'known', ('unknown', 'unknown', 'kept')),
    ],
)
def test_what_is_not_sure_is_unknown(least, absent, decisions):
    labels = Gate(least, absent).judge([RUN, RUN, NOTHING], np.array([0.9, 0.6, 1.0]))
    assert labels.decisions == decisions
    assert labels.left_out == ('left out' in decisions)
    kept = [len(runs) > 0 for runs in labels.runs]
    assert kept == [word == 'kept' and place < 2 for place, word in enumerate(decisions)]


def test_one_opinion_passes_an_open_gate_alone():
    alone = np.full(2, np.nan)
    assert Gate(0).judge([RUN, NOTHING], alone).decisions == ('kept', 'unknown')
    assert Gate(0.01).judge([RUN, NOTHING], alone).left_out


@pytest.mark.parametrize('gate', [(-0.1,), (1.01,), (float('nan'),), (0.5, 'never')])
def test_gates_that_cannot_be(gate):
    with pytest.raises(HandboneError, match='confidence from 0 to 1|absent is one of'):
        Gate(*gate)
