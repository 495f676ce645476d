"""Average the weights of checkpoints."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from handbone.checkpoints import load_checkpoint_file, write_checkpoint
from handbone.checkpoints.checkpoint_file import check_checkpoint_file
from handbone.checkpoints.fitting import put_weights, weights_of
from handbone.checkpoints.plain_names import plain_weights
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.configuration.completion import use_validation_images
from handbone.engine.guards import keep_guards
from handbone.engine.launch import adapt_to_hardware
from handbone.engine.reporting_runner import ReportingRunner
from handbone.ensembles import average_weights, greedy_choice, recompute_batch_norm
from handbone.errors import HandboneError


class SoupKitchen:
    """Averages checkpoints of one configuration and scores the result.

    Args:
        cfg: Complete configuration.
        checkpoints: Files of checkpoints.
        norm_images: Minimum number of training images with which to measure the statistics of
            BatchNorm for each soup; 0 averages those of the checkpoints.
    """

    def __init__(self, cfg: Config, checkpoints: Sequence[str], norm_images: int = 0) -> None:
        for checkpoint in checkpoints:
            check_checkpoint_file(checkpoint)
        self.cfg = deepcopy(cfg)
        self.checkpoints = list(checkpoints)
        self.norm_images = norm_images
        drop_pretrained(self.cfg)
        _drop_weight_averages(self.cfg)
        keep_guards(self.cfg)
        if self.cfg.get('val_dataloader') is not None:
            use_validation_images(self.cfg)
        adapt_to_hardware(self.cfg)
        self.cfg.load_from = self.checkpoints[0]
        self._runner: Runner | None = None

    def average(self, checkpoints: Sequence[str]) -> dict[str, Tensor]:
        """Average checkpoints.

        Args:
            checkpoints: The checkpoints to average.

        Returns:
            Weights by name.
        """
        weights = average_weights(checkpoints, _read_weights)
        if not self.norm_images or len(checkpoints) == 1:
            return weights
        runner = self._loaded(weights)
        recompute_batch_norm(runner.model, self._inputs(runner))
        own = plain_weights(runner.model.state_dict(), 'the soup')
        return {key: weight.cpu() for key, weight in own.items()}

    def score(self, checkpoints: Sequence[str]) -> float:
        """Measure the mean Dice of averaged checkpoints on the validation images.

        Args:
            checkpoints: The checkpoints to average.

        Returns:
            Mean Dice, 0 to 1.
        """
        runner = self._loaded(self.average(checkpoints))
        return float(runner.test_loop.run()['mDice'])

    def _loaded(self, weights: Mapping[str, Tensor]) -> Runner:
        """Put weights into the model of the runner."""
        if self._runner is None:
            self._runner = ReportingRunner.from_cfg(self.cfg)
            # as Runner.test does before its loop; the hooks compare classes and weights
            if self._runner._test_loop is not None:
                self._runner._test_loop = self._runner.build_test_loop(self._runner._test_loop)
            self._runner.call_hook('before_run')
            self._runner.load_or_resume()
        put_weights(self._runner.model, weights)
        return self._runner

    def _inputs(self, runner: Runner) -> Iterator[Tensor]:
        """Yield preprocessed training batches, with the same seed each time."""
        torch.manual_seed(runner.seed)
        loader = runner.build_dataloader(deepcopy(self.cfg.train_dataloader), seed=runner.seed)
        seen = 0
        for batch in loader:
            # as in testing: in training, progressive resizing may shrink the batch
            inputs = runner.model.data_preprocessor(batch, False)['inputs']
            yield inputs
            seen += len(inputs)
            if seen >= self.norm_images:
                return


def _drop_weight_averages(cfg: Config) -> None:
    """Remove the hooks that would test their own average instead of the soup."""
    hooks = dict(cfg.get('default_hooks') or {})
    cfg.default_hooks = {name: hook for name, hook in hooks.items() if not _averages(hook)}
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or [] if not _averages(hook)]


def _averages(hook: Mapping | None) -> bool:
    kind = (hook or {}).get('type')
    kind = HOOKS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, EMAHook)


def make_soup(
    cfg: Config, checkpoints: Sequence[str], out: str | Path, method: str, norm_images: int = 0
) -> tuple[list[str], float | None]:
    """Average checkpoints into a checkpoint.

    >>> files = ['work_dirs/a/iter_2000.pth', 'work_dirs/b/iter_2000.pth']
    >>> make_soup(read_config_file('configs/demo.py'), files, 'soup.pth', 'greedy')

    Args:
        cfg: Complete configuration of all checkpoints.
        checkpoints: Files of checkpoints, at least two.
        out: The checkpoint to write.
        method: ``uniform`` takes all; ``greedy`` those that do not lower the Dice of the validation
            images.
        norm_images: As for :class:`SoupKitchen`.

    Returns:
        The averaged checkpoints, and the mean Dice of the soup on the validation images, or None if
        it was not measured.

    Raises:
        FileNotFoundError: If a checkpoint does not exist.
        HandboneError: If there are fewer than two, they are of different models, or ``greedy`` has
            no validation images.
    """
    if len(set(checkpoints)) < 2 or len(set(checkpoints)) < len(checkpoints):
        raise HandboneError('a soup needs at least two different checkpoints')
    if method == 'greedy':
        use_validation_images(cfg)
    kitchen = SoupKitchen(cfg, checkpoints, norm_images)
    chosen, dice, scores = list(checkpoints), None, None
    if method == 'greedy':
        average_weights(
            checkpoints, _read_weights
        )  # checkpoints that do not fit are an error before hours of work
        scores = [kitchen.score([checkpoint]) for checkpoint in checkpoints]
        chosen, dice = greedy_choice(checkpoints, scores, kitchen.score)
        for checkpoint, score in zip(checkpoints, scores, strict=True):
            taken = 'in the soup' if checkpoint in chosen else 'left out'
            print(f'{checkpoint}: mean Dice {score:.4f}, {taken}')
    _write(out, kitchen.average(chosen), chosen, method)
    return chosen, dice


def _read_weights(checkpoint: str) -> Mapping[str, Tensor]:
    return weights_of(load_checkpoint_file(checkpoint), checkpoint)


def _write(
    out: str | Path, weights: Mapping[str, Tensor], chosen: Sequence[str], method: str
) -> None:
    """Write a checkpoint that holds its classes and config, like those of a training."""
    meta = dict(load_checkpoint_file(chosen[0], mmap=True).get('meta') or {})
    meta['soup'] = dict(method=method, checkpoints=[str(checkpoint) for checkpoint in chosen])
    write_checkpoint(out, weights, meta)
