"""Train a model from a configuration file."""

import argparse

from handbone.apis.training import train
from handbone.cli.arguments import add_common_arguments, read_config
from handbone.cli.user_errors import user_errors_in_one_line
from handbone.engine.acceleration import (
    DTYPES,
    use_amp,
    use_compile,
)


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/train.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Train a multilabel segmentor')
    parser.add_argument('config', help='configuration file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='go on from the newest checkpoint of the work dir, or from the given one',
    )
    parser.add_argument(
        '--amp',
        nargs='?',
        const='bf16',
        choices=list(DTYPES),
        help='mixed precision, by default in bfloat16; fp16 is for GPUs that lack it',
    )
    parser.add_argument(
        '--compile', action='store_true', help='compile the network with torch.compile'
    )
    parser.add_argument(
        '--from-scratch', action='store_true', help='do not load pretrained weights'
    )
    add_common_arguments(parser)
    args = parser.parse_args(arguments)

    cfg = read_config(args)
    if args.from_scratch:
        cfg.from_scratch = True
    if args.amp:
        use_amp(cfg, args.amp)
    if args.compile:
        use_compile(cfg)
    if args.resume:
        cfg.resume = True
        if args.resume == 'auto':
            # where there is no checkpoint yet, the training starts as it would without --resume
            cfg.start_from, cfg.load_from = cfg.get('load_from'), None
        else:
            cfg.load_from = args.resume
    train(cfg)
