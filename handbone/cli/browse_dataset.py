"""``handbone browse-dataset``: show what the network sees."""

import argparse

from handbone.errors import counted

from .argument_types import at_least_one
from .arguments import add_config_options, add_out_dir

EPILOG = 'example: handbone browse-dataset configs/demo.py --out-dir work_dirs/browse --number 20'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Draw images after augmentation, with their labels.'
    parser.epilog = EPILOG
    parser.add_argument('config', help='configuration file')
    add_out_dir(parser, 'folder of the pictures', '--output-dir')
    parser.add_argument(
        '--number',
        type=at_least_one,
        help='number of pictures; after the last image it starts over, with new augmentations '
        '(default: one per image)',
    )
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='dataset of which dataloader (default: train)',
    )
    parser.add_argument(
        '--tiles',
        action='store_true',
        help='draw whole tissue sections with their tiles instead: which are left out, and why',
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the augmentation (default: 0)')
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Draw.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.browsing import browse_dataset
    from handbone.apis.tile_browsing import browse_tiles
    from handbone.configuration.config_file import read_config_file

    cfg = read_config_file(args.config, args.cfg_options or ())
    if args.tiles:
        written, kept, total = browse_tiles(cfg, args.split, args.out_dir, args.number)
        print(f'{counted(written, "picture")} in {args.out_dir}: {kept} of {total} tiles are kept')
        return
    written = browse_dataset(cfg, args.split, args.out_dir, args.number, args.seed)
    print(f'{counted(written, "picture")} in {args.out_dir}')
