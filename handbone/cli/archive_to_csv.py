"""``handbone archive-to-csv``: take the masks out of an archive."""

import argparse
from pathlib import Path

from handbone.errors import counted
from handbone.extras import import_extra

from .predict_archive import EXTRA


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Write the predictions of an archive as a CSV of masks.'
    parser.add_argument('archive', help='folder that `handbone predict-archive` wrote')
    parser.add_argument('--out', type=Path, required=True, metavar='CSV', help='file to write')
    parser.add_argument(
        '--images',
        type=Path,
        metavar='LIST',
        help='text file with the path of one image per line, as it was given; default: all images',
    )
    parser.add_argument(
        '--model',
        metavar='HASH',
        help='hash of the model, or its beginning; needed where several models have predicted',
    )


def run(args: argparse.Namespace) -> None:
    """Write the CSV.

    Args:
        args: The parsed command line.
    """
    for package in ('duckdb', 'pyarrow'):
        import_extra(package, EXTRA)
    from handbone.archive.folder import ArchiveFolder
    from handbone.archive.submission import write_submission

    written = write_submission(ArchiveFolder(args.archive), args.out, args.images, args.model)
    print(f'{counted(written.images, "image")}: {args.out}')
    if written.lacking:
        print(
            f'{counted(written.lacking, "image has", "images have")} no prediction, so they are '
            'not in the file'
        )
