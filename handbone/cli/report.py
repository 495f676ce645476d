"""``handbone report``: scores, curves, worst images and differences as a page without a server."""

import argparse
from pathlib import Path

from .arguments import add_out_dir

EPILOG = 'example: handbone report work_dirs/demo/submission.csv data/phantom/test --out report'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Write a page that needs no server: scores by class and image, curves of the training, '
        'the worst images, and where two CSV files differ.'
    )
    parser.epilog = EPILOG
    parser.add_argument('source', type=Path, help='CSV of masks or scores, or a work dir')
    parser.add_argument(
        'truth', type=Path, nargs='?', help='folder of JSON files, or a CSV of masks'
    )
    add_out_dir(parser, 'gets index.html and the pictures', '--out', default=Path('report'))
    parser.add_argument('--against', type=Path, metavar='CSV', help='a second CSV to compare with')
    parser.add_argument(
        '--images', type=Path, help='folder of the images (default: DCM beside the labels)'
    )
    parser.add_argument('--classes', nargs='+', help='class names (default: those of the CSV)')
    parser.add_argument('--common', action='store_true', help='score the images that both have')
    parser.add_argument('--worst', type=int, default=12, help='pictures of each kind (default: 12)')


def run(args: argparse.Namespace) -> None:
    """Report.

    Args:
        args: The parsed command line.
    """
    from handbone.reports.report import write_report

    page = write_report(
        args.source,
        args.truth,
        out_dir=args.out_dir,
        against=args.against,
        images=args.images,
        classes=args.classes,
        common=args.common,
        worst=args.worst,
    )
    print(f'the page: {page}')
