"""``handbone configs``: list or print the configs of the package."""

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'List the configs of the package, or print one with its _base_ files merged.'
    )
    parser.epilog = 'example: handbone configs upernet_swin_1536 > mine.py'
    parser.add_argument('name', nargs='?', help='the config to print; without it, list the names')


def run(args: argparse.Namespace) -> None:
    """List or print.

    Args:
        args: The parsed command line.

    Raises:
        SystemExit: With 2 for an unknown name.
    """
    from handbone.configuration.shipped import config_names, flattened_config

    if args.name is None:
        print('\n'.join(config_names()))
        return
    try:
        print(flattened_config(args.name), end='')
    except KeyError as error:
        print(error.args[0], file=sys.stderr)
        sys.exit(2)
