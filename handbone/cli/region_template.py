"""``handbone region-template``: where each class lies in an upright view."""

import argparse

from .arguments import add_config_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        "Learn the template of a cascade's region from the training images, and print it for the "
        'config.'
    )
    parser.add_argument('config', help='configuration file with the training images')
    parser.add_argument(
        '--mirror',
        action='store_true',
        help='mirror images that agree better with the others that way, as left and right hands do',
    )
    parser.add_argument(
        '--size',
        nargs=2,
        type=int,
        default=(1, 1),
        metavar=('WIDTH', 'HEIGHT'),
        help='shape of the view (default: square)',
    )
    parser.add_argument(
        '--margin',
        type=float,
        default=0.05,
        metavar='SHARE',
        help='space on each side of the view, as a share of it (default: 0.05)',
    )
    add_config_options(parser)


def run(args: argparse.Namespace) -> None:
    """Learn and print.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.region_template import region_template
    from handbone.configuration.config_file import read_config_file

    cfg = read_config_file(args.config, args.cfg_options or ())
    places = region_template(cfg, tuple(args.size), args.mirror, args.margin)
    print('template = [')
    for name, place in places.items():
        print(f'    {place},  # {name}')
    print(']')
