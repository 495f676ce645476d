"""Compiles the network of a segmentor with torch.compile."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn

from handbone.errors import HandboneError, counted

#: The modules of mmseg's segmentors, and the whole network of :class:`SMPSegmentor`.
PARTS = ('backbone', 'neck', 'decode_head', 'auxiliary_head', 'model')


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile backbone, neck and heads before training, but not losses and optimiser.

    mmengine's own ``compile`` compiles the whole training step, including data samples and
    optimiser, and fails on optimisers with settings per weight (``paramwise_cfg``). The names of
    weights and the checkpoints stay the same. Each input size is compiled once, when it first
    occurs; validation is not compiled, so its scores are those of the saved checkpoint.

    Args:
        parts: Names of the segmentor's modules to compile; missing ones are skipped.
        dynamic: Whether to compile once for all input sizes; slower if there is only one.
        **options: Further arguments of ``torch.compile``, such as ``mode`` or ``backend``.
    """

    # after EMAHook has copied the weights and the checkpoint is loaded
    priority = 'VERY_LOW'

    def __init__(
        self, parts: Sequence[str] = PARTS, dynamic: bool | None = False, **options: Any
    ) -> None:
        self.parts = tuple(parts)
        self.options = dict(options, dynamic=dynamic)
        self._modules: list[nn.Module] = []
        self._plain: list[Callable] = []
        self._compiled: list[Callable] = []

    def before_train(self, runner: Runner) -> None:
        """Compile the parts.

        Args:
            runner: The runner of the training.

        Raises:
            HandboneError: If the model has none of the parts.
        """
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        self._modules = [module for name in self.parts for module in _modules(model, name)]
        if not self._modules:
            raise HandboneError(
                f'CompileHook: {type(model).__name__} has none of the parts {list(self.parts)}; '
                f'name some of {[name for name, _ in model.named_children()]} in '
                'default_hooks.compile.parts'
            )
        self._plain = [module.forward for module in self._modules]
        self._compiled = [torch.compile(forward, **self.options) for forward in self._plain]
        self._set(self._compiled)
        runner.logger.info(
            f'{counted(len(self._modules), "part")} of the model will be compiled in the first '
            'iterations'
        )

    def before_val_epoch(self, runner: Runner) -> None:
        """Switch to the parts that are not compiled.

        Args:
            runner: The runner.
        """
        self._set(self._plain)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Switch back to the compiled parts.

        Args:
            runner: The runner.
            metrics: Scores; not used.
        """
        self._set(self._compiled)

    def after_train(self, runner: Runner) -> None:
        """Leave the model without compiled parts.

        Args:
            runner: The runner.
        """
        self._set(self._plain)

    def _set(self, forwards: list[Callable]) -> None:
        # mmseg calls forward of a head directly in its loss, not the module
        for module, forward in zip(self._modules, forwards, strict=True):
            module.forward = forward


def _modules(model: nn.Module, name: str) -> list[nn.Module]:
    """Look up a part, which may be a list of heads or missing."""
    part = getattr(model, name, None)
    if part is None:
        return []
    return list(part) if isinstance(part, nn.ModuleList) else [part]
