"""``handbone train``: train a model from a configuration file."""

import argparse

from .arguments import add_common_arguments, add_precision, read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Train a multilabel segmentor.'
    parser.add_argument('config', help='configuration file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='continue from the newest checkpoint of the work dir, or from the given one',
    )
    add_precision(
        parser,
        ('auto', 'fp32', 'bf16', 'fp16'),
        'bf16 or fp16 (for GPUs without bf16) train in mixed precision, auto in bf16 where that is '
        'faster; default: as in the config',
        '--amp',
    )
    parser.add_argument(
        '--compile', action='store_true', help='compile the network with torch.compile'
    )
    parser.add_argument(
        '--from-scratch', action='store_true', help='do not load pretrained weights'
    )
    add_common_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Train.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.training import resume, train
    from handbone.engine.acceleration import use_compile

    cfg = read_config(args)
    if args.from_scratch:
        cfg.from_scratch = True
    if args.precision:
        cfg.precision = args.precision
    if args.compile:
        use_compile(cfg)
    if args.resume:
        resume(cfg, None if args.resume == 'auto' else args.resume)
    train(cfg)
