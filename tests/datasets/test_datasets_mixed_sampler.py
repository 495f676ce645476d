"""Rates that hold in every block, and an order that goes on when a run is resumed."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.dataset import ConcatDataset
from mmseg.registry import DATA_SAMPLERS

from handbone.datasets import XRayHandBoneDataset
from handbone.datasets.mixed_sampler import BLOCK, MixedSampler
from handbone.engine import StreamSampler
from handbone.errors import HandboneError


class Joined:
    """What a sampler sees of joined sets of some sizes."""

    def __init__(self, sizes):
        self.cumulative_sizes = np.cumsum(sizes).tolist()

    def __len__(self):
        return self.cumulative_sizes[-1]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.floats(0.01, 10)), min_size=1, max_size=4),
    st.integers(0, 2**31),
)
def test_rates_hold_to_within_one_and_sets_are_gone_through(sets, seed):
    sizes, shares = zip(*sets, strict=True)
    sampler = MixedSampler(Joined(sizes), shares, seed=seed)
    taken = np.array(list(itertools.islice(iter(sampler), 5 * BLOCK)))
    source = np.searchsorted(np.cumsum(sizes), taken, side='right')
    for end in range(BLOCK, 5 * BLOCK + 1, BLOCK):
        counts = np.bincount(source[:end], minlength=len(sets))
        assert (np.abs(counts - end * np.array(shares) / sum(shares)) <= 1 + 1e-6).all()
    for number, size in enumerate(sizes):
        of_set = taken[source == number]
        times = np.bincount(of_set - sum(sizes[:number]), minlength=size)
        assert times.max() - times.min() <= 1


def test_sources_are_mixed_within_a_block():
    taken = list(itertools.islice(iter(MixedSampler(Joined([10, 10]), (1, 1), seed=0)), BLOCK))
    changes = np.count_nonzero(np.diff(np.array(taken) < 10))
    assert 30 < changes < 70  # neither one set after the other nor in turn


def test_ranks_share_one_order_and_a_resumed_run_goes_on():
    def sampler(rank=0, world=1):
        made = MixedSampler(Joined([7, 30]), (3, 1), seed=4)
        made.rank, made.world_size = rank, world
        return made

    whole = list(itertools.islice(iter(sampler()), 260))
    assert whole != list(itertools.islice(iter(MixedSampler(Joined([7, 30]), (3, 1), seed=5)), 260))
    parts = [list(itertools.islice(iter(sampler(rank, 2)), 130)) for rank in range(2)]
    assert [index for pair in zip(*parts, strict=True) for index in pair] == whole
    stream = StreamSampler(Joined([7, 30]), dict(type='MixedSampler', shares=(3, 1)), seed=4)
    stream.skip(123)
    places = list(itertools.islice(iter(stream), 50))
    assert [place.index for place in places] == whole[123:173]


def test_sets_of_a_real_dataset(phantom_root):
    part = dict(data_root=str(phantom_root), pipeline=[], num_folds=3, fold=0)
    sets = [XRayHandBoneDataset(**part, split=split) for split in ('train', 'val')]
    sampler = MixedSampler(ConcatDataset(sets), (1, 3), seed=0)
    taken = np.array(list(itertools.islice(iter(sampler), BLOCK)))
    assert (taken < len(sets[0])).sum() == 25


@pytest.mark.parametrize(
    ('dataset', 'shares', 'words'),
    [
        ([1, 2], (1, 1), 'does not join sets'),
        (Joined([1, 2]), (1,), '1 number for 2 sets'),
        (Joined([1, 2]), (1, 0), r'above 0, got \(1, 0\)'),
        (Joined([1, 2]), (1, float('nan')), 'above 0'),
    ],
)
def test_shares_that_cannot_be(dataset, shares, words):
    with pytest.raises(HandboneError, match=words):
        DATA_SAMPLERS.build(dict(type='MixedSampler', dataset=dataset, shares=shares, seed=0))
