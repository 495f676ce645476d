"""``handbone doctor``: what may be wrong with a labelled dataset."""

import argparse
import sys
from functools import partial
from pathlib import Path

from handbone.progress import progress_bar

from .arguments import (
    add_out_dir,
    add_patient_pattern,
    add_reader_options,
    add_renaming,
    add_source_format,
)

EPILOG = 'example: handbone doctor data/phantom/train data/phantom/test --out doctor'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Look for faults in a labelled dataset: swapped names, missing classes, duplicates and '
        'others. Nothing is changed.'
    )
    parser.epilog = EPILOG
    parser.add_argument(
        'source', nargs='+', type=Path, help='file or folder of the labels; one for each split'
    )
    add_out_dir(
        parser, 'what gets the page, the tables and the pictures', '--out', default=Path('doctor')
    )
    add_source_format(parser)
    add_renaming(parser)
    add_reader_options(parser)
    add_patient_pattern(parser)
    parser.add_argument(
        '--predictions',
        type=Path,
        metavar='CSV',
        help='masks of a model for images that it was not trained on; where they disagree with the '
        'labels is reported',
    )
    parser.add_argument(
        '--table',
        type=Path,
        help='CSV of patients, as `handbone metadata` writes it, for the tables of the page',
    )
    parser.add_argument(
        '--unknown-file',
        type=Path,
        metavar='CSV',
        help='image_name,class of classes that are unknown in an image and so not missing in it',
    )
    parser.add_argument('--strict', action='store_true', help='end with 1 if anything was found')
    parser.add_argument(
        '--sure',
        type=float,
        default=0.0,
        metavar='SHARE',
        help='leave out findings that are less sure than this, 0 to 1 (default: 0)',
    )
    parser.add_argument(
        '--list',
        type=Path,
        dest='list_file',
        metavar='FILE',
        help='write the names of the images that can be read and are not among --rejected, as an '
        'ann_file for training',
    )
    parser.add_argument(
        '--rejected',
        type=Path,
        metavar='FILE',
        help='list of images that you rejected; the page saves one',
    )


def run(args: argparse.Namespace) -> None:
    """Examine.

    Args:
        args: The parsed command line.

    Raises:
        SystemExit: With 1, after everything was written, if ``--strict`` is set and anything was
            found.
    """
    from handbone.datasets.formats.class_choice import ClassChoice
    from handbone.doctor.doctor import doctor

    choice = ClassChoice(args.classes, dict(args.rename), tuple(args.skip))
    report = doctor(
        args.source,
        args.out_dir,
        source_format=args.source_format,
        images=args.images,
        choice=choice,
        reader_options=dict(args.read),
        least_confidence=args.sure,
        list_file=args.list_file,
        rejected=args.rejected,
        predictions=args.predictions,
        table=args.table,
        patient_pattern=args.patient_pattern,
        unknown_file=args.unknown_file,
        progress=partial(progress_bar, description='Reading'),
    )
    print(report.text())
    print(f'the page: {args.out_dir / "index.html"}')
    if args.strict and report.findings:
        sys.exit(1)
