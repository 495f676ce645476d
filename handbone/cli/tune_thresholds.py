"""``handbone tune-thresholds``: choose the threshold of each class."""

import argparse
from pathlib import Path

from handbone.errors import HandboneError

from .arguments import add_common_arguments, read_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Tune the threshold of each class.'
    parser.add_argument('config', help='configuration file')
    parser.add_argument(
        'checkpoints',
        nargs='+',
        metavar='checkpoint',
        help='checkpoint file, or the work dir of a training; several are those of a '
        'cross-validation, the first trained without fold 0',
    )
    parser.add_argument(
        '--fold-file', help='CSV of folds of a cross-validation, as in its folder: folds.csv'
    )
    parser.add_argument('--work-dir', help='where the log goes')
    parser.add_argument(
        '--out', metavar='FILE', help='file to write (default: thresholds.json in the work dir)'
    )
    images = parser.add_mutually_exclusive_group()
    images.add_argument(
        '--val',
        action='store_const',
        dest='split',
        const='val',
        default='val',
        help='tune on the validation images (default)',
    )
    images.add_argument(
        '--train',
        action='store_const',
        dest='split',
        const='train',
        help='tune on the training images, which the model knows better than any other',
    )
    parser.add_argument('--tta', action='store_true', help='tune for the mean of augmented views')
    parser.add_argument(
        '--calibration',
        action='store_true',
        help='also measure how right the probabilities are: temperatures in the file, and '
        'calibration.csv and calibration.png beside it',
    )
    add_common_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Tune.

    Args:
        args: The parsed command line.

    Raises:
        HandboneError: If the options do not fit each other.
    """
    if len(args.checkpoints) > 1 and args.split == 'train':
        raise HandboneError(
            '--train takes one checkpoint; several are tuned on the images that each has not seen'
        )
    from handbone.apis.threshold_tuning import tune_thresholds
    from handbone.checkpoints import find_checkpoint
    from handbone.configuration.completion import use_validation_images
    from handbone.configuration.test_time_augmentation import use_test_time_augmentation

    cfg = read_config(args)
    checkpoints = [find_checkpoint(path) for path in args.checkpoints]
    if args.tta:
        use_validation_images(cfg)
        use_test_time_augmentation(cfg)
        cfg.val_dataloader = cfg.test_dataloader
    out_file = args.out or Path(cfg.work_dir) / 'thresholds.json'
    folder = Path(out_file).parent if args.calibration else None
    tune_thresholds(cfg, checkpoints, out_file, args.split, args.fold_file, folder)
    print(out_file)
