"""``handbone publish``: turn a checkpoint of a training into a file to share."""

import argparse

from .arguments import add_allow_pickle, add_precision


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Write weights to share, as safetensors.'
    parser.add_argument('checkpoint', help='checkpoint file, or the work dir of a training')
    parser.add_argument(
        '--out', metavar='FILE', help='file to write (default: beside the checkpoint)'
    )
    parser.add_argument(
        '--thresholds',
        metavar='FILE',
        help='thresholds to publish with them, as `handbone tune-thresholds` writes them',
    )
    add_precision(parser, ('fp32', 'fp16'), 'fp16: a file of half the size (default: fp32)')
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Publish.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.publishing import publish
    from handbone.checkpoints import find_checkpoint

    print(
        publish(
            find_checkpoint(args.checkpoint),
            args.out,
            args.thresholds,
            args.precision or 'fp32',
        )
    )
