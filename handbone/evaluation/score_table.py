"""Scores of every image and class, and their means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from handbone.errors import HandboneError
from handbone.listing import normal_forms

from .bootstrap import Interval, bootstrap_mean
from .score_names import DISTANCES


class Part(NamedTuple):
    """A row of a table of means: a class, a group of classes, or all of them.

    Attributes:
        kind: Which of them.
        name: Its name; ``mean`` for all classes.
        columns: Indices of its classes.
    """

    kind: Literal['class', 'group', 'mean']
    name: str
    columns: tuple[int, ...]


@dataclass(frozen=True)
class ScoreTable:
    """Scores of N images and C classes.

    Attributes:
        images: Names of the images.
        patients: Patient of each image.
        classes: Names of the classes.
        scores: Float64 (N, C) by column, as :func:`handbone.evaluation.scores.score_columns` names
            them. A distance is infinite where one of the two masks is empty; what was not scored is
            NaN. Images are ranked by the first column.
        groups: Names of groups and the class names in each.
        unit: Unit of distances.
        reference_pixels: Pixels of each class in the reference, int (N, C), where they are known.

    Raises:
        HandboneError: If a group has no class or a class that is not in ``classes``.

    Example:
        >>> table = ScoreTable(('a.png',), ('a.png',), ('left', 'right'),
        ...                    {'dice': np.array([[0.5, 1.0]])}, groups={'both': ('left', 'right')})
        >>> {part.name: table.mean('dice', part) for part in table.parts}
        {'left': 0.5, 'right': 1.0, 'both': 0.75, 'mean': 0.75}
    """

    images: tuple[str, ...]
    patients: tuple[str, ...]
    classes: tuple[str, ...]
    scores: Mapping[str, np.ndarray]
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unit: str = 'px'
    reference_pixels: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Write the names of classes in the form in which they are compared."""
        groups = {name: normal_forms(members) for name, members in self.groups.items()}
        object.__setattr__(self, 'classes', normal_forms(self.classes))
        object.__setattr__(self, 'groups', groups)

    @property
    def ranking(self) -> str:
        """The column that images are ranked by: the first."""
        return next(iter(self.scores))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The classes, the groups, and all classes together, in the order of tables."""
        return (
            *(Part('class', name, (index,)) for index, name in enumerate(self.classes)),
            *(
                Part('group', name, self._columns(name, members))
                for name, members in self.groups.items()
            ),
            self.whole,
        )

    @property
    def whole(self) -> Part:
        """All classes together."""
        return Part('mean', 'mean', tuple(range(len(self.classes))))

    def part_scores(self, column: str, part: Part | None = None) -> np.ndarray:
        """Select the scores of a class or a group.

        Args:
            column: The score.
            part: One of :attr:`parts`; None for all classes.

        Returns:
            Float64 (N, n).
        """
        return self.scores[column][:, list((part or self.whole).columns)]

    def image_means(self, column: str, part: Part | None = None) -> np.ndarray:
        """Average the scores of each image, without those that are not there.

        Args:
            column: The score.
            part: One of :attr:`parts`; None for all classes.

        Returns:
            Float64 (N,), NaN for images without any.
        """
        scores = self.part_scores(column, part)
        there = ~np.isnan(scores)
        number = there.sum(axis=1)
        sums = np.where(there, scores, 0).sum(axis=1)
        return np.where(number > 0, sums / np.maximum(number, 1), np.nan)

    def mean(self, column: str, part: Part | None = None) -> float:
        """Compute the mean over images and classes, without infinite distances.

        Args:
            column: The score.
            part: One of :attr:`parts`; None for all classes.

        Returns:
            The mean, NaN where no score is finite.
        """
        scores = self.part_scores(column, part)
        finite = scores[np.isfinite(scores)]
        return float(finite.mean()) if finite.size else np.nan

    def means(self, column: str, kinds: Sequence[str]) -> dict[str, float]:
        """Compute the means of several parts.

        Args:
            column: The score.
            kinds: Of ``class`` and ``group``.

        Returns:
            Means by name; a group takes precedence over a class of its name.
        """
        return {part.name: self.mean(column, part) for part in self.parts if part.kind in kinds}

    def interval(self, column: str, part: Part | None = None, resamples: int = 10_000) -> Interval:
        """Compute the 95 % interval of a mean by drawing patients.

        Args:
            column: The score.
            part: One of :attr:`parts`; None for all classes.
            resamples: Number of draws.

        Returns:
            Mean and interval.
        """
        return bootstrap_mean(self.part_scores(column, part), self.patients, resamples=resamples)

    def worst(self, count: int, part: Part | None = None) -> list[int]:
        """Find the images that score worst in the first column.

        Args:
            count: How many.
            part: One of :attr:`parts`; None for all classes.

        Returns:
            Row numbers, the worst first; images without any score last.
        """
        scores = self.image_means(self.ranking, part)
        badness = scores if self.ranking in DISTANCES else -scores
        return np.argsort(-badness, kind='stable')[:count].tolist()

    def worst_class(self, row: int) -> int:
        """Find the class that scores worst in an image.

        Args:
            row: Number of the image.

        Returns:
            Class index.
        """
        scores = self.scores[self.ranking][row]
        badness = scores if self.ranking in DISTANCES else -scores
        return int(np.where(np.isnan(scores), -np.inf, badness).argmax())

    def images_with(self, part: Part) -> int:
        """Count the images in whose reference a part is present.

        Args:
            part: One of :attr:`parts`.

        Returns:
            Their number.

        Raises:
            HandboneError: If the pixels of the reference are not known.
        """
        if self.reference_pixels is None:
            raise HandboneError('This table of scores does not know what the reference masks hold.')
        return int(self.reference_pixels[:, list(part.columns)].any(axis=1).sum())

    def chosen(self, rows: Sequence[int]) -> 'ScoreTable':
        """Keep some images.

        Args:
            rows: Row numbers, in the order wanted.

        Returns:
            A table of these.
        """
        chosen = list(rows)
        pixels = self.reference_pixels
        return replace(
            self,
            images=tuple(self.images[row] for row in chosen),
            patients=tuple(self.patients[row] for row in chosen),
            scores={column: values[chosen] for column, values in self.scores.items()},
            reference_pixels=None if pixels is None else pixels[chosen],
        )

    def _columns(self, group: str, members: Sequence[str]) -> tuple[int, ...]:
        unknown = [name for name in members if name not in self.classes]
        if unknown or not members:
            what = f'the unknown classes {unknown}' if unknown else 'no class'
            raise HandboneError(
                f'Group {group!r} has {what}; the classes are {list(self.classes)}.'
            )
        return tuple(self.classes.index(name) for name in members)
