"""``handbone view``: look at images with truth and predictions in a browser."""

import argparse
from pathlib import Path

from .arguments import add_allow_pickle, add_models, add_renaming, add_source_format

EPILOG = """\
examples:
  handbone view data/phantom/test work_dirs/demo/submission.csv
  handbone view data/phantom/test --model configs/demo.py work_dirs/demo
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Show images with their labels and with predictions side by side, and where these differ, '
        'on a page in the browser. The data are not changed.'
    )
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        'source',
        nargs='+',
        type=Path,
        help='labelled data of any format, folders of images, work dirs of trainings, CSV files of '
        'masks and archives',
    )
    add_models(parser, 'they predict while the page is open')
    parser.add_argument('--device', help='where models predict (default: a GPU if there is one)')
    add_allow_pickle(parser)
    add_source_format(parser)
    add_renaming(parser)
    parser.add_argument(
        '--table',
        type=Path,
        help='CSV of patients, as `handbone metadata` writes it, to filter by',
    )
    parser.add_argument(
        '--findings',
        type=Path,
        metavar='FOLDER',
        help='report of `handbone doctor` about the data, to filter by',
    )
    parser.add_argument(
        '--corrected',
        type=Path,
        metavar='DATA',
        help='labels that came back from an annotation tool, shown as one more layer',
    )
    parser.add_argument(
        '--marks',
        type=Path,
        metavar='CSV',
        help='file of the marks that are set on the page (default: SOURCE.marks.csv, beside the '
        'first source)',
    )
    parser.add_argument(
        '--export-dir',
        type=Path,
        metavar='DIR',
        help='where marked images are exported to (default: SOURCE.marks)',
    )
    parser.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen on; 0.0.0.0 lets other machines in, with a token '
        '(default: this machine only)',
    )
    parser.add_argument('--port', type=int, default=8421, help='port; 0 for a free one')
    parser.add_argument(
        '--name',
        nargs='+',
        default=(),
        help='further names under which others reach this machine, such as that of a proxy; '
        'they need the token',
    )
    parser.add_argument('--no-browser', action='store_true', help='only print the address')


def run(args: argparse.Namespace) -> None:
    """Show.

    Args:
        args: The parsed command line.
    """
    from handbone.datasets.formats.class_choice import ClassChoice
    from handbone.viewer.sources import Extras
    from handbone.viewer.viewing import view

    extras = Extras(args.table, args.findings, args.corrected, args.marks, args.export_dir)

    view(
        args.source,
        source_format=args.source_format,
        images=args.images,
        choice=ClassChoice(args.classes, dict(args.rename), tuple(args.skip)),
        host=args.host,
        port=args.port,
        names=tuple(args.name),
        extras=extras,
        models=args.models,
        device=args.device,
        open_browser=not args.no_browser,
    )
