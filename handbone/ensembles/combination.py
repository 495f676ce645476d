"""What an ensemble may consist of, and its Dice on images whose logits are kept."""

import hashlib
import io
import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from mmseg.registry import TASK_UTILS
from torch import Tensor

from handbone.evaluation.scores import overlap_scores
from handbone.evaluation.threshold_metric import dice_by_threshold
from handbone.files import write_atomically
from handbone.masks import (
    classes_known,
    ignore_mask,
    logits_to_packed,
    overlap_counts,
    planes_last,
    split_unknown,
    without,
)
from handbone.postprocessing import apply_steps, index_classes
from handbone.progress import progress_bar

from .mean_logits import Decided, mean_logits

#: The view that shows an image as it is.
AS_IT_IS = '{}'
#: Texts of the views that are averaged, and whether images are seen in the other way.
Seen = tuple[tuple[str, ...], bool]


class Candidate(Protocol):
    """A cross-validation that may become part of an ensemble."""

    @property
    def key(self) -> str:
        """A hash of all that its logits depend on."""

    def provide(self, wanted: Collection[Seen]) -> None:
        """Compute the out-of-fold logits of all images that are not kept yet.

        Args:
            wanted: In which views, and in which way, images are going to be seen.
        """

    def logits(self, image: int, views: Sequence[str], windows: bool) -> Tensor:
        """Give the out-of-fold logits of an image.

        Args:
            image: Its number.
            views: The views that they are the mean of, each as a text in JSON. Those that the
                candidate does not have are left out.
            windows: Whether they are those of the other way to see an image, in windows or whole;
                where there is no other way, they are those of its own.

        Returns:
            Float32 (C, h, w), without padding.
        """


@dataclass(frozen=True)
class Combination:
    """An ensemble that can be scored.

    Attributes:
        counts: How often each candidate takes part, at least one of them once.
        thresholds: Probability above which a class is present, one per class.
        steps: Steps after the thresholds, each as a text in JSON.
        views: The views that are averaged, each as a text in JSON, the image as it is first.
        windows: Whether the images are seen in the other way, in windows or whole.
    """

    counts: tuple[int, ...]
    thresholds: tuple[float, ...]
    steps: tuple[str, ...] = ()
    views: tuple[str, ...] = (AS_IT_IS,)
    windows: bool = False

    @property
    def network(self) -> tuple:
        """What the mean of the logits depends on."""
        return self.counts, self.views, self.windows

    @property
    def settings(self) -> list[dict[str, Any]]:
        """The steps as settings."""
        return [json.loads(step) for step in self.steps]


class Reference(NamedTuple):
    """The labels of an image, compressed: all of them are in memory.

    Attributes:
        shape: Of the planes, (P, H, W), or (2P, H, W) where something is unknown.
        content: Int32, compressed.
    """

    shape: tuple[int, ...]
    content: bytes

    @classmethod
    def of(cls, planes: Tensor) -> 'Reference':
        """Compress the labels of a data sample.

        Args:
            planes: Int32 (P, H, W) or (2P, H, W).

        Returns:
            The compressed labels.
        """
        array = np.ascontiguousarray(planes.cpu().numpy(), np.int32)
        return cls(array.shape, zlib.compress(array.tobytes(), 1))

    def planes(self) -> np.ndarray:
        """Return the labels, as they were."""
        return np.frombuffer(zlib.decompress(self.content), np.int32).reshape(self.shape)


class Scorer:
    """Scores combinations at the full size of the images, from their low-resolution logits.

    What was scored once is kept, in memory and, if there is a folder, on the disk.

    Args:
        candidates: The cross-validations.
        references: The labels of each image.
        classes: Names in class order.
        merge: What is averaged, ``probabilities`` or ``logits``.
        decided: How all candidates go from logits to classes.
        folder: Where scores are kept; None keeps them in memory only.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        references: Sequence[Reference],
        classes: Sequence[str],
        merge: str = 'probabilities',
        decided: Decided | None = None,
        folder: str | Path | None = None,
    ) -> None:
        self.candidates = candidates
        self.references = references
        self.classes = tuple(classes)
        self.merge = merge
        self.decided = decided or Decided()
        self.folder = None if folder is None else Path(folder)
        data = hashlib.sha256()
        for reference in references:
            data.update(reference.content)
        parts = [
            [each.key for each in candidates],
            self.classes,
            merge,
            self.decided,
            data.hexdigest(),
        ]
        self._made_of = json.dumps(parts)
        self._known: dict[Any, np.ndarray] = {}

    def dice(self, combinations: Iterable[Combination]) -> list[np.ndarray]:
        """Compute the Dice of all images and classes.

        Args:
            combinations: What to score.

        Returns:
            Float64 (N, C) for each; NaN for a class that is unknown in an image.
        """
        asked = list(combinations)
        missing = [each for each in dict.fromkeys(asked) if self._look_up(each) is None]
        if missing:
            self._provide(missing)
            rows = [self._dice_of_image(index, missing) for index in self._images(len(missing))]
            for each, scores in zip(missing, np.stack(rows, axis=1), strict=True):
                self._remember(each, scores)
        return [self._known[each] for each in asked]

    def dice_by_threshold(self, combination: Combination, tried: np.ndarray) -> np.ndarray:
        """Compute the Dice at many thresholds, before any steps.

        Args:
            combination: Whose logits.
            tried: Thresholds, float64 (C, K), rising.

        Returns:
            Float64 (N, C, K).
        """
        key = (combination.network, tried.tobytes().hex())
        if self._look_up(key) is None:
            self._provide([combination])
            rows = []
            for index in self._images(1):
                labels, unknown = self._reference(index)
                logits = self._mean(index, combination)
                rows.append(dice_by_threshold(logits, labels, tried, unknown=unknown))
            self._remember(key, np.stack(rows))
        return self._known[key]

    def _provide(self, combinations: Sequence[Combination]) -> None:
        for index, candidate in enumerate(self.candidates):
            candidate.provide(
                {(each.views, each.windows) for each in combinations if each.counts[index]}
            )

    def _images(self, number: int) -> Iterable[int]:
        title = f'Scoring {number} combinations' if number > 1 else 'Scoring a combination'
        return progress_bar(range(len(self.references)), title)

    def _mean(self, image: int, combination: Combination) -> Tensor:
        chosen = [(index, count) for index, count in enumerate(combination.counts) if count]
        total = sum(combination.counts)
        logits = [
            self.candidates[index].logits(image, combination.views, combination.windows)
            for index, _ in chosen
        ]
        shares = [count / total for _, count in chosen]
        return mean_logits(logits, shares, self.merge, self.decided.has_background)

    def _reference(self, image: int) -> tuple[np.ndarray, np.ndarray | None]:
        import torch

        planes = torch.from_numpy(self.references[image].planes().copy())
        labels, bits = split_unknown(planes, len(self.classes))
        return planes_last(labels), None if bits is None else planes_last(bits)

    def _dice_of_image(self, image: int, combinations: Sequence[Combination]) -> np.ndarray:
        """Score combinations on one image, float64 (combinations, C); each mean is made once."""
        labels, unknown = self._reference(image)
        size, number = (labels.shape[0], labels.shape[1]), len(self.classes)
        known = classes_known(unknown, number, ignore_mask(labels))
        scores = np.full((len(combinations), number), np.nan)
        means: dict[tuple, Tensor] = {}
        for row in sorted(range(len(combinations)), key=lambda row: str(combinations[row].network)):
            each = combinations[row]
            if each.network not in means:
                means = {each.network: self._mean(image, each)}  # one at a time in memory
            exclusive = self.decided.exclusive
            packed = logits_to_packed(
                means[each.network], size, each.thresholds, exclusive=exclusive
            )
            steps = [TASK_UTILS.build(step) for step in index_classes(each.settings, self.classes)]
            packed = apply_steps(packed, steps, number, exclusive=exclusive)
            counts = overlap_counts(without(planes_last(packed), unknown), labels, number)
            scores[row] = np.where(known, overlap_scores(counts, ['dice'])['dice'], np.nan)
        return scores

    def _file(self, key: Any) -> Path | None:
        if self.folder is None:
            return None
        text = f'{self._made_of}\0{key!r}'
        return self.folder / f'{hashlib.sha256(text.encode()).hexdigest()[:32]}.npy'

    def _look_up(self, key: Any) -> np.ndarray | None:
        file = self._file(key)
        if key not in self._known and file is not None and file.is_file():
            try:
                self._known[key] = np.load(file, allow_pickle=False)
            except (ValueError, EOFError):
                file.unlink()  # it is computed again
        return self._known.get(key)

    def _remember(self, key: Any, scores: np.ndarray) -> None:
        self._known[key] = scores
        file = self._file(key)
        if file is not None:
            content = io.BytesIO()
            np.save(content, scores, allow_pickle=False)
            write_atomically(file, content.getvalue())


def step_text(step: Mapping[str, Any]) -> str:
    """Write the settings of a step as a text that can be compared.

    Args:
        step: As in ``test_cfg.postprocess``.

    Returns:
        JSON.
    """
    return json.dumps(dict(step), sort_keys=True, default=list)
