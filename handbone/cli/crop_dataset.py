"""``handbone crop-dataset``: write the images of a dataset cropped to a region."""

import argparse

from handbone.errors import counted

from .arguments import add_config_options, add_out_dir

EPILOG = (
    'example: handbone crop-dataset configs/demo.py --classes Lunate Triquetrum Pisiform '
    '--out-dir data/wrist'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Write the images of a config, cropped to the box around some classes, as a dataset in the '
        'hand-bone layout.'
    )
    parser.epilog = EPILOG
    parser.add_argument('config', help='configuration file')
    add_out_dir(parser, 'folder of the new dataset', '--output-dir')
    parser.add_argument(
        '--classes',
        nargs='+',
        required=True,
        metavar='CLASS',
        help='classes whose box is the crop; the labels of all classes are kept in it',
    )
    parser.add_argument(
        '--margin',
        type=float,
        default=0.2,
        metavar='SHARE',
        help='space on each side of the box, as a share of its width and height (default: 0.2)',
    )
    parser.add_argument(
        '--min-classes',
        type=int,
        metavar='NUMBER',
        help='number of the classes that an image has to show (default: half of them)',
    )
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='dataset of which dataloader (default: train)',
    )
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Crop.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.dataset_cropping import crop_dataset
    from handbone.configuration.config_file import read_config_file

    cfg = read_config_file(args.config, args.cfg_options or ())
    crops = crop_dataset(cfg, args.out_dir, args.classes, args.margin, args.min_classes, args.split)
    print(
        f'{counted(crops.written, "crop")} in {args.out_dir}; '
        f'{counted(crops.left_out, "image does", "images do")} not show the region'
    )
