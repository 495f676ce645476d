"""The number of images in the batches of a training."""

from collections.abc import Sized
from typing import cast

from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_world_size
from torch.utils.data import DataLoader

from handbone.errors import HandboneError, counted


def batch_sizes(dataloader: DataLoader) -> tuple[int, ...]:
    """Find the sizes of the batches that one process gets in an epoch.

    Args:
        dataloader: The training data.

    Returns:
        The usual size and, if it differs, that of the last batch; empty if a batch sampler
        decides.

    Raises:
        HandboneError: If there are no batches.
    """
    size = dataloader.batch_size
    if size is None:
        return ()
    # StreamSampler wraps the configured sampler
    sampler = getattr(dataloader.sampler, 'sampler', dataloader.sampler)
    if isinstance(sampler, InfiniteSampler):
        return (size,)
    images = len(cast(Sized, dataloader.sampler))
    full, last = divmod(images, size)
    if not full and (dataloader.drop_last or not images):
        share = ' per process' if get_world_size() > 1 else ''
        raise HandboneError(
            'the training has no batches: train_dataloader.drop_last=True with '
            f'{counted(images, "image")}{share} and batch_size={size}; lower '
            'train_dataloader.batch_size, set drop_last=False or add images'
        )
    usual = (size,) if full else ()
    return usual if dataloader.drop_last or not last else (*usual, last)
