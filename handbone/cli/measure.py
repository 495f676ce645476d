"""``handbone measure``: bone lengths and the cardiothoracic ratio."""

import argparse
from pathlib import Path

from handbone.errors import counted

#: Reasons that are printed; those of all rows are in the file.
REASONS_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Measure the length of every bone in mm and, where there are heart and lungs, the '
        'cardiothoracic ratio. Where spacing or mask cannot be trusted, the file says why instead.'
    )
    parser.add_argument('masks', type=Path, help='CSV of masks, or folder of JSON files')
    parser.add_argument('--out', type=Path, required=True, metavar='CSV', help='file to write')
    parser.add_argument('--images', type=Path, help='folder of the images: sizes and spacing')
    parser.add_argument('--classes', nargs='+', help='class names (default: those of the CSV)')
    parser.add_argument(
        '--spacing',
        type=float,
        nargs='+',
        help='mm per pixel at the bone, one number or height and width (default: of the images)',
    )
    parser.add_argument(
        '--magnification',
        type=float,
        metavar='FACTOR',
        help='how much larger the detector sees the bones, where the files state the spacing of '
        'the detector only',
    )
    parser.add_argument(
        '--size', type=int, nargs=2, metavar=('HEIGHT', 'WIDTH'), help='size of all images'
    )


def run(args: argparse.Namespace) -> None:
    """Measure.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.measuring import measure

    measured = measure(
        args.masks,
        args.out,
        args.images,
        args.classes,
        args.spacing,
        args.magnification,
        args.size and tuple(args.size),
    )
    refused = sum(measured.refused.values())
    print(
        f'{counted(measured.images, "image")}: {measured.measured} values, {refused} refused: '
        f'{args.out}'
    )
    for reason, count in list(measured.refused.items())[:REASONS_SHOWN]:
        print(f'{count} x {reason}')
