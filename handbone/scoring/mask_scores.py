"""Scores of masks that are given as runs, against reference masks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from handbone.bones import CLASSES, GROUPS, PALETTE, distinct_colors
from handbone.datasets.known_classes import KnownClasses
from handbone.datasets.named_files import NamedFiles
from handbone.errors import HandboneError, counted, listed, shown
from handbone.evaluation.score_names import (
    OVERLAP_SCORES,
    SURFACE_SCORES,
    check_scores,
    score_columns,
)
from handbone.evaluation.score_table import ScoreTable
from handbone.evaluation.scores import overlap_scores, surface_scores
from handbone.listing import normal_forms
from handbone.masks import decode, encode, run_overlap_counts
from handbone.progress import progress_bar
from handbone.radiographs.reading import SUFFIXES as IMAGE_SUFFIXES
from handbone.submissions import read_submission, submission_classes

from .reference_masks import (
    AnnotationReference,
    ReferenceMasks,
    Size,
    SubmissionReference,
    match_names,
    num_pixels,
)
from .unknown_places import known_classes, known_runs

#: Runs of every class, by image name.
Masks = Mapping[str, list[np.ndarray]]


class MaskScorer:
    """Scores masks, and those to compare them with, against reference masks.

    Args:
        prediction: CSV of masks.
        reference: Folder of JSON files, or a CSV of masks.
        against: CSV of masks to compare with.
        size: Height and width of all images.
        images: Folder of the images.
        classes: Class names in order. Default: as :func:`handbone.scoring.evaluate` chooses them.
        skip_labels: Labels in JSON files to leave out.
        common: Score the images that all have, where others would be an error.
        unknown_file: CSV ``image_name,class`` of classes that images do not know; empty for none.
        unknown_labels: Class by label in JSON files of places in which it is unknown.

    Attributes:
        classes: The class names in order.
        reference: The reference masks.
        pairs: Their key by the name of the image.
        sets: Masks of each file, and the keys of the reference masks by image name.

    Raises:
        HandboneError: If a file is not valid, or images or classes do not fit.
    """

    def __init__(
        self,
        prediction: Path,
        reference: Path,
        against: Path | None,
        size: Size | None,
        images: Path | None,
        classes: Sequence[str] | None,
        skip_labels: Sequence[str],
        common: bool,
        unknown_file: str | Path = '',
        unknown_labels: Mapping[str, str] | None = None,
    ) -> None:
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise HandboneError(f'--size is height and width in pixels, got {tuple(size)}.')
        self._place = reference
        self._images = NamedFiles(images, IMAGE_SUFFIXES) if images else None
        self.classes = _classes(prediction, reference, classes)
        size = None if size is None else (size[0], size[1])
        if unknown_labels and not reference.is_dir():
            raise HandboneError(
                f'{reference}: a CSV marks no places in which a class is unknown. Give the folder '
                'of JSON files, or leave --unknown-labels out.'
            )
        known = KnownClasses(self.classes, unknown_labels=unknown_labels, unknown_file=unknown_file)
        self.reference: ReferenceMasks = (
            AnnotationReference(reference, self.classes, size, self._images, skip_labels, known)
            if reference.is_dir()
            else SubmissionReference(reference, self.classes, size, self._images, known)
        )
        known.check_images(self.reference.names)
        paths = [path for path in (prediction, against) if path]
        self.sets = [_read_masks(path, self.reference, common, self.classes) for path in paths]
        shared = set.intersection(*(set(names.values()) for _, names in self.sets))
        if not shared:
            raise HandboneError(f'{prediction} and {against} have no image in common.')
        self.pairs = {name: key for name, key in self.sets[0][1].items() if key in shared}

    def predicted(self, masks: Masks, name: str, key: str) -> list[np.ndarray]:
        """Find the runs of an image, without classes in places where they are unknown."""
        return known_runs(masks[name], self.reference.unknown(key), self.reference.size(key))

    def choose_scores(
        self,
        wanted: Sequence[str] | None,
        tolerances: Sequence[float] | None,
        spacing: tuple[float, float] | None,
        drawn: bool,
        overlap: bool,
    ) -> tuple[list[str], list[float], tuple[str, ...]]:
        """Choose scores and tolerances; surfaces and pictures need the sizes of the images.

        Args:
            wanted: Names of scores. Default: all that can be computed.
            tolerances: Tolerances of the surface Dice. Default: by the unit.
            spacing: Height and width of a pixel in mm, None for distances in pixels.
            drawn: The worst images are to be drawn.
            overlap: Overlaps of pairs are to be scored.

        Returns:
            Names of scores, tolerances, and notes on what was left out.

        Raises:
            HandboneError: If a score is unknown, or sizes or images are missing.
        """
        if drawn:
            self._check_images()
        names = list(wanted or (*OVERLAP_SCORES, *SURFACE_SCORES))
        limits = list(tolerances or [2.0 if spacing is None else 0.5])
        check_scores(names, limits)
        surfaces = [name for name in names if name in SURFACE_SCORES]
        keys = list(self.pairs.values())
        unknown = [key for key in keys if self.reference.size(key) is None]
        if not unknown or not (surfaces or drawn or overlap):
            return names, limits, ()
        if len(unknown) < len(keys):
            place = self._images.folder if self._images else self._place
            raise HandboneError(
                f'{place} lacks {counted(len(unknown), "image")} whose size is needed, the '
                f'first is {shown(unknown[0])}. Add them, or --size HEIGHT WIDTH.'
            )
        remedy = (
            f'{self._place} does not tell the size of the images: add --size HEIGHT WIDTH or '
            '--images FOLDER for'
        )
        if wanted or drawn or overlap:
            what = [*surfaces, *['pictures'] * drawn, *['overlaps'] * overlap]
            raise HandboneError(f'{remedy} {", ".join(what)}.')
        return list(OVERLAP_SCORES), limits, (f'{remedy} {", ".join(surfaces)}.',)

    def score(
        self,
        names: Sequence[str],
        tolerances: Sequence[float],
        spacing: tuple[float, float] | None,
    ) -> list[ScoreTable]:
        """Score the masks, and those to compare them with, image by image.

        One image at a time is drawn, and only for surfaces.

        Args:
            names: Names of scores.
            tolerances: Tolerances of the surface Dice, in mm with a spacing, else in pixels.
            spacing: Height and width of a pixel in mm.

        Returns:
            The scores of every image and class, of one or two files; NaN for what is unknown.
        """
        tables = []
        for masks, keys in self.sets:
            name_of = {key: name for name, key in keys.items()}
            chosen = {name_of[key]: key for key in self.pairs.values()}
            tables.append(self._score(masks, chosen, names, tolerances, spacing))
        return tables

    def draw_worst(self, folder: Path, table: ScoreTable, count: int) -> list[Path]:
        """Draw the images of the lowest scores.

        Args:
            folder: Where the pictures go.
            table: Scores of the masks.
            count: How many images.

        Returns:
            The files that were written, the sheet of all last.
        """
        from .worst_pictures import draw_worst

        known = dict(zip(CLASSES, PALETTE, strict=True))
        are_bones = all(name in known for name in self.classes)
        palette = (
            [known[name] for name in self.classes]
            if are_bones
            else distinct_colors(len(self.classes))
        )
        rows, masks, images = table.worst(count), self.sets[0][0], self._check_images()
        return draw_worst(folder, table, rows, masks, self.reference, images, palette)

    def _score(
        self,
        masks: Masks,
        keys: Mapping[str, str],
        scores: Sequence[str],
        tolerances: Sequence[float],
        spacing: tuple[float, float] | None,
    ) -> ScoreTable:
        """Score one set of masks; ``keys`` are those of the reference masks by image name."""
        reference, rows = self.reference, []
        with_surfaces = any(name in SURFACE_SCORES for name in scores)
        for name, key in progress_bar(keys.items(), 'Scoring'):
            runs = self.predicted(masks, name, key)
            if with_surfaces:
                labels = reference.labels(key)
                counts = run_overlap_counts(runs, encode(labels, len(self.classes)))
                predicted = decode(runs, *labels.shape[:2])
                lengths = spacing or (1.0, 1.0)
                found = overlap_scores(counts, scores) | surface_scores(
                    predicted, labels, len(self.classes), scores, tolerances, lengths
                )
            else:
                counts = run_overlap_counts(runs, reference.runs(key))
                found = overlap_scores(counts, scores)
            known = known_classes(reference.unknown(key), reference.size(key), len(self.classes))
            rows.append(
                [
                    np.where(known, found[column], np.nan)
                    for column in score_columns(scores, tolerances)
                ]
            )
        columns = score_columns(scores, tolerances)
        groups = {
            group: tuple(name for name in names if name in self.classes)
            for group, names in GROUPS.items()
        }
        return ScoreTable(
            images=tuple(keys),
            patients=tuple(reference.patient(key) for key in keys.values()),
            classes=self.classes,
            scores=dict(zip(columns, np.stack(rows, axis=1), strict=True)),
            groups={group: names for group, names in groups.items() if names},
            unit='px' if spacing is None else 'mm',
        )

    def _check_images(self) -> NamedFiles:
        """Make sure that every image can be drawn on."""
        if self._images is None:
            raise HandboneError('--show-dir draws on the images: add --images FOLDER.')
        missing = [name for name in self.pairs if self._images.path(name) is None]
        if missing:
            raise HandboneError(
                f'{self._images.folder} lacks {counted(len(missing), "image")} that --show-dir '
                f'may draw, the first is {shown(missing[0])}. Correct --images.'
            )
        return self._images


def _classes(prediction: Path, reference: Path, classes: Sequence[str] | None) -> tuple[str, ...]:
    """Find the classes: the bones where all of those of the CSV are bones."""
    if classes:
        classes = normal_forms(classes)
        twice = [name for name in classes if classes.count(name) > 1]
        if twice:
            raise HandboneError(f'--classes names {twice[0]!r} twice.')
        return classes
    found = submission_classes(prediction)
    others = found if reference.is_dir() else submission_classes(reference)
    if set(found) != set(others):
        unlike = listed(sorted({*found} ^ {*others}))
        raise HandboneError(
            f'{prediction} and {reference} have different classes: only one of them has {unlike}. '
            'Score files of one class list.'
        )
    return CLASSES if set(found) <= set(CLASSES) else found


def _read_masks(
    path: Path, reference: ReferenceMasks, common: bool, classes: Sequence[str]
) -> tuple[Masks, dict[str, str]]:
    """Read masks and pair their images with the reference masks."""

    def size_of(name: str) -> Size | None:
        key = reference.key(name)
        return None if key is None else reference.size(key)

    masks = read_submission(path, classes, num_pixels(size_of))
    return masks, match_names(path, masks, reference, common)
