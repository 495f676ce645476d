"""Test the mean of several models."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from handbone.apis.soft_voting import EnsembleModel, soft_vote
from handbone.cli.arguments import add_common_arguments, read_config
from handbone.cli.test import add_result_arguments, use_results
from handbone.cli.user_errors import user_errors_in_one_line
from handbone.errors import HandboneError


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/soft_vote.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Test the mean of several models')
    parser.add_argument(
        '--model',
        dest='models',
        nargs='+',
        action='append',
        required=True,
        metavar=('CONFIG', 'CHECKPOINT'),
        help='a configuration, its checkpoint or work dir, and a weight (default 1); once a model. '
        'The first configuration says on which images and with which thresholds',
    )
    add_result_arguments(parser)
    parser.add_argument(
        '--merge', choices=['probabilities', 'logits'], default='probabilities', help='mean of what'
    )
    parser.add_argument(
        '--one-at-a-time',
        '--low-memory',
        action='store_true',
        help='hold one model on the device at a time; sums of logits wait in the work dir',
    )
    parser.add_argument('--thresholds', metavar='FILE', help='file of tools/tune_thresholds.py')
    add_common_arguments(parser)
    args = parser.parse_args(arguments)
    models = [_model(words, args) for words in args.models]
    cfg = models[0].config
    use_results(cfg, args)
    soft_vote(models, args.merge, args.one_at_a_time, args.thresholds)


def _model(words: Sequence[str], args: argparse.Namespace) -> EnsembleModel:
    if len(words) not in (2, 3):
        raise HandboneError(
            f'--model takes a config, a checkpoint and perhaps a weight, got {" ".join(words)}'
        )
    weight = words[2] if len(words) == 3 else '1'
    try:
        number = float(weight)
    except ValueError:
        number = 0.0
    if not 0 < number < float('inf'):
        raise HandboneError(f'--model {" ".join(words)}: the weight {weight} is no number above 0')
    args.config = words[0]
    if args.work_dir is None:
        args.work_dir = str(Path('work_dirs') / 'soft_vote')
    return EnsembleModel(read_config(args), words[1], number)
