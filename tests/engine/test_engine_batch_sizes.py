"""The sizes of a training's batches, against the batches that a data loader gives."""

import itertools

import pytest
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from handbone.engine.batch_sizes import batch_sizes


@pytest.mark.parametrize(
    ('images', 'size', 'drop_last'),
    [case for case in itertools.product((1, 2, 3, 7, 8), (1, 2, 4, 9), (False, True))],
)
def test_sizes_are_those_of_the_batches(images, size, drop_last):
    data = list(range(images))
    loader = DataLoader(data, size, sampler=DefaultSampler(data), drop_last=drop_last)
    given = {len(batch) for batch in loader}
    if given:
        assert set(batch_sizes(loader)) == given and max(given) == batch_sizes(loader)[0]
    else:
        with pytest.raises(ValueError, match='the training has no batches: .*drop_last=False'):
            batch_sizes(loader)


@pytest.mark.parametrize('drop_last', [False, True])
def test_an_endless_sampler_fills_every_batch(drop_last):
    data = list(range(3))
    loader = DataLoader(data, 5, sampler=InfiniteSampler(data), drop_last=drop_last)
    assert {len(batch) for batch in itertools.islice(loader, 6)} == {5}
    assert batch_sizes(loader) == (5,)


def test_each_process_has_its_share(monkeypatch):
    """Nine images for two processes are five for each: a batch of four and one of one."""
    data = list(range(9))
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (1, 2))
    loader = DataLoader(data, 4, sampler=DefaultSampler(data))
    assert batch_sizes(loader) == (4, 1)
    monkeypatch.setattr('handbone.engine.batch_sizes.get_world_size', lambda: 2)
    loader = DataLoader(data, 6, sampler=DefaultSampler(data), drop_last=True)
    with pytest.raises(ValueError, match='with 5 images per process and batch_size=6'):
        batch_sizes(loader)


def test_a_batch_sampler_decides_itself():
    sampler = BatchSampler(SequentialSampler(range(3)), 2, drop_last=False)
    assert batch_sizes(DataLoader(range(3), batch_sampler=sampler)) == ()
