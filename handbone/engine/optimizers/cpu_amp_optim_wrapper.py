"""Mixed precision on processors with bfloat16 instructions."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class CPUAmpOptimWrapper(OptimWrapper):
    """mmengine's ``OptimWrapper`` with the forward pass in bfloat16 on the CPU.

    mmengine's ``AmpOptimWrapper`` is for GPUs only. bfloat16 has the exponent of float32, so
    gradients need no scaling. ``handbone train`` replaces ``AmpOptimWrapper`` by this one if there
    is no GPU and the processor has the instructions.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Compute in mixed precision within the block.

        Args:
            model: The model that is trained.

        Yields:
            Nothing.
        """
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield
