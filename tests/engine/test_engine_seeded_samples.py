"""A sample depends on the seed and its place in the stream, on nothing else."""

import pickle
import random

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, ConcatDataset, pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from survive_run import NoisyDataset
from torch.utils.data import DataLoader

from handbone.engine import SeededSamples, StreamSampler
from handbone.engine.random_state import (
    capture_random_state,
    random_numbers_of,
    restore_random_state,
)
from handbone.engine.seeded_samples import StreamIndex

NOISY = dict(type='NoisyDataset')


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg')


def value(dataset, *place):
    return dataset[StreamIndex(*place)]['inputs'][0, 0, 0].item()


def test_samples():
    dataset = SeededSamples(NOISY, seed=3)
    first = value(dataset, 2, 0, 5)
    assert value(dataset, 2, 0, 5) == first
    assert value(SeededSamples(NOISY, seed=3), 2, 0, 5) == first
    others = [value(dataset, 2, 0, 6), value(dataset, 2, 1, 5), value(dataset, 1, 0, 5)]
    others.append(value(SeededSamples(NOISY, seed=4), 2, 0, 5))
    assert len({first, *others}) == 5


def test_generators_of_the_process_go_on():
    def numbers():
        return random.random(), np.random.rand(), torch.rand(()).item()

    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(1)
    expected = numbers()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(1)
    with pytest.raises(KeyError), random_numbers_of(1, 2):
        numbers()
        raise KeyError
    assert numbers() == expected


def test_state_is_restored():
    state = pickle.loads(pickle.dumps(capture_random_state()))
    np.random.randn()  # leaves half a pair behind
    expected = capture_random_state()
    numbers = [random.gauss(0, 1), np.random.randn(), torch.randn(()).item()]
    restore_random_state(expected)
    assert [random.gauss(0, 1), np.random.randn(), torch.randn(()).item()] == numbers
    restore_random_state(state)
    assert np.random.randn() != numbers[1]


def stream(kind, rank=0, world=1, **settings):
    sampler = StreamSampler(NoisyDataset(), dict(type=kind, shuffle=True, **settings), seed=1)
    for part in (sampler, sampler.sampler):
        part.rank, part.world_size = rank, world
    return sampler


def take(sampler, count):
    iterator = iter(sampler)
    return [next(iterator) for _ in range(count)]


def test_endless_stream_and_its_parts():
    whole = take(stream('InfiniteSampler'), 20)
    assert [place.position for place in whole] == list(range(20))
    parts = [take(stream('InfiniteSampler', rank, 2), 10) for rank in range(2)]
    assert sorted([*parts[0], *parts[1]], key=lambda place: place.position) == whole
    skipped = stream('InfiniteSampler')
    skipped.skip(13)
    assert take(skipped, 7) == whole[13:]


def test_passes():
    sampler = stream('DefaultSampler')
    assert not hasattr(sampler, 'skip') and len(sampler) == 7
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    assert {place.epoch for place in second} == {1}
    assert sorted(place.index for place in second) == list(range(7))
    assert [place.index for place in first] != [place.index for place in second]


def test_the_dataset_within():
    dataset = SeededSamples(NOISY, seed=0)
    assert dataset.metainfo['classes'] == ('a', 'b') and len(dataset) == 7
    assert dataset.get_data_info(3)['img_path'] == 'image3.png'
    with pytest.raises(AttributeError):
        dataset.nothing  # noqa: B018
    assert pickle.loads(pickle.dumps(SeededSamples(dict(type=Plain), 0)))[StreamIndex(1, 0, 0)]


@DATASETS.register_module()
class Plain(torch.utils.data.Dataset):
    def __getitem__(self, index):
        return index

    def __len__(self):
        return 4


def test_wrappers_of_datasets_and_workers():
    """Wrappers see plain indices, and workers prepare what the process itself would."""
    config = dict(type=ConcatDataset, datasets=[NOISY, NOISY])
    dataset = SeededSamples(config, seed=2)
    places = [StreamIndex(9, 0, 0), StreamIndex(2, 0, 1), StreamIndex(13, 0, 2)]
    expected = [value(dataset, *place) for place in places]
    for workers in (0, 1):
        loader = DataLoader(dataset, sampler=places, num_workers=workers, collate_fn=pseudo_collate)
        assert [batch['inputs'][0][0, 0, 0].item() for batch in loader] == expected


def test_generators_of_albumentations():
    """Its transforms ignore the generators of the process."""
    albumentations = pytest.importorskip('albumentations')

    class Augmented(BaseDataset):
        def load_data_list(self):
            return [dict(img=np.full((8, 8, 3), 100, np.uint8))]

    augment = dict(type='Albu', transforms=[dict(type='GaussNoise', p=1.0)])
    DATASETS.register_module(module=Augmented, force=True)
    dataset = SeededSamples(dict(type='Augmented', pipeline=[augment]), seed=0)
    assert albumentations.__version__ >= '2'
    images = [dataset[StreamIndex(0, 0, place)]['img'] for place in (0, 1, 0)]
    assert (images[0] == images[2]).all() and (images[0] != images[1]).any()
