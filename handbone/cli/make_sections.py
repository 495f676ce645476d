"""``handbone make-sections``: write a dataset of synthetic tissue sections."""

import argparse
import sys

EPILOG = 'example: handbone make-sections data/tissue --train 25 --test 10 --size 3000'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Write a dataset of synthetic tissue sections, tiled TIFFs of five organs with a table of '
        'runs, in the layout of the HuBMAP competitions. After an interruption, the same command '
        'continues.'
    )
    parser.epilog = EPILOG
    parser.add_argument('root', help='folder of the dataset')
    parser.add_argument('--train', type=int, default=25, help='training sections (default: 25)')
    parser.add_argument('--test', type=int, default=10, help='test sections (default: 10)')
    parser.add_argument('--size', type=int, default=3000, help='side in pixels (default: 3000)')
    parser.add_argument('--seed', type=int, default=0, help='seed (default: 0)')


def run(args: argparse.Namespace) -> None:
    """Write the dataset.

    Args:
        args: The parsed command line.
    """
    from handbone.phantom.tissue.dataset import write_sections

    try:
        written = write_sections(
            args.root, args.train, args.test, args.seed, args.size, progress=True
        )
    except KeyboardInterrupt:
        sys.exit('interrupted; run the same command again to continue')
    print(f'{written} sections written to {args.root}')
