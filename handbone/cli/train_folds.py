"""``handbone train-folds``: train the folds of a cross-validation, each in its own process."""

import argparse
import signal
import sys

from .argument_types import at_least_one, gpu_slots, numbers
from .arguments import add_allow_pickle, add_config_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Train the folds of a cross-validation. Further options are those of `handbone train`.'
    )
    parser.add_argument('config', help='configuration file')
    parser.add_argument('--work-dir', required=True, help='folder of fold_0, fold_1, …')
    parser.add_argument(
        '--folds', type=at_least_one, help='number of folds (default: those of the CSV, else 5)'
    )
    parser.add_argument(
        '--fold-file', help='CSV of `handbone folds`; a copy stays in the work dir and is used then'
    )
    parser.add_argument('--fold-list', help='the folds to train here, as 0,1 (default: all)')
    parser.add_argument('--gpus', help='GPUs to spread the folds over, as 0,1')
    parser.add_argument(
        '--jobs', type=int, help='folds to train at the same time (default: one, or one per GPU)'
    )
    add_config_options(parser)
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Train the folds.

    Args:
        args: The parsed command line; ``args.rest`` are words for ``handbone train``.

    Raises:
        HandboneError: If an option has a wrong value.
    """
    from handbone.apis.fold_training import FoldTraining
    from handbone.apis.kept_folds import number_of_folds

    number = args.folds or number_of_folds(args.work_dir, args.fold_file)
    folds = numbers(args.fold_list, '--fold-list') if args.fold_list else list(range(number))
    slots = gpu_slots(args.gpus, args.jobs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folds are stopped too
    words = [*args.rest, *(['--allow-pickle'] if args.allow_pickle else [])]
    training = FoldTraining(
        args.config, args.work_dir, number, args.cfg_options or (), words, args.fold_file
    )
    training.train(folds, slots)
