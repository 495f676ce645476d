"""``handbone evaluate``: score a CSV of masks, and compare two of them."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handbone.bones import CLASSES, GROUPS, PALETTE
from handbone.datasets.classes import complete_metainfo
from handbone.errors import HandboneError
from handbone.evaluation.score_table import ScoreTable
from handbone.evaluation.scores import OVERLAP_SCORES, SURFACE_SCORES, check_scores, column_title
from handbone.scoring.mask_scores import Masks, score_masks
from handbone.scoring.reference_masks import (
    IMAGE_SUFFIXES,
    AnnotationTruth,
    NamedFiles,
    SubmissionTruth,
    Truth,
    match_names,
    num_pixels,
)
from handbone.scoring.score_comparison import comparison_tables, difference, verdict
from handbone.scoring.score_file import is_score_file, read_score_file
from handbone.scoring.worst_pictures import draw_worst, worst_text
from handbone.submissions import read_submission, submission_classes

#: Fewer patients than this give intervals that are clearly too narrow.
FEW_PATIENTS = 10
#: Draws of the bootstrap.
RESAMPLES = 10_000
#: Options that say how masks are scored, which a table of scores does not need.
OF_MASKS = (
    '--metrics',
    '--tolerance',
    '--size',
    '--images',
    '--classes',
    '--skip-labels',
    '--show-dir',
)
#: Below this mean, masks and truth have nothing to do with each other.
STRANGERS = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Score a CSV of masks (image_name,class,rle) against JSON files or another CSV.'
    )
    parser.epilog = (
        'Empty masks: where prediction and truth are both empty, scores are 1 and distances '
        '0. Where one is empty, scores are 0 (Dice and IoU nearly) and distances infinite: these '
        'are counted as "One empty" and left out of the mean distances.'
    )
    parser.add_argument('prediction', type=Path, help='CSV of masks, or a table of scores')
    parser.add_argument(
        'truth',
        type=Path,
        nargs='?',
        help='folder of JSON files, or a CSV of masks. Without it, the first argument is a table '
        'of scores: dice_per_image.csv of `handbone test`, or what --out wrote',
    )
    names = ','.join((*OVERLAP_SCORES, *SURFACE_SCORES))
    parser.add_argument('--metrics', help=f'scores, the first one ranks images (default: {names})')
    parser.add_argument(
        '--tolerance',
        type=float,
        nargs='+',
        help='tolerances of the surface Dice (default: 2 pixels; 0.5 mm with --spacing)',
    )
    parser.add_argument(
        '--spacing', type=float, nargs='+', help='mm a pixel, one number or height and width'
    )
    parser.add_argument(
        '--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'), help='size of all images'
    )
    parser.add_argument('--images', type=Path, help='folder of images: sizes, patients, pictures')
    parser.add_argument('--classes', nargs='+', help='class names (default: those of the CSV)')
    parser.add_argument('--skip-labels', nargs='+', default=(), help='labels of JSON to leave out')
    parser.add_argument('--common', action='store_true', help='score the images that both have')
    parser.add_argument('--out', type=Path, help='write a row for each image and class to this CSV')
    parser.add_argument('--worst', type=int, default=8, help='worst images to list (default: 8)')
    parser.add_argument('--show-dir', type=Path, help='draw the worst images into this folder')
    parser.add_argument('--against', type=Path, help='another CSV of the same images to compare')


def run(args: argparse.Namespace) -> None:
    """Score.

    Args:
        args: The parsed command line.
    """
    for path in filter(None, (args.prediction, args.truth, args.against)):
        if not path.exists():
            raise FileNotFoundError(f'{path}: no such file or folder')
    if args.prediction.is_dir():
        raise HandboneError(
            f'{args.prediction} is a folder; the first argument is the CSV to score.'
        )
    if args.worst < 0:
        raise HandboneError(f'--worst is a number of images from 0 on, got {args.worst}.')
    if args.truth is None:
        table, other = _score_files(args)
    else:
        submissions = _Submissions(args)
        table, other = submissions.score()
    _print_scores(table, args.worst)
    if args.out:
        table.write_csv(args.out)
    if args.show_dir:
        submissions.draw_worst(table)
    if other is not None:
        print(f'\nDifference to {args.against}:')
        print(comparison_tables(table, other, RESAMPLES))
        title = column_title(table.ranking, table.unit)
        print(verdict(difference(table, other, table.ranking, None, RESAMPLES), title))


def _score_files(args: argparse.Namespace) -> tuple[ScoreTable, ScoreTable | None]:
    """Read tables of scores."""
    given = [option for option in OF_MASKS if getattr(args, option[2:].replace('-', '_'))]
    if given:
        raise HandboneError(
            f'{", ".join(given)} {"needs" if len(given) == 1 else "need"} masks and a TRUTH; '
            f'{args.prediction} stands alone, as a table of scores.'
        )
    paths = [path for path in (args.prediction, args.against) if path]
    for path in paths:
        if not is_score_file(path):
            raise HandboneError(
                f'{path} is not a table of scores. Give a TRUTH to score masks against: a '
                'folder of JSON files or a CSV.'
            )
    unit = 'px' if args.spacing is None else 'mm'
    tables = [read_score_file(path, GROUPS, unit) for path in paths]
    if len(tables) == 1:
        return tables[0], None
    first, second = tables
    if first.classes != second.classes or set(first.scores) != set(second.scores):
        raise HandboneError(f'{paths[0]} and {paths[1]} have other classes or scores.')
    images = [image for image in first.images if image in set(second.images)]
    if not images or (len({*first.images, *second.images}) > len(images) and not args.common):
        raise HandboneError(
            f'{paths[0]} has {len(first.images)} images, {paths[1]} {len(second.images)}, both '
            f'have {len(images)}. Compare tables of the same images, or add --common.'
        )
    return first.chosen(images), second.chosen(images)


class _Submissions:
    """Masks, and those to compare them with, beside the truth.

    Args:
        args: The command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._metainfo = _metainfo(args)
        size = tuple(args.size) if args.size else None
        if size and min(size) < 1:
            raise HandboneError(f'--size is height and width in pixels, got {size}.')
        self._images = NamedFiles(args.images, IMAGE_SUFFIXES) if args.images else None
        if args.show_dir and self._images is None:
            raise HandboneError('--show-dir draws on the images: add --images FOLDER.')
        classes = self._metainfo['classes']
        if args.truth.is_dir():
            self._truth: Truth = AnnotationTruth(
                args.truth, classes, size, self._images, args.skip_labels
            )
        else:
            self._truth = SubmissionTruth(args.truth, classes, size, self._images)
        self._sets = [
            _read_masks(path, self._truth, args.common, classes)
            for path in (args.prediction, args.against)
            if path
        ]

    def score(self) -> tuple[ScoreTable, ScoreTable | None]:
        """Score the masks, and those to compare them with."""
        pairs = _shared_pairs(self._args, self._sets)
        if self._args.show_dir:
            self._check_images(list(pairs))
        settings = _settings(self._args, self._truth, list(pairs.values()))
        tables = []
        for masks, names in self._sets:
            name_of = {key: name for name, key in names.items()}
            chosen = {name_of[key]: key for key in pairs.values()}
            tables.append(score_masks(masks, chosen, self._truth, self._metainfo, *settings))
        return tables[0], tables[1] if self._args.against else None

    def draw_worst(self, table: ScoreTable) -> None:
        """Draw the images of the lowest scores."""
        args, rows = self._args, table.worst(self._args.worst)
        palette = self._metainfo['palette']
        draw_worst(args.show_dir, table, rows, self._sets[0][0], self._truth, self._images, palette)

    def _check_images(self, names: Sequence[str]) -> None:
        missing = [name for name in names if self._images.path(name) is None]
        if missing:
            raise HandboneError(
                f'{self._args.images} lacks {len(missing)} images that --show-dir may draw, the '
                f'first is {missing[0]!r}. Correct --images.'
            )


def _metainfo(args: argparse.Namespace) -> dict:
    """Find the classes, with their palette and groups: the bones where all of them are bones."""
    classes = tuple(args.classes or submission_classes(args.prediction))
    if not args.classes and set(classes) <= set(CLASSES):
        classes = CLASSES
    bones = dict(classes=CLASSES, palette=PALETTE, groups=GROUPS)
    given = dict(classes=classes)
    return complete_metainfo(bones | given, bones, given)


def _read_masks(
    path: Path, truth: Truth, common: bool, classes: Sequence[str]
) -> tuple[Masks, dict[str, str]]:
    """Read masks and pair their images with the truth."""

    def size_of(name: str) -> tuple[int, int] | None:
        key = truth.key(name)
        return None if key is None else truth.size(key)

    masks = read_submission(path, classes, num_pixels(size_of))
    return masks, match_names(path, masks, truth, common)


def _shared_pairs(
    args: argparse.Namespace, sets: Sequence[tuple[Masks, dict[str, str]]]
) -> dict[str, str]:
    """Keep the images that every set of masks has."""
    shared = set.intersection(*(set(names.values()) for _, names in sets))
    if not shared:
        raise HandboneError(f'{args.prediction} and {args.against} have no image in common.')
    return {name: key for name, key in sets[0][1].items() if key in shared}


def _settings(
    args: argparse.Namespace, truth: Truth, keys: Sequence[str]
) -> tuple[list[str], list[float], tuple[float, float] | None]:
    """Find scores, tolerances and spacing; surfaces need the size of the images."""
    spacing = None
    if args.spacing:
        if len(args.spacing) > 2 or min(args.spacing) <= 0:
            raise HandboneError(f'--spacing is one or two lengths above 0, got {args.spacing}.')
        spacing = (args.spacing[0], args.spacing[-1])
    names = (args.metrics or ','.join((*OVERLAP_SCORES, *SURFACE_SCORES))).split(',')
    names = [name.strip() for name in names]
    tolerances = args.tolerance or [2.0 if spacing is None else 0.5]
    check_scores(names, tolerances)
    surfaces = [name for name in names if name in SURFACE_SCORES]
    unknown = [key for key in keys if truth.size(key) is None] if surfaces or args.show_dir else []
    if 0 < len(unknown) < len(keys):
        raise HandboneError(
            f'{args.images} lacks {len(unknown)} images whose size is needed, the first is '
            f'{unknown[0]!r}. Add them, or --size HEIGHT WIDTH.'
        )
    if unknown:
        remedy = f'{args.truth} does not tell the size of the images: add --size HEIGHT WIDTH or'
        if args.metrics or args.show_dir:
            what = ', '.join(surfaces) or 'pictures'
            raise HandboneError(f'{remedy} --images FOLDER for {what}.')
        print(f'{remedy} --images FOLDER for {", ".join(surfaces)}.')
        names = list(OVERLAP_SCORES)
    return names, tolerances, spacing


def _print_scores(table: ScoreTable, worst: int) -> None:
    """Print the means with their intervals, the worst images, and what needs a word."""
    num_patients = len(set(table.patients))
    print(f'{len(table.images)} images of {num_patients} patients, {len(table.classes)} classes')
    print(table.means_table())
    print(f'95 % intervals: {num_patients} patients, drawn {RESAMPLES} times with replacement.')
    if num_patients < FEW_PATIENTS:
        print(f'Intervals from fewer than {FEW_PATIENTS} patients are too narrow.')
    elif num_patients == len(table.images):
        print('Every image counts as a patient; if that is wrong, the intervals are too narrow.')
    empty = {column: int(np.isinf(table.scores[column]).sum()) for column in table.scores}
    if any(empty.values()):
        print(
            f'One empty: in {max(empty.values())} cases one of the masks is empty, so there is no '
            'distance. They are left out of the mean distances; the other scores count them as 0.'
        )
    if table.mean(table.ranking) < STRANGERS and table.ranking in OVERLAP_SCORES:
        print('Masks and truth hardly touch: were they made for images of another size?')
    rows = table.worst(worst)
    if rows:
        print(f'Worst images by {column_title(table.ranking, table.unit)}:')
    for row in rows:
        print(f'  {table.images[row]}: {worst_text(table, row)}')
