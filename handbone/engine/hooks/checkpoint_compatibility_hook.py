"""Stops a run whose checkpoint does not fit the model, which mmengine only warns of."""

from collections.abc import Mapping, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn


@HOOKS.register_module()
class CheckpointCompatibilityHook(Hook):
    """Refuse to validate, test or resume with a checkpoint of other classes or another model.

    mmengine loads what fits and warns of the rest, so that a head of another class count stays
    random and the run goes on. This hook compares the class names in the checkpoint with those of
    the dataset and the weights with those of the model, and raises one error that says what
    differs. Training that starts from a checkpoint (``load_from`` without ``resume``) may differ:
    there it warns.
    """

    def __init__(self) -> None:
        self._checkpoint_classes: tuple[str, ...] | None = None
        self._faults: list[str] | None = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare the weights; the runner calls it before it puts them into the model.

        Args:
            runner: The runner.
            checkpoint: What the file holds.
        """
        self._checkpoint_classes = checkpoint_classes(checkpoint)
        self._faults = weight_faults(checkpoint.get('state_dict', checkpoint), runner.model)

    def before_train(self, runner: Runner) -> None:
        """Stop a resumed run that does not fit; warn of a start that does not.

        Args:
            runner: The runner.

        Raises:
            ValueError: If a checkpoint to resume does not fit.
        """
        self._report(runner, runner.train_dataloader.dataset, fatal=runner._resume)

    def before_val(self, runner: Runner) -> None:
        """Stop if the checkpoint does not fit.

        Args:
            runner: The runner.

        Raises:
            ValueError: If the checkpoint does not fit.
        """
        self._report(runner, runner.val_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Stop if the checkpoint does not fit.

        Args:
            runner: The runner.

        Raises:
            ValueError: If the checkpoint does not fit.
        """
        self._report(runner, runner.test_dataloader.dataset)

    def _report(self, runner: Runner, dataset: object, fatal: bool = True) -> None:
        if self._faults is None:
            return
        classes = getattr(dataset, 'metainfo', {}).get('classes', ())
        faults = class_faults(self._checkpoint_classes, classes) + self._faults
        self._faults = None  # said once, before the first loop that uses the weights
        if not faults:
            return
        message = (
            f'The checkpoint {runner._load_from or "to resume"} does not fit the '
            f'config: {"; ".join(faults)}.'
        )
        if fatal:
            raise ValueError(
                f'{message} Give the checkpoint of this config, or the config that the checkpoint '
                'was trained with (it lies beside the checkpoint in its work dir).'
            )
        runner.logger.warning(f'{message} What does not fit starts untrained.')


def checkpoint_classes(checkpoint: Mapping) -> tuple[str, ...] | None:
    """Read the class names that a checkpoint was trained on.

    Args:
        checkpoint: What the file holds.

    Returns:
        The names, or None if it does not tell.
    """
    meta = checkpoint.get('meta') or {}
    classes = (meta.get('dataset_meta') or {}).get('classes')
    return None if classes is None else tuple(classes)


def class_faults(trained: Sequence[str] | None, wanted: Sequence[str]) -> list[str]:
    """Compare the classes of a checkpoint with those of a dataset.

    New names for the same number of classes are no fault; the same names in another order are.

    Args:
        trained: Class names in the checkpoint, or None if unknown.
        wanted: Class names of the dataset.

    Returns:
        What differs, empty if nothing does.
    """
    trained, wanted = tuple(trained or ()), tuple(wanted)
    if not trained or not wanted or trained == wanted:
        return []
    if len(trained) != len(wanted):
        return [
            f'it was trained on {len(trained)} classes ({_some(trained)}), the dataset has '
            f'{len(wanted)} ({_some(wanted)})'
        ]
    if sorted(trained) == sorted(wanted):
        moved = [name for name, other in zip(trained, wanted, strict=True) if name != other]
        return [f'its classes stand in another order ({_some(moved)} are moved)']
    return []


def weight_faults(state_dict: Mapping, model: nn.Module) -> list[str]:
    """Compare the weights of a checkpoint with those of a model.

    Auxiliary heads may be missing, since they are not used in testing, and so may buffers.

    Args:
        state_dict: Tensors by name.
        model: The model, also within DDP or test-time augmentation.

    Returns:
        What differs, empty if nothing does.
    """
    loaded = {_plain(name): tensor for name, tensor in state_dict.items()}
    own = {_plain(name): weight for name, weight in model.named_parameters()}
    missing = [name for name in own if name not in loaded and 'auxiliary_head' not in name]
    faults = []
    if missing:
        faults.append(f'{len(missing)} of {len(own)} weights are not in it ({_some(missing)})')
    for name, weight in own.items():
        if name in loaded and loaded[name].shape != weight.shape:
            shapes = [' x '.join(map(str, each.shape)) for each in (loaded[name], weight)]
            faults.append(f'{name} is {shapes[0]} in it and {shapes[1]} in the model')
    return faults if len(faults) <= 4 else [*faults[:3], f'{len(faults) - 3} more weights differ']


def _plain(name: str) -> str:
    """Take off what DDP and test-time augmentation put before the name of a weight."""
    while name.startswith('module.'):
        name = name.removeprefix('module.')
    return name


def _some(names: Sequence[str]) -> str:
    return ', '.join(names[:3]) + (', …' if len(names) > 3 else '')
