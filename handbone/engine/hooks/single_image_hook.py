"""Stops a run whose BatchNorm would see a single value a channel."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@HOOKS.register_module()
class SingleImageHook(Hook):
    """Refuse batches of one image where BatchNorm follows a pooling to 1 x 1.

    Its statistics are taken over images and pixels; with one image and one pixel there are none,
    and torch stops in the first iteration without saying where. UPerNet's and PSPNet's pooling
    pyramids and DeepLab's image pooling are built so. SyncBN takes them over all GPUs.
    """

    priority = 'HIGHEST'

    def before_train(self, runner: Runner) -> None:
        """Look for such a place.

        Args:
            runner: The runner of the training.

        Raises:
            ValueError: If there is one and a batch has one image.
        """
        if getattr(runner.train_dataloader, 'batch_size', None) != 1:
            return
        for name, module in runner.model.named_modules():
            if _normalises_one_pixel(module):
                raise ValueError(
                    f'{name.removeprefix("module.")} normalises 1 x 1 maps by BatchNorm, which '
                    'needs at least 2 images: set train_dataloader.batch_size=2 or more (and half '
                    "the input size, if memory is short), or norm_cfg=dict(type='GN', "
                    'num_groups=32) in that head'
                )


def _normalises_one_pixel(module: nn.Module) -> bool:
    """Tell whether a sequence pools to one pixel and then goes through BatchNorm."""
    if not isinstance(module, nn.Sequential):
        return False
    one_pixel = False
    for child in module:
        if isinstance(child, nn.AdaptiveAvgPool2d):
            one_pixel = child.output_size in (1, (1, 1), [1, 1])
        elif one_pixel and any(map(_counts_one_batch, child.modules())):
            return True
    return False


def _counts_one_batch(module: nn.Module) -> bool:
    return (
        isinstance(module, _BatchNorm)
        and not isinstance(module, nn.SyncBatchNorm)
        and module.training
    )
