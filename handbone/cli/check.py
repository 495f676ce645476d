"""``handbone check``: check the installation and this machine."""

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Check the installation and this machine, and name for each fault the command that '
        'corrects it. The exit status is 1 if something that handbone needs is wrong, and 2 if the '
        'config cannot be read.'
    )
    parser.add_argument('config', nargs='?', type=Path, help='a config that has to run here')


def run(args: argparse.Namespace) -> None:
    """Check.

    Args:
        args: The parsed command line.

    Raises:
        SystemExit: With the exit status.
    """
    from handbone.diagnosis.report import check

    sys.exit(check(args.config))
