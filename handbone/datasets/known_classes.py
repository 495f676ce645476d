"""Which classes the annotations of a dataset tell about, and which stay unknown."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handbone.errors import listed
from handbone.listing import normal_form, normal_forms
from handbone.masks import class_code
from handbone.masks.remapping import remap_classes

from .errors import DatasetError
from .labels import Labels
from .mask_runs import MaskRuns, pack_runs
from .polygons import Polygons
from .unknown_names import UnknownFile

PLACE = 'classes of the dataset'


class Unknown(NamedTuple):
    """What is unknown in an image.

    Attributes:
        classes: Indices of the classes that are unknown everywhere in it, rising.
        regions: Where further classes are unknown; None if nowhere.
    """

    classes: tuple[int, ...]
    regions: Labels | None = None

    def code(self, num_classes: int) -> np.ndarray:
        """Set the bits of :attr:`classes`, int32 (P,)."""
        return class_code(self.classes, num_classes)

    def known_shares(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Measure which share of the image each class is known in, (C,) float64, 0 to 1."""
        shares = np.ones(num_classes)
        if self.regions is not None:
            shares -= self.regions.class_shares(height, width, num_classes)
        shares[list(self.classes)] = 0
        return shares.clip(0, 1)


class KnownClasses:
    """Which classes of a model a dataset knows, in all images and in each.

    Args:
        classes: The classes of the model in bit order, in normal form.
        annotated: Those that the dataset annotates; the others are unknown in all of its images.
            None for all.
        unknown: Those that it does not annotate, in place of ``annotated``.
        unknown_labels: Class by label; what carries such a label is where the class is unknown.
        unknown_file: CSV ``image_name,class`` of classes that are unknown in single images.

    Raises:
        DatasetError: Names are no classes, are named twice, or no class is left.
        HandboneError: The CSV is not valid.
    """

    def __init__(
        self,
        classes: Sequence[str],
        annotated: Sequence[str] | None = None,
        unknown: Sequence[str] = (),
        unknown_labels: Mapping[str, str] | None = None,
        unknown_file: str | Path = '',
    ) -> None:
        self.classes = tuple(classes)
        self._index = {name: index for index, name in enumerate(self.classes)}
        if annotated is not None and unknown:
            raise DatasetError.at(
                PLACE, 'annotated_classes and unknown_classes are both set', 'Keep one of them'
            )
        if annotated is None:
            left_out = self._checked('unknown_classes', unknown)
        else:
            left_out = set(self.classes) - self._checked('annotated_classes', annotated)
        if len(left_out) == len(self.classes):
            raise DatasetError.at(
                PLACE,
                f'it knows none of the {len(self.classes)} classes of the model '
                f'({listed(self.classes, 40)})',
                'Correct annotated_classes or unknown_classes, or leave the dataset out',
            )
        self._everywhere = frozenset(self._index[name] for name in left_out)
        self._file = UnknownFile(unknown_file, self._index)
        self._marks = self._checked_labels(unknown_labels or {})

    @property
    def annotated(self) -> tuple[str, ...]:
        """The classes that the dataset annotates, in bit order."""
        return tuple(
            name for index, name in enumerate(self.classes) if index not in self._everywhere
        )

    @property
    def marks(self) -> tuple[str, ...]:
        """The labels of places where a class is unknown."""
        return tuple(self._marks)

    def label_indices(self) -> dict[str, int]:
        """Number the labels that annotations may have.

        Returns:
            Index by label: that of the class, and for :attr:`marks` the number of classes and that
            of the class added up.
        """
        return self._index | self._marks

    def of_image(
        self,
        name: str,
        labels: Labels,
        place: str | Path,
        named: Iterable[int] = (),
        source: Sequence[int] | None = None,
    ) -> tuple[Labels, Unknown | None, list[DatasetError]]:
        """Tell the labels of an image from the marks of unknown places.

        Args:
            name: Path of the image below the folder of images.
            labels: What was read, with the indices of :meth:`label_indices`.
            place: Its annotation file, for errors.
            named: Classes that the annotation file itself calls unknown.
            source: Index of :meth:`label_indices` by index in ``labels``, where they have others.

        Returns:
            The labels, what is unknown (None if nothing is), and the problems: classes that are
            annotated and unknown.
        """
        number = len(self.classes)
        # a label of unknown places that the image lacks says nothing about its class
        of_file = {index for index in named if index < number}
        everywhere = self._everywhere | self._file.indices(name) | of_file
        regions: Labels | None = None
        if source is not None or self._marks:
            where = list(range(number)) if source is None else list(source)
            if source is None:
                where += [number + index for index in range(number)]
            if self._marks:
                marks = [index - number if index >= number else None for index in where]
                chosen = chosen_labels(labels, marks)
                regions = chosen if chosen.present() else None
            labels = chosen_labels(labels, [index if index < number else None for index in where])
        if not everywhere and regions is None:
            return labels, None, []
        unknown = Unknown(tuple(sorted(everywhere)), regions)
        both = [self.classes[index] for index in labels.present() if index in everywhere]
        problems = [
            DatasetError.at(
                place,
                f'{listed(both, 10)} {"is" if len(both) == 1 else "are"} annotated in image {name} '
                'and unknown in it',
                'Take the class off the unknown ones, or leave its annotations out by skip_labels',
            )
        ] * bool(both)
        return labels, unknown, problems

    @property
    def names_images(self) -> bool:
        """Whether a CSV says what single images do not know."""
        return bool(self._file)

    def check_images(self, images: Iterable[str]) -> None:
        """Check that the CSV is about these images; see :meth:`UnknownFile.check_images`."""
        self._file.check_images(images)

    def _checked(self, option: str, names: Sequence[str]) -> set[str]:
        if isinstance(names, str):
            raise DatasetError.at(PLACE, f'{option} is not a list of names: {names!r}', 'Give one')
        names = normal_forms(names)
        wrong = [name for name in names if name not in self._index]
        if wrong and len(wrong) == len(names):
            raise DatasetError.at(
                PLACE,
                f'{option} ({listed(names, 10)}) shares no class with the model '
                f'({listed(self.classes, 40)})',
                'Write the names as metainfo.classes does; FormatDataset maps others by rename',
            )
        if wrong:
            raise DatasetError.at(
                PLACE,
                f'{option} names {listed(wrong, 10)}, which the model does not have; its classes '
                f'are {listed(self.classes, 40)}',
                'Correct the names; labels of classes that the model lacks go to skip_labels',
            )
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise DatasetError.at(
                PLACE, f'{option} names {listed(twice, 10)} twice', 'Give each class once'
            )
        return set(names)

    def _checked_labels(self, unknown_labels: Mapping[str, str]) -> dict[str, int]:
        marks = {normal_form(label): normal_form(name) for label, name in unknown_labels.items()}
        for label, name in marks.items():
            if name not in self._index or label in self._index:
                fault = (
                    f'{label!r} is a class itself'
                    if label in self._index
                    else f'{name!r} is not among the classes ({listed(self.classes, 40)})'
                )
                raise DatasetError.at(
                    PLACE,
                    f'unknown_labels has {label!r}: {name!r}, but {fault}',
                    "Give {'label of places where it is unknown': 'class'}",
                )
        twice = [name for name in marks.values() if list(marks.values()).count(name) > 1]
        if twice:
            raise DatasetError.at(
                PLACE, f'unknown_labels maps two labels to {twice[0]!r}', 'Give one per class'
            )
        return {label: len(self.classes) + self._index[name] for label, name in marks.items()}


class ChosenLabels(NamedTuple):
    """Labels of which some are chosen and get other class indices.

    Attributes:
        labels: All of them.
        indices: New index of each class; None leaves it out.
    """

    labels: Labels
    indices: tuple[int | None, ...]

    def draw(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Draw the labels; see :class:`handbone.datasets.labels.Labels`."""
        return remap_classes(
            self.labels.draw(height, width, len(self.indices)), self.indices, num_classes
        )

    def present(self) -> list[int]:
        """List the classes that the image has."""
        found = (self.indices[index] for index in self.labels.present())
        return sorted({index for index in found if index is not None})

    def class_shares(self, height: int, width: int, num_classes: int) -> np.ndarray:
        """Measure the share of each class; see :class:`handbone.datasets.labels.Labels`."""
        shares = np.zeros(num_classes)
        found = self.labels.class_shares(height, width, len(self.indices))
        for index, share in zip(self.indices, found, strict=True):
            if index is not None:
                shares[index] += share
        return shares


def chosen_labels(labels: Labels, indices: Sequence[int | None]) -> Labels:
    """Choose some of the labels of an image and give them other class indices.

    Args:
        labels: The labels.
        indices: New index of each class; None leaves it out.

    Returns:
        Polygons where the labels are polygons, and runs where they are runs of classes that stay
        apart.
    """
    kept_indices = [index for index in indices if index is not None]
    if isinstance(labels, MaskRuns) and len(set(kept_indices)) == len(kept_indices):
        return _chosen_runs(labels, indices)
    if not isinstance(labels, Polygons):
        return ChosenLabels(labels, tuple(indices))
    new = np.array([-1 if index is None else index for index in indices], np.int32)
    classes = new[labels.classes] if len(labels.classes) else labels.classes
    kept = classes >= 0
    if kept.all():
        return labels._replace(classes=classes)
    points = np.split(labels.points, labels.ends[:-1])
    chosen = [each for each, keep in zip(points, kept, strict=True) if keep]
    ends = np.cumsum([len(each) for each in chosen], dtype=np.int32)
    return Polygons(np.concatenate(chosen) if chosen else labels.points[:0], ends, classes[kept])


def _chosen_runs(masks: MaskRuns, indices: Sequence[int | None]) -> MaskRuns:
    starts = [0, *masks.ends.tolist()]
    chosen = {}
    for old, start, stop in zip(masks.classes.tolist(), starts, masks.ends, strict=False):
        new = indices[old]
        if new is not None:
            chosen[new] = masks.runs[start:stop]
    return pack_runs(chosen, masks.order)
