"""``handbone make-phantom``: write a dataset of synthetic hand radiographs."""

import argparse
import sys

from handbone.errors import counted
from handbone.phantom.presets import PRESETS

from .argument_types import at_least_one

EPILOG = 'example: handbone make-phantom data/phantom --train 300 --test 60 --size 1024 --workers 2'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Write a dataset of synthetic hand radiographs in the layout of the hand-bone data.'
    )
    parser.epilog = EPILOG
    parser.add_argument('root', help='folder of the dataset')
    parser.add_argument('--train', type=int, default=300, help='training images (default: 300)')
    parser.add_argument('--test', type=int, default=60, help='test images (default: 60)')
    parser.add_argument('--size', type=int, default=2048, help='side in pixels (default: 2048)')
    parser.add_argument('--seed', type=int, default=0, help='seed (default: 0)')
    parser.add_argument(
        '--preset',
        choices=sorted(PRESETS),
        default='default',
        help='shift bends more wrists in the test images than in training; wild draws any film, '
        'placement, age and object (default: default)',
    )
    parser.add_argument(
        '--no-test-truth', action='store_true', help='write no polygons of the test images'
    )
    parser.add_argument(
        '--faults',
        nargs='+',
        metavar='FAULT',
        help='plant faults, which faults.csv lists: all, or names such as swapped and missing '
        '(docs/phantoms.md)',
    )
    parser.add_argument(
        '--fault-share',
        type=float,
        default=0.3,
        metavar='SHARE',
        help='share of the images with a fault, 0 to 1 (default: 0.3)',
    )
    parser.add_argument('--workers', type=at_least_one, default=1, help='processes (default: 1)')


def run(args: argparse.Namespace) -> None:
    """Write the dataset.

    Args:
        args: The parsed command line.
    """
    from handbone.phantom import FaultSettings, write_dataset
    from handbone.phantom.faults import FAULTS

    faults = None
    if args.faults:
        kinds = tuple(FAULTS) if args.faults == ['all'] else tuple(args.faults)
        faults = FaultSettings(kinds, args.fault_share)
    try:
        written = write_dataset(
            args.root,
            args.train,
            args.test,
            seed=args.seed,
            size=args.size,
            preset=PRESETS[args.preset],
            test_truth=not args.no_test_truth,
            workers=args.workers,
            progress=True,
            faults=faults,
        )
    except KeyboardInterrupt:
        sys.exit('interrupted; run the same command again to continue')
    print(f'{counted(written, "image")} written to {args.root}')
