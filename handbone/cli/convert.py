"""``handbone convert``: a dataset from one format to another."""

import argparse
import sys
from functools import partial
from pathlib import Path

from handbone.datasets.formats.catalogue import FORMATS
from handbone.datasets.formats.image_placement import MODES
from handbone.progress import progress_bar

from .argument_types import key_value
from .arguments import add_reader_options, add_renaming, add_source_format


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = 'Convert a labelled dataset to a different format.'
    parser.epilog = 'formats:\n' + '\n'.join(
        f'  {name:14}{each.help}' for name, each in FORMATS.items()
    )
    parser.add_argument('source', type=Path, help='file or folder of the labels')
    parser.add_argument('target', type=Path, help='folder of the new dataset')
    parser.add_argument('--to', required=True, choices=FORMATS, metavar='FORMAT', help='its format')
    add_source_format(parser)
    add_renaming(parser)
    parser.add_argument(
        '--image-files',
        choices=MODES,
        default='link',
        help='what the new dataset gets: links to the images (default), copies, or none',
    )
    parser.add_argument(
        '--corrected',
        type=Path,
        metavar='DATA',
        help='labels that came back from an annotation tool, in any format; they replace those of '
        'the source in the images that they have',
    )
    add_reader_options(parser)
    parser.add_argument(
        '--write',
        nargs='+',
        type=key_value,
        default=(),
        metavar='KEY=VALUE',
        help='options of the format that is written',
    )


def run(args: argparse.Namespace) -> None:
    """Convert.

    Args:
        args: The parsed command line.

    Raises:
        SystemExit: With 1, after everything was written, if images had to be left out.
    """
    from handbone.datasets.formats.class_choice import ClassChoice
    from handbone.datasets.formats.conversion import convert

    conversion = convert(
        args.source,
        args.target,
        args.to,
        source_format=args.source_format,
        images=args.images,
        choice=ClassChoice(args.classes, dict(args.rename), tuple(args.skip)),
        image_files=args.image_files,
        corrected=args.corrected,
        reader_options=dict(args.read),
        writer_options=dict(args.write),
        progress=partial(progress_bar, description='Converting'),
    )
    print(conversion.text())
    if conversion.problems:
        sys.exit(1)
