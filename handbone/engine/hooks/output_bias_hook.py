"""Makes the initial predictions match the class frequencies in the training data."""

from typing import Any

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import Dataset


@HOOKS.register_module()
class OutputBiasHook(Hook):
    """Set the biases of every head's output to the log-odds of each class before training.

    The frequencies are measured on the training dataset's polygons. Heads whose output was loaded
    from a checkpoint keep their trained biases; a head for a different number of classes is not
    loaded and gets new ones. Nothing is done if the dataset cannot measure frequencies. Datasets
    inside mmengine's wrappers (``ConcatDataset``, ``RepeatDataset`` and so on) are found. What is
    unknown does not count.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._loaded: dict[str, tuple[int, ...]] = {}

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember which weights come from a checkpoint.

        Args:
            runner: The runner.
            checkpoint: What the file holds.
        """
        weights = checkpoint.get('state_dict', checkpoint)
        self._loaded = {
            name.removeprefix('module.'): tuple(weight.shape) for name, weight in weights.items()
        }

    def before_train(self, runner: Runner) -> None:
        """Set the biases.

        Args:
            runner: The runner of the training.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        heads = self._untrained_heads(model)
        frequencies = _class_frequencies(runner.train_dataloader.dataset) if heads else None
        if frequencies is None:
            return
        for head in heads:
            head.set_output_bias(frequencies)
        if is_main_process():
            runner.logger.info(
                f'Output biases of {len(heads)} head(s) start from class frequencies of '
                f'{frequencies.min():.4%} to {frequencies.max():.4%} of the pixels'
            )

    def _untrained_heads(self, model: Any) -> list[Any]:
        fresh = {
            id(weight)
            for name, weight in model.named_parameters()
            if self._loaded.get(name) != tuple(weight.shape)
        }
        return [
            module
            for module in model.modules()
            if hasattr(module, 'set_output_bias')
            and any(id(layer.bias) in fresh for layer in module.output_convolutions())
        ]


def _class_frequencies(dataset: Dataset) -> np.ndarray | None:
    """Share of the known pixels per class, (C,), or ``None`` if a dataset cannot measure it."""
    shares = _class_shares(dataset)
    if shares is None:
        return None
    present, known = shares
    return np.where(known > 0, present / np.maximum(known, 1e-12), 0)


def _class_shares(dataset: Dataset) -> np.ndarray | None:
    """Mean over images of what each class covers and of where it is known, as shares, (2, C)."""
    if hasattr(dataset, 'class_shares'):
        return np.stack(dataset.class_shares()) / len(dataset)  # type: ignore[arg-type]
    if hasattr(dataset, 'class_frequencies'):
        frequencies = dataset.class_frequencies()
        return np.stack([frequencies, np.ones(len(frequencies))])
    if hasattr(dataset, 'dataset'):
        return _class_shares(dataset.dataset)
    if not hasattr(dataset, 'datasets'):
        return None
    found = [_class_shares(part) for part in dataset.datasets]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    return np.average(parts, axis=0, weights=[len(part) for part in dataset.datasets])
