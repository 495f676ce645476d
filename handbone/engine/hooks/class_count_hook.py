"""Stops a run whose model and dataset differ in the number of classes."""

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import Dataset

from handbone.errors import HandboneError, counted

from .running_dataset import dataset_to_run


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Compare ``num_classes`` of every head with the class list of the dataset.

    A plane of a packed map has room for 31 classes, so a head with the wrong number of classes
    would train and predict without an error, on the wrong classes.
    """

    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare before the weights of a checkpoint are checked.

        Args:
            runner: The runner.
            checkpoint: What the file holds; not used.

        Raises:
            HandboneError: If the counts differ.
        """
        _compare(runner, dataset_to_run(runner))

    def before_train(self, runner: Runner) -> None:
        """Compare with the training dataset.

        Args:
            runner: The runner.

        Raises:
            HandboneError: If the counts differ.
        """
        _compare(runner, runner.train_dataloader.dataset)

    def before_val(self, runner: Runner) -> None:
        """Compare with the validation dataset.

        Args:
            runner: The runner.

        Raises:
            HandboneError: If the counts differ.
        """
        _compare(runner, runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Compare with the test dataset.

        Args:
            runner: The runner.

        Raises:
            HandboneError: If the counts differ.
        """
        _compare(runner, runner.test_dataloader.dataset)


def _compare(runner: Runner, dataset: Dataset | None) -> None:
    classes = getattr(dataset, 'metainfo', {}).get('classes')
    if classes is None:
        return
    for name, module in runner.model.named_modules():
        if getattr(module, 'exclusive', False):
            _refuse_background(classes)
        if hasattr(module, 'background_heads'):
            for part, head in module.background_heads.items():
                _compare_head(f'{name}.{part}', head, len(classes), background=True)
        if hasattr(module, 'set_output_bias') and module.output_convolutions():
            # the others do not output classes, or are parts of a head that does
            _compare_head(name, module, len(classes))


def _refuse_background(classes: Sequence[str]) -> None:
    named = [name for name in classes if name.casefold() == 'background']
    if named:
        raise HandboneError(
            f'the class list of the dataset names {named[0]!r}, but the background is what no '
            'class covers: take it out of metainfo.classes, and name it in skip_labels where the '
            'labels have it'
        )


def _compare_head(name: str, head: Any, num_classes: int, background: bool = False) -> None:
    if head.num_classes == num_classes + background:
        return
    name = name.strip('.').removeprefix('module.') or type(head).__name__
    told = ', the background among them,' if background else ''
    remedy = 'one more than the length' if background else 'the length'
    raise HandboneError(
        f'{name} of the model has num_classes={head.num_classes}{told} and the dataset has '
        f'{counted(num_classes, "class")}: set num_classes of each head in the config to {remedy} '
        'of metainfo.classes'
    )
