"""Augmentation that depends only on the seed and the place in the stream of samples.

mmengine seeds each worker of the data loader once, so the augmentation of a sample depends on
which worker prepares it and on what that worker did before: a resumed run sees different images.
"""

import random
from collections.abc import Iterator, Sized
from typing import Any, NamedTuple

from mmengine.dist import get_dist_info
from mmseg.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Dataset, Sampler

from .random_state import random_numbers_of


class StreamIndex(NamedTuple):
    """The index of a sample and its place in the stream of samples.

    Attributes:
        index: Index in the dataset.
        epoch: Number of the epoch, 0 in an endless stream.
        position: Number of the sample in the epoch, counted over all processes.
    """

    index: int  # type: ignore[assignment]  # a tuple has a method of that name
    epoch: int
    position: int


@DATA_SAMPLERS.register_module()
class StreamSampler(Sampler):
    """Wrap a sampler and give its indices together with their place in the stream.

    Args:
        dataset: The dataset.
        sampler: Config of the sampler, such as ``dict(type='InfiniteSampler')``.
        seed: Its seed.
    """

    def __init__(self, dataset: Sized, sampler: dict, seed: int | None = None) -> None:
        default = dict(dataset=dataset, seed=seed)
        self.sampler = DATA_SAMPLERS.build(sampler, default_args=default)
        self.rank, self.world_size = get_dist_info()
        self.epoch = 0
        self._skipped = 0
        if hasattr(self.sampler, 'skip'):
            self.skip = self._skip  # mmengine checks whether a sampler has this method

    def __iter__(self) -> Iterator[StreamIndex]:
        for count, index in enumerate(self.sampler, start=self._skipped):
            position = count * self.world_size + self.rank
            yield StreamIndex(int(index), self.epoch, position)

    def __len__(self) -> int:
        return len(self.sampler)

    def set_epoch(self, epoch: int) -> None:
        """Start an epoch.

        Args:
            epoch: Its number.
        """
        self.epoch = epoch
        if hasattr(self.sampler, 'set_epoch'):
            self.sampler.set_epoch(epoch)

    def _skip(self, num_samples: int) -> None:
        """Go to an absolute place in an endless stream."""
        self.sampler.skip(num_samples)
        self._skipped = num_samples


@DATASETS.register_module()
class SeededSamples(Dataset):
    """Wrap a dataset and prepare each sample with its own random numbers.

    All other attributes are those of the wrapped dataset. Transforms that have their own generator
    and ``set_random_seed``, such as those of Albumentations, are seeded too.

    Args:
        dataset: Config of the dataset.
        seed: Seed of the run.
    """

    def __init__(self, dataset: dict, seed: int) -> None:
        self.dataset = DATASETS.build(dataset)
        self.seed = seed
        self._own_generators = list(_parts_with_generators(self.dataset))

    def __getitem__(self, place: StreamIndex | int) -> Any:
        if isinstance(place, int):  # for looking at a sample outside of a training
            place = StreamIndex(place, epoch=0, position=0)
        with random_numbers_of(self.seed, place.epoch, place.position):
            for generator in self._own_generators:
                generator.set_random_seed(random.getrandbits(32))
            return self.dataset[place.index]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('__') or name == 'dataset':
            raise AttributeError(name)
        return getattr(self.dataset, name)


def _parts_with_generators(part: Any) -> Iterator[Any]:
    """Find the parts of a dataset and its pipeline that draw from their own generator."""
    if hasattr(part, 'set_random_seed'):
        yield part
        return
    for name in ('dataset', 'datasets', 'pipeline', 'transforms', 'aug'):
        inner = getattr(part, name, None)
        for each in inner if isinstance(inner, (list, tuple)) else [inner]:
            if each is not None:
                yield from _parts_with_generators(each)
