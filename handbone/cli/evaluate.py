"""``handbone evaluate``: score a CSV of masks, and compare two of them."""

import argparse
from pathlib import Path

from handbone.evaluation.score_names import OVERLAP_SCORES, SURFACE_SCORES

from .arguments import name_pair


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Score a CSV of masks (image_name,class,rle) against JSON files or another CSV.'
    )
    parser.epilog = (
        'Empty masks: where prediction and reference are both empty, scores are 1 and distances '
        '0. Where one is empty, scores are 0 (Dice and IoU nearly) and distances infinite: these '
        'are counted as "One empty" and left out of the mean distances.'
    )
    parser.add_argument('prediction', type=Path, help='CSV of masks, or a table of scores')
    parser.add_argument(
        'reference',
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
        '--spacing', type=float, nargs='+', help='mm per pixel, one number or height and width'
    )
    parser.add_argument(
        '--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'), help='size of all images'
    )
    parser.add_argument('--images', type=Path, help='folder of images: sizes, patients, pictures')
    parser.add_argument('--classes', nargs='+', help='class names (default: those of the CSV)')
    parser.add_argument('--skip-labels', nargs='+', default=(), help='labels of JSON to leave out')
    parser.add_argument(
        '--unknown-file',
        type=Path,
        metavar='CSV',
        help='image_name,class of classes that are unknown in an image, which are not scored in it',
    )
    parser.add_argument(
        '--unknown-labels',
        nargs='+',
        type=name_pair,
        default=(),
        metavar='LABEL=CLASS',
        help='labels of JSON for places in which a class is unknown; its pixels do not count there',
    )
    parser.add_argument('--common', action='store_true', help='score the images that both have')
    parser.add_argument(
        '--overlap',
        nargs='*',
        metavar='CLASS+CLASS',
        help='also score within the overlap of these pairs of classes; adjacent-bones for those of '
        'RAM-H1200 (default: the pairs that overlap in the reference)',
    )
    parser.add_argument(
        '--by',
        help='also give the scores by these attributes of the images, with commas: side, bend, and '
        'columns of the table of patients',
    )
    parser.add_argument(
        '--table', type=Path, help='CSV of patients, as `handbone metadata` writes it'
    )
    parser.add_argument('--out', type=Path, help='write a row for each image and class to this CSV')
    parser.add_argument('--overlap-out', type=Path, help='write a row for each image and pair')
    parser.add_argument('--worst', type=int, default=8, help='worst images to list (default: 8)')
    parser.add_argument('--show-dir', type=Path, help='draw the worst images into this folder')
    parser.add_argument('--against', type=Path, help='another CSV of the same images to compare')


def run(args: argparse.Namespace) -> None:
    """Score.

    Args:
        args: The parsed command line.
    """
    from handbone.scoring import evaluate

    evaluation = evaluate(
        args.prediction,
        args.reference,
        against=args.against,
        scores=[name.strip() for name in args.metrics.split(',')] if args.metrics else None,
        tolerances=args.tolerance,
        spacing=args.spacing,
        size=args.size,
        images=args.images,
        classes=args.classes,
        skip_labels=args.skip_labels,
        unknown_file=args.unknown_file,
        unknown_labels=dict(args.unknown_labels),
        common=args.common,
        overlap='all' if args.overlap == [] else args.overlap,
        by=[name.strip() for name in args.by.split(',')] if args.by else (),
        patients=args.table,
        out=args.out,
        overlap_out=args.overlap_out,
        show_dir=args.show_dir,
        worst=args.worst,
    )
    print(evaluation.text(args.worst))
    if args.against:
        print(f'\nDifference to {args.against}:\n{evaluation.comparison()}')
