"""The class list of a dataset: its checks, its colours and its groups."""

from collections.abc import Mapping
from typing import Any

from handbone.bones import distinct_colors
from handbone.errors import counted
from handbone.listing import normal_forms

from .errors import DatasetError

PLACE = 'metainfo of the dataset'


def complete_metainfo(metainfo: Mapping, defaults: Mapping, given: Mapping) -> dict:
    """Check the class list and fit palette and groups to it.

    If the user gave a class list that differs from the dataset's own, classes that are in both keep
    their colours, and the dataset's groups keep the classes that still exist.

    Args:
        metainfo: The dataset's own meta information, overwritten by the user's.
        defaults: The dataset's own meta information.
        given: What the user gave.

    Returns:
        ``metainfo`` with ``classes`` a tuple of names, ``palette`` a list of RGB tuples, 0 to 255,
        and, if there are groups, ``groups`` a dict of tuples of names.

    Raises:
        DatasetError: There are no classes, a name occurs twice, or palette or groups do
            not fit the classes.
    """
    classes = _checked_classes(metainfo.get('classes', ()))
    completed = dict(metainfo, classes=classes, palette=_palette(classes, defaults, given))
    groups = _groups(classes, metainfo.get('groups', {}), 'groups' in given)
    completed.pop('groups', None)
    return dict(completed, groups=groups) if groups else completed


def _checked_classes(classes: Any) -> tuple[str, ...]:
    remedy = "Give metainfo=dict(classes=('first', 'second', ...)) with at least one name"
    if isinstance(classes, str) or not all(isinstance(name, str) for name in classes):
        raise DatasetError.at(PLACE, f'classes is not a list of names: {classes!r}', remedy)
    classes = normal_forms(classes)
    if not classes:
        raise DatasetError.at(PLACE, 'the class list is empty', remedy)
    repeated = sorted({name for name in classes if classes.count(name) > 1})
    if repeated:
        raise DatasetError.at(
            PLACE, f'classes occur twice: {", ".join(repeated)}', 'Give each name once'
        )
    return classes


def _palette(
    classes: tuple[str, ...], defaults: Mapping, given: Mapping
) -> list[tuple[int, int, int]]:
    if 'palette' in given:
        palette = [tuple(color) for color in given['palette']]
        if len(palette) != len(classes):
            raise DatasetError.at(
                PLACE,
                f'palette has {counted(len(palette), "colour")} for '
                f'{counted(len(classes), "class")}',
                'Give one (red, green, blue) per class or leave the palette out',
            )
        return palette
    known = dict(
        zip(normal_forms(defaults.get('classes', ())), defaults.get('palette', ()), strict=False)
    )
    if all(name in known for name in classes):
        return [tuple(known[name]) for name in classes]
    return distinct_colors(len(classes))


def _groups(
    classes: tuple[str, ...], groups: Mapping, user_given: bool
) -> dict[str, tuple[str, ...]]:
    groups = {group: normal_forms(members) for group, members in groups.items()}
    unknown = {name for members in groups.values() for name in members} - set(classes)
    if unknown and user_given:
        raise DatasetError.at(
            PLACE,
            f'groups name classes that do not exist: {", ".join(sorted(unknown))}',
            'Correct the names in metainfo.groups',
        )
    fitted = {
        group: tuple(name for name in members if name in classes)
        for group, members in groups.items()
    }
    return {group: members for group, members in fitted.items() if members}
