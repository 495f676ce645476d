"""Scores of a submission against reference masks, and whether a second one is better."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from handbone.bones import GROUPS
from handbone.errors import HandboneError
from handbone.evaluation.bootstrap import Difference
from handbone.evaluation.drawn_tables import means_table, worst_text
from handbone.evaluation.score_files import HINT, is_score_file, read_score_file, write_scores
from handbone.evaluation.score_names import OVERLAP_SCORES, column_title
from handbone.evaluation.score_table import ScoreTable
from handbone.listing import normal_form
from handbone.submissions.image_names import name_images

from .mask_scores import MaskScorer
from .reference_masks import Size, patient_of
from .score_comparison import comparison_tables, difference, verdict

#: Fewer patients than this give intervals that are clearly too narrow.
FEW_PATIENTS = 10
#: Draws of the bootstrap.
RESAMPLES = 10_000
#: Below this mean, masks and reference have nothing to do with each other.
UNRELATED = 0.05


@dataclass(frozen=True)
class Evaluation:
    """Scores of a submission.

    Attributes:
        scores: Of every image and class.
        others: Those of the submission to compare with, of the same images.
        pictures: Files of the worst images that were drawn, the sheet of all of them last.
        notes: What could not be scored, and why.
    """

    scores: ScoreTable
    others: ScoreTable | None = None
    pictures: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def means(self) -> dict[str, float]:
        """Mean of each score over images and classes, without infinite distances."""
        return {column: self.scores.mean(column) for column in self.scores.scores}

    @property
    def difference(self) -> Difference | None:
        """How much better the first score is than that of the others, with its 95 % interval."""
        if self.others is None:
            return None
        return difference(self.scores, self.others, self.scores.ranking, None, RESAMPLES)

    def text(self, worst: int = 8) -> str:
        """Write the means with their intervals, the worst images, and what needs a word.

        Args:
            worst: Number of images to list.

        Returns:
            Several lines.
        """
        table = self.scores
        num_patients = len(set(table.patients))
        lines = [
            *self.notes,
            f'{len(table.images)} images of {num_patients} patients, {len(table.classes)} classes',
            means_table(table, intervals=True, resamples=RESAMPLES),
            f'95 % intervals: {num_patients} patients, drawn {RESAMPLES} times with replacement.',
            *_warnings(table, num_patients),
        ]
        rows = table.worst(worst)
        if rows:
            lines.append(f'Worst images by {column_title(table.ranking, table.unit)}:')
        lines += [f'  {table.images[row]}: {worst_text(table, row)}' for row in rows]
        return '\n'.join(lines)

    def comparison(self) -> str:
        """Write the differences to the others, and in one sentence what they mean.

        Returns:
            Several lines; empty if there is nothing to compare with.
        """
        found = self.difference
        if self.others is None or found is None:
            return ''
        tables = comparison_tables(self.scores, self.others, RESAMPLES)
        return f'{tables}\n{verdict(found, column_title(self.scores.ranking, self.scores.unit))}'


def evaluate(
    prediction: str | Path,
    reference: str | Path | None = None,
    *,
    against: str | Path | None = None,
    scores: Sequence[str] | None = None,
    tolerances: Sequence[float] | None = None,
    spacing: float | Sequence[float] | None = None,
    size: Size | None = None,
    images: str | Path | None = None,
    classes: Sequence[str] | None = None,
    skip_labels: Sequence[str] = (),
    common: bool = False,
    out: str | Path | None = None,
    show_dir: str | Path | None = None,
    worst: int = 8,
) -> Evaluation:
    """Score a CSV of masks against reference masks.

    Args:
        prediction: CSV of masks, ``image_name,class,rle``; or a table of scores, without reference.
        reference: Folder of JSON files, or a second CSV of masks.
        against: A second CSV, or table of scores, of the same images to compare with.
        scores: Names of scores: ``dice``, ``iou``, ``precision``, ``recall``, ``hd95``, ``assd``,
            ``surface_dice``. The first one ranks images. Default: all that can be computed.
        tolerances: Tolerances of the surface Dice. Default: 2 pixels, or 0.5 mm with a spacing.
        spacing: Height and width of a pixel in mm, or one number for both.
        size: Height and width of all images, where neither the reference nor ``images`` tells.
        images: Folder of the images: tells sizes and patients, and is drawn on.
        classes: Class names in order. Default: the bones of the hand where all classes of the CSV
            are bones, else the classes of the CSV.
        skip_labels: Labels in JSON files to leave out.
        common: Score the images that both sides have, where others would be an error.
        out: CSV to write, one row for each image and class.
        show_dir: Folder to draw the worst images into; needs ``images``.
        worst: Number of images to draw.

    Returns:
        The scores.

    Raises:
        FileNotFoundError: If a file or folder does not exist.
        HandboneError: If a file is not valid, images or classes do not fit, or a setting makes no
            sense. The message names the file and says what to do.
        OSError: If a result cannot be written.

    Example:
        >>> evaluation = evaluate('submission.csv', 'data/test/outputs_json', scores=['dice'])
        >>> evaluation.means['dice']
        0.9712
        >>> print(evaluation.text(worst=3))
    """
    for place in (prediction, reference, against, images):
        if place and not Path(place).exists():
            raise FileNotFoundError(f'{place}: no such file or folder')
    prediction, other = Path(prediction), Path(against) if against else None
    if prediction.is_dir():
        raise HandboneError(f'{prediction} is a folder; the first argument is the CSV to score.')
    if worst < 0:
        raise HandboneError(f'--worst is a number of images from 0 on, got {worst}.')
    lengths = _spacing(spacing)
    if reference is None:
        given = {
            '--metrics': scores,
            '--tolerance': tolerances,
            '--size': size,
            '--images': images,
            '--classes': classes,
            '--skip-labels': skip_labels,
            '--show-dir': show_dir,
        }
        _check_no_masks(prediction, [option for option, value in given.items() if value])
        unit = 'px' if lengths is None else 'mm'
        tables = _read_tables([prediction, *([other] if other else [])], unit, common)
        pictures: list[Path] = []
        notes: tuple[str, ...] = ()
    else:
        folder = Path(images) if images else None
        scorer = MaskScorer(
            prediction, Path(reference), other, size, folder, classes, skip_labels, common
        )
        drawn = show_dir is not None
        names, limits, notes = scorer.choose_scores(scores, tolerances, lengths, drawn)
        tables = scorer.score(names, limits, lengths)
        pictures = scorer.draw_worst(Path(show_dir), tables[0], worst) if show_dir else []
    if out:
        write_scores(tables[0], Path(out))
    return Evaluation(tables[0], tables[1] if other else None, tuple(pictures), notes)


def _warnings(table: ScoreTable, num_patients: int) -> list[str]:
    """Say what a reader of the table should know."""
    lines = []
    if num_patients < FEW_PATIENTS:
        lines.append(f'Intervals from fewer than {FEW_PATIENTS} patients are too narrow.')
    elif num_patients == len(table.images):
        lines.append(
            'Every image counts as a patient; if that is wrong, the intervals are too narrow.'
        )
    empty = max(int(np.isinf(scores).sum()) for scores in table.scores.values())
    if empty:
        lines.append(
            f'One empty: in {empty} cases one of the masks is empty, so there is no distance. They '
            'are left out of the mean distances; the other scores count them as 0.'
        )
    if table.mean(table.ranking) < UNRELATED and table.ranking in OVERLAP_SCORES:
        lines.append(
            'Masks and reference hardly touch: were they made for images of a different size?'
        )
    return lines


def _spacing(spacing: float | Sequence[float] | None) -> tuple[float, float] | None:
    if spacing is None:
        return None
    lengths = np.atleast_1d(np.asarray(spacing, np.float64)).tolist()
    if not 1 <= len(lengths) <= 2 or not all(0 < length < np.inf for length in lengths):
        raise HandboneError(f'--spacing is one or two lengths above 0, got {lengths}.')
    return lengths[0], lengths[-1]


def _check_no_masks(prediction: Path, given: Sequence[str]) -> None:
    """Refuse settings of masks where there are none."""
    if given:
        raise HandboneError(
            f'{", ".join(given)} {"needs" if len(given) == 1 else "need"} masks and a REFERENCE; '
            f'{prediction} is given alone, as a table of scores.'
        )


def _read_tables(paths: Sequence[Path], unit: str, common: bool) -> list[ScoreTable]:
    """Read one or two tables of scores, of the same images."""
    tables = []
    for path in paths:
        if not is_score_file(path):
            raise HandboneError(
                f'{path} is not a table of scores. Give a REFERENCE to score masks against: a '
                f'folder of JSON files or a CSV. {HINT}'
            )
        tables.append(_with_patients(read_score_file(path, GROUPS, unit)))
    if len(tables) == 1:
        return tables
    first, second = tables
    if first.classes != second.classes or set(first.scores) != set(second.scores):
        raise HandboneError(f'{paths[0]} and {paths[1]} have different classes or scores.')
    keys, others = (list(map(normal_form, table.images)) for table in tables)
    row_of = {image: row for row, image in enumerate(others)}
    rows = [row for row, image in enumerate(keys) if image in row_of]
    if not rows or (len({*keys, *others}) > len(rows) and not common):
        raise HandboneError(
            f'{paths[0]} has {len(first.images)} images, {paths[1]} {len(second.images)}, both '
            f'have {len(rows)}. Compare tables of the same images, or add --common.'
        )
    return [first.chosen(rows), second.chosen([row_of[keys[row]] for row in rows])]


def _with_patients(table: ScoreTable) -> ScoreTable:
    """Find the patients where a table does not tell them: by the folders of the images."""
    if table.patients != table.images:
        return table
    try:
        names = name_images(table.images, 'path')
    except ValueError:  # these are not paths below one folder
        return table
    return replace(table, patients=tuple(patient_of(name) for name in names))
