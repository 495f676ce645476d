"""Average the weights of checkpoints."""

import argparse

from handbone.apis.souping import (
    make_soup,
)
from handbone.checkpoints import find_checkpoint, unpickling
from handbone.cli.arguments import add_common_arguments, read_config
from handbone.cli.user_errors import user_errors_in_one_line
from handbone.errors import HandboneError


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/soup.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Average the weights of checkpoints')
    parser.add_argument('config', help='their configuration file')
    parser.add_argument('checkpoints', nargs='+', help='checkpoints or work dirs, at least two')
    parser.add_argument('--out', required=True, help='the checkpoint to write')
    parser.add_argument(
        '--method',
        choices=['uniform', 'greedy'],
        default='uniform',
        help='take all, or, from the best on, those that do not lower the Dice of validation',
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
    args = parser.parse_args(arguments)
    if args.launcher != 'none':
        raise HandboneError('a soup is made by one process: leave out --launcher')
    if args.update_batch_norm < 0:
        raise HandboneError(f'--update-batch-norm is not negative, got {args.update_batch_norm}')
    with unpickling(args.allow_pickle):
        checkpoints = [find_checkpoint(path) for path in args.checkpoints]
        chosen, dice = make_soup(
            read_config(args), checkpoints, args.out, args.method, args.update_batch_norm
        )
    scored = '' if dice is None else f', mean Dice {dice:.4f} on the validation images'
    print(f'{args.out}: {len(chosen)} of {len(checkpoints)} checkpoints{scored}')
