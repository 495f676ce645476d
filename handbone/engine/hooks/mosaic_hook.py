"""Stops a training whose mosaics would lose which classes are unknown."""

from collections.abc import Iterator
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.datasets.transforms import RandomMosaic
from mmseg.registry import HOOKS

from handbone.errors import HandboneError


@HOOKS.register_module()
class MosaicHook(Hook):
    """Check that mmseg's ``RandomMosaic`` finds the same maps in all images of a dataset.

    It joins the maps that the first of four images has. Where that one knows all classes, what is
    unknown in the others would become background without a word.
    """

    priority = 'HIGHEST'

    def before_train(self, runner: Runner) -> None:
        """Check the training dataset.

        Args:
            runner: The runner.

        Raises:
            HandboneError: If images with and without unknown classes could meet in a mosaic.
        """
        for dataset in _inside(runner.train_dataloader.dataset):
            steps = getattr(dataset, 'pipeline', None)
            if isinstance(steps, list) and any(isinstance(step, RandomMosaic) for step in steps):
                _check([*_inside(dataset)][1:])


def _inside(dataset: Any) -> Iterator[Any]:
    """List a dataset and, if it wraps others, those."""
    yield dataset
    wrapped = getattr(dataset, 'datasets', None)
    for inner in [dataset.dataset] if hasattr(dataset, 'dataset') else wrapped or ():
        yield from _inside(inner)


def _check(datasets: list[Any]) -> None:
    readers = [each for each in datasets if hasattr(each, 'get_data_info')]
    loaders = [
        step
        for each in readers
        for step in getattr(getattr(each, 'pipeline', None), 'transforms', ())
        if hasattr(step, 'always_unknown')
    ]
    if all(step.always_unknown for step in loaders):
        return
    for dataset in readers:
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            if info.get('unknown') is not None:
                raise HandboneError(
                    f'{info.get("img_path")}: some classes are unknown in this image, and '
                    'RandomMosaic would take them for background where it joins it with images '
                    "that know all classes. Set dict(type='LoadPolygonAnnotations', "
                    'always_unknown=True) in the pipeline of each training dataset.'
                )
