"""The datasets that read files, inside mmengine's wrappers."""

from collections.abc import Iterator, Mapping
from typing import Any


def inner_datasets(dataset: Mapping, key: str = 'dataset') -> Iterator[tuple[str, Any]]:
    """Find the datasets that read files, inside any wrappers.

    Args:
        dataset: Config of a dataset or of a wrapper.
        key: Its dotted key.

    Yields:
        Dotted key and config of each, in order; the configs may be changed in place.
    """
    if 'dataset' in dataset:
        yield from inner_datasets(dataset['dataset'], f'{key}.dataset')
    elif 'datasets' in dataset:
        for index, each in enumerate(dataset['datasets']):
            yield from inner_datasets(each, f'{key}.datasets.{index}')
    else:
        yield key, dataset
