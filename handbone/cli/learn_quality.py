"""``handbone learn-quality``: learn to predict Dice without a truth."""

import argparse
from pathlib import Path

from handbone.errors import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Learn to predict the Dice of masks without a truth, from images with one that the network '
        'was not trained on. Give the result to handbone predict or predict-archive as --quality.'
    )
    parser.add_argument(
        'tables',
        type=Path,
        nargs='+',
        metavar='TRUST.csv',
        help='what `handbone predict --write trust` wrote, in a cross-validation one per fold',
    )
    parser.add_argument(
        '--scores',
        type=Path,
        nargs='+',
        required=True,
        metavar='CSV',
        help='what `handbone evaluate --out` wrote of them, one file for each table',
    )
    parser.add_argument('--out', type=Path, required=True, metavar='FILE', help='file to write')


def run(args: argparse.Namespace) -> None:
    """Learn.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.quality_learning import learn_quality

    found = learn_quality(args.tables, args.scores, args.out).ranking
    print(
        f'{counted(found.number, "image")} of {counted(found.patients, "patient")}, each patient '
        'held out once:'
    )
    print(f'rank correlation of predicted and true Dice {found.masks:.3f} over masks')
    print(f'  {found.within_class:.3f} within a class, {found.images:.3f} over images')
    print(f'mean error {found.error:.4f}')
    print(args.out)
