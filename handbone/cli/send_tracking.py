"""``handbone send-tracking``: send to MLflow what it did not take while a training ran."""

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Send to MLflow what it did not take while trainings ran, because its server was away.'
    )
    parser.add_argument('work_dir', type=Path, help='work dir of the trainings')
    parser.add_argument('--tracking-uri', help='where MLflow is; default: as in the training')


def run(args: argparse.Namespace) -> None:
    """Send.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.tracking import send_tracking

    for line in send_tracking(args.work_dir, args.tracking_uri):
        print(f'warning: {line}', file=sys.stderr)
    print(f'MLflow has everything of {args.work_dir}')
