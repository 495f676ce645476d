"""Mirror images of classes that exist on the left and on the right."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from handbone.class_sides import sided_classes
from handbone.errors import HandboneError

from .dataset_configs import dataset_metainfo

#: Directions of mmseg's RandomFlip that make a mirror image; two of them turn by a half.
MIRRORS = {'horizontal', 'vertical'}


def warn_of_mirrored_sides(cfg: Config) -> None:
    """Warn if mmseg's RandomFlip mirrors training images whose classes have sides.

    It leaves the labels of a mirrored left lung those of a left lung.

    Args:
        cfg: Complete configuration.
    """
    if not any(map(_mirrors, _steps(cfg.get('train_dataloader')))):
        return
    try:
        classes = dataset_metainfo(cfg, 'train_dataloader')['classes']
    except HandboneError:  # a dataset that does not name its classes is refused elsewhere
        return
    pairs, alone = sided_classes(classes)
    sided = [name for pair in pairs for name in pair] + alone
    if sided:
        print_log(
            f'RandomFlip mirrors the training images, and {sided[0]} has a side: its mirror image '
            'keeps that name. Use MultilabelRandomFlip, which swaps pairs of classes, or leave '
            'the flip out',
            level=logging.WARNING,
        )


def _steps(part: Any) -> Iterator[Mapping]:
    """Iterate over everything in a config that has a type."""
    if isinstance(part, Mapping):
        if 'type' in part:
            yield part
        for value in part.values():
            yield from _steps(value)
    elif isinstance(part, (list, tuple)):
        for value in part:
            yield from _steps(value)


def _mirrors(step: Mapping) -> bool:
    kind = getattr(step['type'], '__name__', step['type'])
    directions = step.get('direction', 'horizontal')
    directions = {directions} if isinstance(directions, str) else set(directions)
    return (
        kind == 'RandomFlip'
        and step.get('prob') not in (None, 0, 0.0)
        and bool(directions & MIRRORS)
    )
