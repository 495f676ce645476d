"""``handbone search``: search for the settings with the highest validation score."""

import argparse
import os
import signal
import sys
from pathlib import Path

from .argument_types import at_least_one, gpu_slots, seconds
from .arguments import add_allow_pickle, add_config_options

EPILOG = (
    'example: handbone search configs/demo.py configs/search/rate.yaml --trials 20 '
    '--work-dir work_dirs/rate'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Train with different settings and find those with the highest validation score '
        '(docs/settings_search.md). The same command continues an interrupted search.'
    )
    parser.epilog = EPILOG
    parser.add_argument('config', help='configuration file')
    parser.add_argument('space', type=Path, help='YAML of the settings that vary, and how')
    parser.add_argument(
        '--work-dir', type=Path, help='folder of the study (default: work_dirs/search_SPACE)'
    )
    parser.add_argument(
        '--trials', type=at_least_one, default=20, help='trials of the study in all (default: 20)'
    )
    parser.add_argument('--time', type=seconds, help='after this time no trial begins: 30min, 8h')
    parser.add_argument('--gpus', help='GPUs to spread the trials over, as 0,1')
    parser.add_argument(
        '--jobs', type=int, help='trials to train at the same time (default: one, or one per GPU)'
    )
    parser.add_argument(
        '--storage',
        choices=['sqlite', 'journal'],
        default='sqlite',
        help='file of the study; journal for a disk that machines share (default: sqlite)',
    )
    parser.add_argument(
        '--sampler',
        choices=['tpe', 'random'],
        default='tpe',
        help='whether trials learn from those before (default: tpe)',
    )
    parser.add_argument(
        '--pruner',
        choices=['median', 'halving', 'none'],
        default='median',
        help='which trials end early, at a validation (default: median)',
    )
    parser.add_argument('--metric', default='mDice', help='validation score (default: mDice)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the sampler (default: 0)')
    parser.add_argument(
        '--keep-checkpoints',
        action='store_true',
        help='keep the checkpoints of all trials, not only of the best one',
    )
    add_config_options(parser)
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Search.

    Args:
        args: The parsed command line.
    """
    # a process that has asked CUDA for its GPUs cannot fork one that uses them
    os.environ.setdefault('PYTORCH_NVML_BASED_CUDA_CHECK', '1')
    slots = gpu_slots(args.gpus, args.jobs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the trials are stopped too
    from handbone.extras import import_extra
    from handbone.registration import register

    import_extra('optuna', 'search')
    register()
    from handbone.apis.searching import Search

    search = Search(
        args.config,
        args.space,
        args.work_dir or Path('work_dirs') / f'search_{args.space.stem}',
        args.cfg_options or (),
        args.storage,
        args.sampler,
        args.pruner,
        args.metric,
        args.seed,
        args.keep_checkpoints,
    )
    best = search.run(args.trials, slots, args.time)
    print(f'{best}: train it with `handbone train {best}`' if best else 'no trial is complete')
