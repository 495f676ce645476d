"""Stops a run whose checkpoint does not fit the model, which mmengine only warns of."""

from collections.abc import Mapping, Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from handbone.checkpoints.weight_faults import weight_faults
from handbone.errors import HandboneError

from .running_dataset import dataset_to_run, must_fit


@HOOKS.register_module()
class CheckpointCompatibilityHook(Hook):
    """Refuse to validate, test or resume with a checkpoint of other classes or another model.

    mmengine loads what fits and warns of the rest, so that a head of another class count stays
    random and the run goes on. This hook compares the class names in the checkpoint with those of
    the dataset and the weights with those of the model, and raises one error that says what
    differs. Training that starts from a checkpoint (``load_from`` without ``resume``) may differ:
    there it warns.
    """

    priority = 'VERY_HIGH'  # before hooks that load parts of the checkpoint themselves

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare; the runner calls it before it puts the weights into the model.

        Args:
            runner: The runner.
            checkpoint: What the file holds.

        Raises:
            HandboneError: If the checkpoint does not fit, and training does not start anew from it.
        """
        weights = checkpoint.get('state_dict', checkpoint)
        classes = getattr(dataset_to_run(runner), 'metainfo', {}).get('classes', ())
        faults = class_faults(checkpoint_classes(checkpoint), classes)
        faults += weight_faults(weights, runner.model)
        if not faults:
            return
        message = (
            f'The checkpoint {runner._load_from or "to resume"} does not fit the '
            f'config: {"; ".join(faults)}.'
        )
        if must_fit(runner):
            raise HandboneError(
                f'{message} Give the checkpoint of this config, or the config that the checkpoint '
                'was trained with (it lies beside the checkpoint in its work dir).'
            )
        runner.logger.warning(f'{message} What is missing starts untrained, the rest is left out.')


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


def _some(names: Sequence[str]) -> str:
    return ', '.join(names[:3]) + (', …' if len(names) > 3 else '')
