"""Stops a run whose checkpoint does not fit the model, which mmengine only warns of."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from handbone.checkpoints.fitting import fit_faults, weights_of
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
        name = str(runner._load_from or 'to resume')
        # weights alone too, for the hooks and for mmengine, which look for them there
        checkpoint.setdefault('state_dict', weights_of(checkpoint, name))
        classes = getattr(dataset_to_run(runner), 'metainfo', {}).get('classes', ())
        faults = fit_faults(checkpoint, name, runner.model, classes)
        if not faults:
            return
        message = f'The checkpoint {name} does not fit the config: {"; ".join(faults)}.'
        if must_fit(runner):
            raise HandboneError(
                f'{message} Give the checkpoint of this config, or the config that the checkpoint '
                'was trained with (it lies beside the checkpoint in its work dir).'
            )
        runner.logger.warning(f'{message} What is missing starts untrained, the rest is left out.')
