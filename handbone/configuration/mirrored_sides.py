"""Mirror images of classes that exist on the left and on the right."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from handbone.class_sides import sided_classes, unswapped_sides
from handbone.errors import HandboneError, listed

from .dataset_configs import dataset_classes, dataset_metainfo
from .known_settings import name_of
from .typed_parts import typed_parts

#: Directions of mmseg's RandomFlip that make a mirror image; two of them turn by a half.
MIRRORS = {'horizontal', 'vertical'}


def warn_of_mirrored_sides(cfg: Config) -> None:
    """Warn if training images whose classes have sides are mirrored, whole or as a region.

    mmseg's RandomFlip and a TemplateRegion leave the labels of a mirrored left lung those of a left
    lung.

    Args:
        cfg: Complete configuration.
    """
    flipped = _mirrored(cfg.get('train_dataloader'))
    regions = _mirrored_regions([cfg.get('train_dataloader'), cfg.get('model')])
    if not flipped and not regions:
        return
    try:
        classes = dataset_metainfo(cfg, 'train_dataloader')['classes']
    except HandboneError:  # a dataset that does not name its classes is refused elsewhere
        return
    side = kept_side(classes)
    if not side:
        return
    if flipped:
        print_log(
            f'RandomFlip mirrors the training images, and {side}. Use MultilabelRandomFlip, which '
            'swaps pairs of classes, or leave the flip out',
            level=logging.WARNING,
        )
    if regions:
        print_log(
            f'mirror=True lets the region {listed(regions, 1)} show mirror images, and {side}. '
            'Leave mirror out',
            level=logging.WARNING,
        )


def kept_side(classes: Sequence[str]) -> str:
    """Say what is wrong with a mirror image that keeps the names of its classes.

    Args:
        classes: Names of the classes.

    Returns:
        For example "left_lung has a side: its mirror image keeps that name"; empty where no class
        has a side.
    """
    sided = unswapped_sides(classes)
    return f'{sided[0]} has a side: its mirror image keeps that name' if sided else ''


def check_mirrored_views(cfg: Config) -> None:
    """Refuse augmented views of a config that mirror an image whose classes have sides.

    Args:
        cfg: Complete configuration with ``tta_pipeline`` or ``tta_views``, or without.

    Raises:
        HandboneError: If a view does; see :func:`view_fault`.
    """
    name, views = 'tta_pipeline', [cfg.get('tta_pipeline')]
    if views == [None]:
        name, views = 'tta_views', list(cfg.get('tta_views') or ())
    try:
        classes = dataset_classes(cfg)
    except HandboneError:  # as above
        return
    fault = next(filter(None, (view_fault(view, classes) for view in views)), '')
    if fault:
        raise HandboneError(f'{name} of {name_of(cfg)}: {fault}')


def view_fault(view: Any, classes: Sequence[str]) -> str:
    """Tell why a mirrored view is wrong where classes have sides.

    What a network says of a mirrored left lung would be averaged with what it says of the right
    one. ``swap_classes`` of the view exchanges pairs; an empty one says that the names mean no
    side.

    Args:
        view: Arguments of a view, or steps of a pipeline.
        classes: Names in class order.

    Returns:
        A clause; empty if nothing is wrong.
    """
    pairs, alone = sided_classes(classes)
    wanted = [tuple(map(list(classes).index, pair)) for pair in pairs]
    first = next(iter(alone or unswapped_sides(classes)), '')
    if not first:
        return ''
    if not isinstance(view, Mapping) or 'type' in view:
        by_steps = (
            f'RandomFlip mirrors images, and {first} has a side: use MultilabelRandomFlip, which '
            'swaps pairs of classes, or leave this view out'
        )
        return by_steps if _mirrored(view) else ''
    if view.get('flip') not in MIRRORS or _swaps(view, wanted):
        return ''
    swap = '' if alone else f'add swap_classes={wanted} to it, or '
    return f'the view {dict(view)} is a mirror image, and {first} has a side: {swap}leave it out'


def _swaps(view: Mapping, wanted: Sequence[tuple[int, ...]]) -> bool:
    """Tell whether a view exchanges all pairs, or says that there are none."""
    if 'swap_classes' not in view:
        return False
    swapped = {frozenset(pair) for pair in view['swap_classes']}
    return not swapped or swapped.issuperset(map(frozenset, wanted))


def _mirrored_regions(part: Any) -> list[str]:
    """Find the names of the regions that may show mirror images."""
    return [
        step.get('name', 'region')
        for _, step in typed_parts(part, '')
        if _type_name(step) == 'TemplateRegion' and step.get('mirror')
    ]


def _mirrored(part: Any) -> bool:
    return any(_mirrors(step) for _, step in typed_parts(part, ''))


def _mirrors(step: Mapping) -> bool:
    directions = step.get('direction', 'horizontal')
    directions = {directions} if isinstance(directions, str) else set(directions)
    return (
        _type_name(step) == 'RandomFlip'
        and step.get('prob') not in (None, 0, 0.0)
        and bool(directions & MIRRORS)
    )


def _type_name(step: Mapping) -> str:
    return getattr(step['type'], '__name__', step['type'])
