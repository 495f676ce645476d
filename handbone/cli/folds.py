"""``handbone folds``: divide patients into folds that are alike."""

import argparse
from pathlib import Path

from .arguments import (
    add_config_options,
    add_patient_pattern,
    add_reader_options,
    add_renaming,
    add_source_format,
)

EPILOG = 'example: handbone folds data/phantom --folds 5 --by sex,height,bend --out folds.csv'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Divide the patients of a dataset of any format into folds in which classes, their areas '
        'and further attributes are as frequent as in all images.'
    )
    parser.epilog = EPILOG
    parser.add_argument(
        'data', help='file or folder of the labels, or a config, whose training images are taken'
    )
    parser.add_argument('--folds', type=int, default=5, help='number of folds (default: 5)')
    parser.add_argument(
        '--by',
        help='attributes to balance, with commas: side, bend, and columns of the table (default: '
        'side, bend, sex, age and height, as far as they are known)',
    )
    parser.add_argument(
        '--table',
        type=Path,
        help='CSV of patients (default: patients.csv in the folder, without --patient-pattern)',
    )
    parser.add_argument(
        '--out', type=Path, default=Path('folds.csv'), help='CSV to write (default: folds.csv)'
    )
    parser.add_argument('--report', type=Path, help='write the share of every value in every fold')
    add_source_format(parser)
    add_renaming(parser)
    add_reader_options(parser)
    add_patient_pattern(parser)
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Make the folds.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.fold_making import make_folds

    folds = make_folds(
        args.data,
        args.folds,
        [name.strip() for name in args.by.split(',')] if args.by else None,
        args.table,
        args.classes,
        args.out,
        args.cfg_options or (),
        args.source_format,
        args.images,
        args.patient_pattern,
        dict(args.read),
        dict(args.rename),
        tuple(args.skip),
        args.report,
    )
    print(folds.text())
    print(args.out)
