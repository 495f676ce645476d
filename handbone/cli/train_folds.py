"""Train the folds of a cross-validation, each in a process of its own."""

import argparse
import signal
import sys

from handbone.apis.fold_training import FoldTraining
from handbone.cli.user_errors import user_errors_in_one_line
from handbone.errors import HandboneError


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/train_folds.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(
        description='Train the folds of a cross-validation; further options go to tools/train.py'
    )
    parser.add_argument('config', help='configuration file')
    parser.add_argument('--work-dir', required=True, help='folder of fold_0, fold_1, …')
    parser.add_argument('--folds', type=int, default=5, help='number of folds (default 5)')
    parser.add_argument('--fold-list', help='the folds to train here, as 0,1 (default: all)')
    parser.add_argument('--gpus', help='GPUs to spread the folds over, as 0,1')
    parser.add_argument(
        '--jobs', type=int, help='folds in training at a time (default: one, or one a GPU)'
    )
    parser.add_argument('--cfg-options', nargs='+', default=[], help='settings, as key=value')
    args, rest = parser.parse_known_args(arguments)
    folds = _numbers(args.fold_list, '--fold-list') if args.fold_list else list(range(args.folds))
    gpus = list(map(str, _numbers(args.gpus, '--gpus'))) if args.gpus else [None]
    jobs = args.jobs if args.jobs is not None else len(gpus)
    if jobs < 1:
        raise HandboneError(f'--jobs is at least 1, got {jobs}')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folds are stopped too
    training = FoldTraining(args.config, args.work_dir, args.folds, args.cfg_options, rest)
    training.train(folds, [gpus[number % len(gpus)] for number in range(jobs)])


def _numbers(text: str, option: str) -> list[int]:
    words = text.split(',')
    if not all(word.strip().isdecimal() for word in words) or len(set(words)) < len(words):
        raise HandboneError(f'{option} takes different numbers with commas, as 0,1; got {text}')
    return [int(word) for word in words]
