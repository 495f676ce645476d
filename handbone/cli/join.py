"""``handbone join``: put the networks of a cascade into one checkpoint."""

import argparse

from .arguments import add_allow_pickle, add_config_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Put the networks of a cascade into one checkpoint.'
    parser.add_argument('config', help='configuration file of the cascade')
    parser.add_argument(
        'checkpoints',
        nargs='+',
        metavar='CHECKPOINT',
        help='checkpoint or work dir of each network in the order in which they run: the locator '
        'and the network that labels; or the first stage and the network of each group of '
        'regions. Work dirs of `handbone train-folds` are joined fold by fold',
    )
    parser.add_argument(
        '--out', required=True, metavar='PATH', help='the checkpoint to write; of folds, the folder'
    )
    parser.add_argument(
        '--last',
        action='store_true',
        help='of folds, take the last checkpoint; the best one, which is the default, was chosen '
        'on the held-out images',
    )
    add_config_options(parser)
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Join.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.fold_joining import has_folds, join_folds
    from handbone.apis.joining import join
    from handbone.configuration.config_file import read_config_file
    from handbone.errors import HandboneError

    of_folds = any(map(has_folds, args.checkpoints))
    if args.last and not of_folds:
        raise HandboneError(
            '--last is for work dirs of `handbone train-folds`: name the checkpoint'
        )
    cfg = read_config_file(args.config, args.cfg_options or ())
    if of_folds:
        join_folds(cfg, args.checkpoints, args.out, args.last)
    else:
        join(cfg, args.checkpoints, args.out)
    print(args.out)
