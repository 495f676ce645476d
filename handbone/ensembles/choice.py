"""Chooses an ensemble step by step; a step stays only if the bootstrap over patients proves it.

Models are added one by one, each time the one that helps most, and a model may be added again
(Caruana et al., Ensemble selection from libraries of models, ICML 2004); how often a model was
added is its weight. What holds for all classes needs an interval above 0; what is chosen for each
class alone needs one at a level divided by the number of classes, because choices for single
classes are mostly chance.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from handbone.evaluation.bootstrap import Difference

from .combination import Combination, Scorer, step_text
from .proof import Proof

#: The steps, in their order.
STEPS = ('views', 'windows', 'models', 'thresholds', 'components')
#: Thresholds that are tried beside the former ones.
TRIED = np.arange(2, 19) / 20
#: Shares of the image below which a part is removed.
SHARES = (1e-5, 2e-5, 5e-5, 1e-4, 5e-4)
#: Models that are added at most, so that no weight is finer than a tenth.
MOST_MODELS = 10
#: Gains that are smaller are rounding.
ROUNDING = 1e-9


class TriedStep(NamedTuple):
    """A step and what it gave.

    Attributes:
        step: A word of :data:`STEPS`.
        choice: The best of the alternatives, in words.
        alternatives: Number of alternatives; for choices by class, that of classes.
        before: Mean Dice without it.
        after: Mean Dice with it.
        gain: The difference and its interval.
        kept: Whether it stays.
        combination: The ensemble with it.
    """

    step: str
    choice: str
    alternatives: int
    before: float
    after: float
    gain: Difference
    kept: bool
    combination: Combination


@dataclass(frozen=True)
class Alternatives:
    """What may be chosen.

    Attributes:
        starts: Each cross-validation alone, with the thresholds and steps of its config.
        names: Their names.
        views: Of each cross-validation, the views beside the image as it is, each as a text in
            JSON.
        windows: Whether there is another way to see images.
        steps: The steps to try.
    """

    starts: Sequence[Combination]
    names: Sequence[str]
    views: Sequence[Sequence[str]] = ()
    windows: bool = False
    steps: Collection[str] = STEPS


class Choice:
    """Chooses an ensemble on some images.

    Args:
        scorer: Scores combinations on all images.
        alternatives: What may be chosen.
        rows: Numbers of the images to choose on.
        proof: What a step has to show, with the patients of these images.

    Attributes:
        start: The best cross-validation alone.
        found: What was chosen in the end.
        tried: The steps.
    """

    def __init__(
        self, scorer: Scorer, alternatives: Alternatives, rows: np.ndarray, proof: Proof
    ) -> None:
        self._scorer, self._alternatives = scorer, alternatives
        self._rows, self._proof = rows, proof
        self.tried: list[TriedStep] = []
        means = self._means(alternatives.starts)
        self.start = self.found = alternatives.starts[int(np.argmax(means))]
        if proof.possible:
            for step in STEPS:
                if step in alternatives.steps:
                    getattr(self, f'_try_{step}')()

    def _scores(self, combinations: Sequence[Combination]) -> list[np.ndarray]:
        return [scores[self._rows] for scores in self._scorer.dice(combinations)]

    def _means(self, combinations: Sequence[Combination]) -> list[float]:
        return [float(np.nanmean(scores)) for scores in self._scores(combinations)]

    def _try(
        self,
        step: str,
        options: Sequence[tuple[str, Combination]],
        alternatives: int | None = None,
    ) -> bool:
        """Compare the best of several changes with what there is, and keep it if it is proven."""
        scores = self._scores([self.found, *(combination for _, combination in options)])
        before, *after = [float(np.nanmean(each)) for each in scores]
        best = int(np.argmax(after))
        number = alternatives or len(options)
        gain = self._proof.gain(scores[1 + best], scores[0], number)
        kept = self._proof.holds(gain)
        words, combination = options[best]
        self.tried.append(
            TriedStep(step, words, number, before, after[best], gain, kept, combination)
        )
        if kept:
            self.found = combination
        return kept

    def _try_views(self) -> None:
        """Add the views one by one; all of them where none of them helps alone."""
        of_found = zip(self._alternatives.views, self.found.counts, strict=False)
        views = list(dict.fromkeys(view for own, count in of_found if count for view in own))
        while left := [view for view in views if view not in self.found.views]:
            options = [(f'+ {view_words(view)}', self._with_views(view)) for view in left]
            if self._try('views', options):
                continue
            if len(left) == len(views) > 1:
                self._try('views', [(f'+ all {len(views)} views', self._with_views(*views))])
            return

    def _with_views(self, *views: str) -> Combination:
        return replace(self.found, views=(*self.found.views, *views))

    def _try_windows(self) -> None:
        if self._alternatives.windows:
            other = replace(self.found, windows=True)
            self._try('windows', [('the other way to see images', other)])

    def _try_models(self) -> None:
        names = self._alternatives.names
        while len(names) > 1 and sum(self.found.counts) < MOST_MODELS:
            options = [(f'+ {names[index]}', each) for index, each in self._grown()]
            if not self._try('models', options):
                return

    def _grown(self) -> Iterator[tuple[int, Combination]]:
        """Add each model once more, where that changes the weights."""
        for index in range(len(self._alternatives.names)):
            counts = list(self.found.counts)
            counts[index] += 1
            if np.count_nonzero(counts) > 1:
                yield index, replace(self.found, counts=tuple(counts))

    def _try_thresholds(self) -> None:
        if self._scorer.decided.exclusive:
            return  # the class with the largest logit is taken
        former = np.array(self.found.thresholds)
        dice, tried = self._dice_by_threshold()
        places = [np.abs(tried - value).argmin(axis=1) for value in TRIED]
        every = np.arange(len(former))
        means = [np.nanmean(dice[:, every, place]) for place in places]
        best = float(TRIED[int(np.argmax(means))])
        option = replace(self.found, thresholds=(best,) * len(former))
        if option != self.found:
            self._try('thresholds', [(f'{best:g} for all classes', option)], len(TRIED))
        self._try_thresholds_by_class()

    def _dice_by_threshold(self) -> tuple[np.ndarray, np.ndarray]:
        former = np.array(self.found.thresholds)
        grid = np.broadcast_to(TRIED, (len(former), len(TRIED)))
        tried = np.sort(np.column_stack([grid, former]), axis=1)
        return self._scorer.dice_by_threshold(self.found, tried)[self._rows], tried

    def _try_thresholds_by_class(self) -> None:
        dice, tried = self._dice_by_threshold()
        former = np.array(self.found.thresholds)
        chosen = former.copy()
        for index, value in enumerate(former):
            if np.isnan(dice[:, index, 0]).all():
                continue
            old = int(np.abs(tried[index] - value).argmin())
            new = int(np.nanmean(dice[:, index], axis=0).argmax())
            gain = self._proof.gain(dice[:, index, new], dice[:, index, old], len(former))
            if self._proof.holds(gain):
                chosen[index] = tried[index, new]
        moved = np.flatnonzero(chosen != former)
        if len(moved):
            words = self._of_classes(moved, lambda index: f' {chosen[index]:g}')
            option = replace(self.found, thresholds=tuple(map(float, chosen)))
            self._try('thresholds', [(words, option)], len(former))

    def _try_components(self) -> None:
        largest = self._with_step(type='LargestComponent')
        options = [('largest part of each class', largest)] + [
            (
                f'parts of at least {share:g} of the image',
                self._with_step(type='LeastArea', share=share),
            )
            for share in SHARES
        ]
        if not self._try('components', options):
            self._try_largest_by_class(largest)

    def _try_largest_by_class(self, largest: Combination) -> None:
        with_it, without_it = self._scores([largest, self.found])
        classes = self._scorer.classes
        proven = [
            index
            for index in range(len(classes))
            if self._proof.holds(
                self._proof.gain(with_it[:, index], without_it[:, index], len(classes))
            )
        ]
        if proven:
            names = [classes[index] for index in proven]
            option = self._with_step(type='LargestComponent', classes=names)
            words = f'largest part: {self._of_classes(proven, lambda index: "")}'
            self._try('components', [(words, option)], len(classes))

    def _with_step(self, **step: object) -> Combination:
        return replace(self.found, steps=(*self.found.steps, step_text(step)))

    def _of_classes(self, indices: Sequence[int] | np.ndarray, value: Callable[[int], str]) -> str:
        named = [f'{self._scorer.classes[index]}{value(index)}' for index in indices]
        return ', '.join(named[:3]) + (f' and {len(named) - 3} more' if len(named) > 3 else '')


def view_words(view: str) -> str:
    """Name a view in a table.

    Args:
        view: Its arguments as a text in JSON.

    Returns:
        Such as ``flip horizontal, scale 1.25``.
    """
    arguments = json.loads(view)
    arguments.pop('swap_classes', None)  # belongs to the flip
    return ', '.join(f'{name} {value}' for name, value in arguments.items()) or 'as it is'


class Nested(NamedTuple):
    """Choices scored on images that they were not made on.

    Attributes:
        found: Dice of each image with what was chosen on the other folds, float64 (N, C).
        start: The same with the best cross-validation alone.
        gain: The difference and its interval.
        choices: The choice without each fold.
    """

    found: np.ndarray
    start: np.ndarray
    gain: Difference
    choices: list[Choice]


def nested(scorer: Scorer, alternatives: Alternatives, folds: np.ndarray, proof: Proof) -> Nested:
    """Choose without each fold, and score what was chosen on that fold.

    Args:
        scorer: Scores combinations on all images.
        alternatives: What may be chosen.
        folds: The fold of each image.
        proof: With the patients of all images.

    Returns:
        The scores.
    """
    shape = (len(folds), len(scorer.classes))
    found, start, choices = np.full(shape, np.nan), np.full(shape, np.nan), []
    patients = np.array(list(map(str, proof.patients)))
    for fold in np.unique(folds):
        rows, held_out = np.flatnonzero(folds != fold), folds == fold
        own = replace(proof, patients=patients[rows].tolist())
        choice = Choice(scorer, alternatives, rows, own)
        of_found, of_start = scorer.dice([choice.found, choice.start])
        found[held_out], start[held_out] = of_found[held_out], of_start[held_out]
        choices.append(choice)
    return Nested(found, start, proof.gain(found, start), choices)
