"""Starts every class at its frequency in the training data."""

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class OutputBiasHook(Hook):
    """Set the bias of every head's last layer to the log-odds of each class before training.

    The frequencies are measured on the training dataset's polygons. Nothing is done where weights
    were loaded, whose biases know better, or where the dataset cannot tell frequencies.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Set the biases.

        Args:
            runner: The runner of the training.
        """
        dataset = runner.train_dataloader.dataset
        if runner._resume or runner._load_from or not hasattr(dataset, 'class_frequencies'):
            return
        frequencies = dataset.class_frequencies()
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        heads = [module for module in model.modules() if hasattr(module, 'set_output_bias')]
        for head in heads:
            head.set_output_bias(frequencies)
        if is_main_process():
            runner.logger.info(
                f'Output biases of {len(heads)} head(s) start from class frequencies of '
                f'{frequencies.min():.4%} to {frequencies.max():.4%} of the pixels'
            )
