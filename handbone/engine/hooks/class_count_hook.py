"""Stops a run whose model and dataset differ in the number of classes."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import Dataset

from handbone.errors import HandboneError

from .running_dataset import dataset_to_run


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Compare ``num_classes`` of every multilabel head with the class list of the dataset.

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
        if not hasattr(module, 'set_output_bias') or not module.output_convolutions():
            continue  # does not output classes, or is a part of a head that does
        if module.num_classes != len(classes):
            name = name.removeprefix('module.') or type(module).__name__
            raise HandboneError(
                f'{name} of the model has num_classes={module.num_classes} '
                f'and the dataset has {len(classes)} classes: set num_classes of each head in the '
                'config to the length of metainfo.classes'
            )
