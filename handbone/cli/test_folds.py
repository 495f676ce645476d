"""``handbone test-folds``: test a cross-validation.

Each fold is tested on the images that it has not seen, all together on the test images.
"""

import argparse
from pathlib import Path

from handbone.errors import HandboneError, counted
from handbone.submissions.image_names import IMAGE_NAMES

from .arguments import add_allow_pickle, add_config_options
from .soft_vote import add_merge_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Test a cross-validation: out-of-fold predictions, and the ensemble.'
    parser.add_argument('config', help='configuration file')
    parser.add_argument('work_dir', help='work dir of `handbone train-folds`')
    parser.add_argument('--out-of-fold', metavar='CSV', help='predictions of the training images')
    parser.add_argument('--out', metavar='CSV', help="the ensemble's masks of the test images")
    parser.add_argument(
        '--format-only',
        action='store_true',
        help='do not score the test images: they have no reference masks',
    )
    parser.add_argument(
        '--last',
        action='store_true',
        help='take the last checkpoint of each fold; the best one, which is the default, was '
        'chosen on the very images that it is scored on here, so its score is a little too high',
    )
    parser.add_argument(
        '--image-name',
        choices=IMAGE_NAMES,
        default='basename',
        help='what the CSVs call an image (default: basename)',
    )
    add_merge_arguments(parser)
    add_config_options(parser)
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Test the folds.

    Args:
        args: The parsed command line.

    Raises:
        HandboneError: If nothing is asked for.
    """
    if not args.out_of_fold and not args.out:
        raise HandboneError('nothing to do: give --out-of-fold, --out or both')
    from handbone.apis.fold_testing import (
        find_folds,
        fold_checkpoints,
        predict_ensemble,
        predict_out_of_fold,
    )
    from handbone.configuration.config_file import read_config_file

    cfg = read_config_file(args.config, args.cfg_options or ())
    cfg.launcher = 'none'
    folders = find_folds(args.work_dir)
    checkpoints = fold_checkpoints(cfg, folders, args.last)
    if args.out_of_fold:
        scores = predict_out_of_fold(cfg, folders, checkpoints, args.out_of_fold, args.image_name)
        scores.write_csv(Path(args.work_dir))
        print(
            f'Out-of-fold Dice of {counted(len(scores.images), "image")}:\n{scores.table()}',
            flush=True,
        )
    if args.out:
        predict_ensemble(
            cfg,
            checkpoints,
            args.out,
            Path(args.work_dir) / 'test',
            args.image_name,
            not args.format_only,
            args.merge,
            args.one_at_a_time,
        )
