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
        'and the network that labels; or the first stage and the network of each group of regions',
    )
    parser.add_argument('--out', required=True, metavar='FILE', help='the checkpoint to write')
    add_config_options(parser)
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Join.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.joining import join
    from handbone.checkpoints import unpickling
    from handbone.configuration.config_file import read_config_file

    with unpickling(args.allow_pickle):
        cfg = read_config_file(args.config, args.cfg_options or ())
        join(cfg, args.checkpoints, args.out)
    print(args.out)
