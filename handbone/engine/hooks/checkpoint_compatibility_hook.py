"""Stops a run whose checkpoint does not fit the model; mmengine only warns."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from handbone.checkpoints.fitting import (
    check_starter_classes,
    fit_faults,
    part_that_fits,
    weights_of,
)
from handbone.errors import HandboneError

from .running_dataset import dataset_to_run, must_fit


@HOOKS.register_module()
class CheckpointCompatibilityHook(Hook):
    """Refuse to validate, test or resume with a checkpoint of different classes or model.

    mmengine loads what fits and warns about the rest, so a head with a different number of classes
    stays random and the run continues. This hook compares the class names in the checkpoint with
    those of the dataset and the weights with those of the model, and raises one error that says
    what differs. A training may start from a checkpoint that differs (``load_from`` without
    ``resume``), in names of classes as well: then the hook only warns. From the checkpoint of a
    cascade, a training of one of its networks takes the one that fits best. Only the starter
    weights are refused for other classes than theirs.
    """

    priority = 'VERY_HIGH'  # before hooks that load parts of the checkpoint themselves

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare checkpoint and model, before the runner loads the weights.

        Args:
            runner: The runner.
            checkpoint: What the file holds.

        Raises:
            HandboneError: If the checkpoint does not fit and is not the start of a new training.
        """
        name = str(runner._load_from or 'to resume')
        # a file may hold weights alone; other hooks and mmengine look for them under this key
        checkpoint.setdefault('state_dict', weights_of(checkpoint, name))
        classes = getattr(dataset_to_run(runner), 'metainfo', {}).get('classes', ())
        taken: str | None = None
        if not must_fit(runner):
            check_starter_classes(checkpoint, name, classes)
            weights, taken = part_that_fits(checkpoint['state_dict'], runner.model)
            checkpoint['state_dict'] = weights
        faults = fit_faults(checkpoint, name, runner.model, classes)
        if not faults:
            return
        part = f' Of its networks, the {taken} is taken.' if taken else ''
        message = f'The checkpoint {name} does not fit the config: {"; ".join(faults)}.{part}'
        if must_fit(runner):
            raise HandboneError(
                f'{message} Give a checkpoint of this config, or the config that the checkpoint '
                'was trained with (it is beside the checkpoint in its work dir).'
            )
        runner.logger.warning(
            f'{message} Missing weights start untrained, those that do not fit are left out.'
        )
