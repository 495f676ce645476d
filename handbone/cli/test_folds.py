"""Test the folds of a cross-validation: each on what it has not seen, all together on the rest."""

import argparse
from pathlib import Path

from mmengine.config import DictAction

from handbone.apis.fold_testing import (
    _name,
    find_folds,
    predict_out_of_fold,
)
from handbone.apis.soft_voting import EnsembleModel, soft_vote
from handbone.checkpoints import find_checkpoint, newest_checkpoint
from handbone.cli.user_errors import user_errors_in_one_line
from handbone.configuration.config_file import read_config_file
from handbone.configuration.fold_config import checkpoint_folder
from handbone.errors import HandboneError
from handbone.submissions.image_names import IMAGE_NAMES


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/test_folds.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(
        description='Test a cross-validation: out-of-fold predictions, and the ensemble'
    )
    parser.add_argument('config', help='configuration file')
    parser.add_argument('work_dir', help='work dir of tools/train_folds.py')
    parser.add_argument('--out-of-fold', metavar='CSV', help='predictions of the training images')
    parser.add_argument('--out', metavar='CSV', help="the ensemble's masks of the test images")
    parser.add_argument(
        '--format-only',
        action='store_true',
        help='do not score the test images: they have no truth',
    )
    parser.add_argument(
        '--last',
        action='store_true',
        help='take the last checkpoint of each fold; the best one, which is the default, was '
        'chosen on the very images that it is scored on here, which flatters it a little',
    )
    parser.add_argument(
        '--image-name',
        choices=IMAGE_NAMES,
        default='basename',
        help='what the CSVs call an image (default: basename)',
    )
    parser.add_argument('--merge', choices=['probabilities', 'logits'], default='probabilities')
    parser.add_argument('--one-at-a-time', '--low-memory', action='store_true')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='as key=value')
    args = parser.parse_args(arguments)
    if not args.out_of_fold and not args.out:
        raise HandboneError('nothing to do: give --out-of-fold, --out or both')
    cfg = read_config_file(args.config)
    cfg.launcher = 'none'
    cfg.merge_from_dict(args.cfg_options or {})
    folders = find_folds(args.work_dir)
    choose = newest_checkpoint if args.last else find_checkpoint
    checkpoints = [str(choose(str(checkpoint_folder(cfg, folder)))) for folder in folders]
    if args.out_of_fold:
        scores = predict_out_of_fold(cfg, folders, checkpoints, args.out_of_fold, args.image_name)
        scores.write_csv(Path(args.work_dir))
        print(f'Out-of-fold Dice of {len(scores.images)} images:\n{scores.table()}', flush=True)
    if args.out:
        if args.format_only:
            cfg.test_evaluator = dict(type='DiceMetric', format_only=True)
        hook = dict(type='RLESubmissionHook', out_file=args.out, image_name=args.image_name)
        cfg.custom_hooks = [*cfg.get('custom_hooks', []), hook]
        _name(cfg, 'ensemble', Path(args.work_dir) / 'test')
        models = [EnsembleModel(cfg, checkpoint) for checkpoint in checkpoints]
        soft_vote(models, args.merge, args.one_at_a_time)
