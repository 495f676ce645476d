"""Which of a source's classes are read, under which names and in which order."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from handbone.errors import listed, shown
from handbone.listing import normal_form, normal_forms

from ..errors import DatasetError


@dataclass(frozen=True)
class ClassChoice:
    """Classes to read.

    Attributes:
        classes: Names of the classes in bit order; None takes those of the source.
        rename: New name by the name in the source; several names may become one class.
        skip: Names in the source that are left out.
        unread: Classes that the source has no labels of, but may call unknown in an image.
    """

    classes: Sequence[str] | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    skip: Collection[str] = ()
    unread: Collection[str] = ()

    def resolve(
        self, names: Sequence[str], place: str | Path, complete: bool = True
    ) -> tuple[tuple[str, ...], dict[str, int | None]]:
        """Fit the choice to the classes of a source.

        Args:
            names: Names in the source, in its order.
            place: The source, for errors.
            complete: Whether the source lists all of its classes, so that a chosen class or a
                renamed name that is not there is a mistake.

        Returns:
            The class names in bit order, and by name in the source, in normal form, the class
            index; None for what is left out.

        Raises:
            DatasetError: A name of the choice is not in the source, a name of the source is not in
                the choice, a class is chosen twice, or there is no class.
        """
        names = normal_forms(names)
        rename = {normal_form(old): normal_form(new) for old, new in self.rename.items()}
        skip = set(normal_forms(self.skip))
        if complete:
            # a class to leave out that one file of several lacks is no mistake
            self._check_known(names, rename, place)
        kept = {name: rename.get(name, name) for name in names if name not in skip}
        if self.classes is None:
            classes = tuple(dict.fromkeys(kept.values()))
        else:
            classes = normal_forms(self.classes)
            self._check_chosen(classes, kept, place, complete)
        if not classes:
            raise DatasetError.at(
                place, 'there is no class in it', 'Name the classes: --classes, or classes=(…)'
            )
        self._check_names(classes, place)
        indices = {name: index for index, name in enumerate(classes)}
        of_source: dict[str, int | None] = {name: indices[new] for name, new in kept.items()}
        return classes, of_source | dict.fromkeys(skip)

    @staticmethod
    def _check_names(names: Sequence[str], place: str | Path) -> None:
        """Refuse what no list of one name per line can hold, and a name that is there twice."""
        for name in names:
            if names.count(name) > 1:
                problem = f'the class {shown(name)} is chosen twice'
                raise DatasetError.at(place, problem, 'Give each name once')
            if not name.isprintable() or name != name.strip() or name[:1] in ('', '#'):
                raise DatasetError.at(
                    place,
                    f'{shown(name)} is no name of a class',
                    'Rename it (--rename OLD=NEW): without line breaks, without spaces around it, '
                    'and without # at its beginning',
                )

    @staticmethod
    def _check_known(names: Sequence[str], used: Iterable[str], place: str | Path) -> None:
        unknown = [name for name in used if name not in names]
        if unknown:
            raise DatasetError.at(
                place,
                f'there is no class {shown(unknown[0])} to rename',
                f'Its classes are {listed(names, 40)}',
            )

    @staticmethod
    def _check_chosen(
        classes: Sequence[str], kept: Mapping[str, str], place: str | Path, complete: bool
    ) -> None:
        extra = [old for old, new in kept.items() if new not in classes]
        if extra:
            raise DatasetError.at(
                place,
                f'{listed(extra, 10)} is not among the chosen classes ({listed(classes, 40)})',
                'Add it to the classes, rename it (--rename OLD=NEW) or leave it out (--skip NAME)',
            )
        absent = [name for name in classes if name not in kept.values()]
        if absent and complete:
            raise DatasetError.at(
                place,
                f'there is no class {listed(absent, 10)}',
                f'Its classes are {listed(list(kept), 40)}. Rename them with --rename OLD=NEW',
            )
