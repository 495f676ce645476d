"""``handbone soup``: average the weights of checkpoints."""

import argparse

from handbone.errors import HandboneError

from .arguments import add_common_arguments, read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Average the weights of checkpoints.'
    parser.add_argument('config', help='their configuration file')
    parser.add_argument('checkpoints', nargs='+', help='checkpoints or work dirs, at least two')
    parser.add_argument('--out', required=True, metavar='FILE', help='the checkpoint to write')
    parser.add_argument(
        '--method',
        choices=['uniform', 'greedy'],
        default='uniform',
        help='take all (default), or, from the best one down, those that do not lower the Dice of '
        'the validation images',
    )
    parser.add_argument(
        '--update-batch-norm',
        type=int,
        default=0,
        metavar='N',
        help='measure the statistics of BatchNorm with N training images, or the few more that '
        'fill the last batch (default: average them)',
    )
    parser.add_argument('--work-dir', help='where the log and the tables go')
    add_common_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Average.

    Args:
        args: The parsed command line.

    Raises:
        HandboneError: If the options do not fit each other.
    """
    if args.launcher != 'none':
        raise HandboneError('a soup is made by one process: leave out --launcher')
    if args.update_batch_norm < 0:
        raise HandboneError(
            f'--update-batch-norm is a number of images from 0 on, got {args.update_batch_norm}'
        )
    from handbone.apis.souping import make_soup
    from handbone.checkpoints import find_checkpoint

    checkpoints = [find_checkpoint(path) for path in args.checkpoints]
    chosen, dice = make_soup(
        read_config(args), checkpoints, args.out, args.method, args.update_batch_norm
    )
    scored = '' if dice is None else f', mean Dice {dice:.4f} on the validation images'
    print(f'{args.out}: {len(chosen)} of {len(checkpoints)} checkpoints{scored}')
