"""Score a submission against reference masks, or a second one, or read its scores."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from handbone.errors import HandboneError
from handbone.evaluation.pair_names import PairName
from handbone.evaluation.score_files import write_scores
from handbone.evaluation.score_table import ScoreTable
from handbone.evaluation.surface_distance import pixel_lengths
from handbone.kept_inputs import keep_inputs
from handbone.metadata.patient_table import read_patient_table

from .evaluation import Evaluation
from .mask_scores import MaskScorer
from .overlaps import score_overlaps
from .reference_masks import Size
from .score_groups import check_attributes, image_values
from .written_scores import read_tables

#: Note where there is nothing to score.
NO_OVERLAP = 'No pair of classes overlaps in the reference masks, so no overlap is scored.'


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
    unknown_file: str | Path | None = None,
    unknown_labels: Mapping[str, str] | None = None,
    common: bool = False,
    overlap: str | Sequence[PairName] | None = None,
    by: Sequence[str] = (),
    patients: str | Path | None = None,
    out: str | Path | None = None,
    overlap_out: str | Path | None = None,
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
        unknown_file: CSV ``image_name,class`` of classes that are unknown in single images, beside
            those that JSON files list in ``attributes.unknown_classes``. They are not scored there.
        unknown_labels: Class by label in JSON files: where such a label is, the pixels of the class
            count neither in the prediction nor in the reference.
        common: Score the images that both sides have, where others would be an error.
        overlap: Also score Dice and surface Dice within the overlap of pairs of classes:
            ``['Radius+Scaphoid', …]``, ``'adjacent-bones'``, or ``'all'`` for those that overlap in
            the reference masks.
        by: Attributes of images to give the scores by: ``side``, ``bend`` of the wrist, and columns
            of the table of patients.
        patients: CSV of patients, as ``handbone metadata`` writes it.
        out: CSV to write, one row for each image and class.
        overlap_out: CSV to write, one row for each image and pair.
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
    _check_places(prediction, reference, against, images, patients, unknown_file)
    keep_inputs(
        [out, overlap_out], [prediction, reference, against, images, patients, unknown_file]
    )
    if worst < 0:
        raise HandboneError(f'--worst is a number of images from 0 on, got {worst}.')
    if overlap_out and not overlap:
        raise HandboneError('--overlap-out writes what --overlap scores; add it.')
    prediction, other = Path(prediction), Path(against) if against else None
    lengths = None if spacing is None else pixel_lengths(spacing)
    people = read_patient_table(patients) if patients else None
    check_attributes(by, people, masks=reference is not None)
    scorer: MaskScorer | None = None
    overlaps: list[ScoreTable] = []
    pictures: list[Path] = []
    notes: tuple[str, ...] = ()
    if reference is None:
        of_masks = {
            '--metrics': scores,
            '--tolerance': tolerances,
            '--size': size,
            '--images': images,
            '--classes': classes,
            '--skip-labels': skip_labels,
            '--unknown-file': unknown_file,
            '--unknown-labels': unknown_labels,
            '--overlap': overlap,
            '--show-dir': show_dir,
        }
        _check_no_masks(prediction, [option for option, value in of_masks.items() if value])
        unit = 'px' if lengths is None else 'mm'
        tables = read_tables([prediction, *([other] if other else [])], unit, common)
    else:
        scorer = MaskScorer(
            prediction,
            Path(reference),
            other,
            size,
            Path(images) if images else None,
            classes,
            skip_labels,
            common,
            unknown_file or '',
            unknown_labels,
        )
        names, limits, notes = scorer.choose_scores(
            scores, tolerances, lengths, show_dir is not None, bool(overlap)
        )
        tables = scorer.score(names, limits, lengths)
        if overlap:
            pairs = None if overlap == 'all' else overlap
            overlaps = score_overlaps(scorer, pairs, limits, lengths) or []
            notes += () if overlaps else (NO_OVERLAP,)
        if show_dir:
            pictures = scorer.draw_worst(Path(show_dir), tables[0], worst)
    values = image_values(by, tables[0], people, scorer)
    if out:
        write_scores(tables[0], Path(out))
    if overlap_out and overlaps:
        write_scores(overlaps[0], Path(overlap_out))
    return Evaluation(
        *(tables[0], tables[1] if other else None),
        *(overlaps[0] if overlaps else None, overlaps[1] if len(overlaps) > 1 else None),
        values,
        tuple(pictures),
        notes,
    )


def _check_places(prediction: str | Path, *others: str | Path | None) -> None:
    for place in (prediction, *others):
        if place and not Path(place).exists():
            raise FileNotFoundError(f'{place}: no such file or folder')
    if Path(prediction).is_dir():
        raise HandboneError(f'{prediction} is a folder; the first argument is the CSV to score.')


def _check_no_masks(prediction: Path, given: Sequence[str]) -> None:
    """Refuse settings of masks where there are none."""
    if given:
        raise HandboneError(
            f'{", ".join(given)} {"needs" if len(given) == 1 else "need"} masks and a REFERENCE; '
            f'{prediction} is given alone, as a table of scores.'
        )
