"""``handbone soft-vote``: test the mean of several models."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.errors import HandboneError

from .arguments import add_common_arguments, read_config
from .test import add_result_arguments, use_results

if TYPE_CHECKING:
    from handbone.apis.soft_voting import EnsembleModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Test the mean of several models.'
    parser.add_argument(
        '--model',
        dest='models',
        nargs='+',
        action='append',
        required=True,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='a configuration, its checkpoint or work dir, and a weight (default 1); once per '
        'model. The first configuration says on which images and with which thresholds',
    )
    add_result_arguments(parser)
    add_merge_arguments(parser)
    parser.add_argument(
        '--thresholds',
        metavar='FILE',
        help='thresholds to decide by, as `handbone tune-thresholds` writes them',
    )
    add_common_arguments(parser)


def add_merge_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how an ensemble is computed.

    Args:
        parser: The parser to extend.
    """
    parser.add_argument(
        '--merge',
        choices=['probabilities', 'logits'],
        default='probabilities',
        help='what to average (default: probabilities)',
    )
    parser.add_argument(
        '--one-at-a-time',
        '--low-memory',
        action='store_true',
        help='hold one model on the device at a time; sums of logits wait in the work dir',
    )


def run(args: argparse.Namespace) -> None:
    """Test the mean.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.soft_voting import soft_vote

    models = [_model(words, args) for words in args.models]
    cfg = models[0].config
    use_results(cfg, args)
    soft_vote(models, args.merge, args.one_at_a_time, args.thresholds)


def _model(words: Sequence[str], args: argparse.Namespace) -> 'EnsembleModel':
    from handbone.apis.soft_voting import EnsembleModel

    if len(words) not in (2, 3):
        raise HandboneError(
            f'--model takes a config, a checkpoint and optionally a weight, got {" ".join(words)}'
        )
    weight = words[2] if len(words) == 3 else '1'
    try:
        number = float(weight)
    except ValueError:
        number = 0.0
    if not 0 < number < float('inf'):
        raise HandboneError(
            f'--model {" ".join(words)}: the weight {weight} is not a number above 0'
        )
    args.config = words[0]
    if args.work_dir is None:
        args.work_dir = str(Path('work_dirs') / 'soft_vote')
    return EnsembleModel(read_config(args), words[1], number)
