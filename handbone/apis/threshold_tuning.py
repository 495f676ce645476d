"""Tune the thresholds of a checkpoint."""

import argparse
import copy
from pathlib import Path

from mmengine.config import Config

from handbone.inference.decisions import prediction_settings

from .testing import augment, find_checkpoint, test
from .training import add_common_arguments, read_config
from .user_errors import user_errors_in_one_line


def tune_thresholds(cfg: Config, out_file: str | Path, split: str = 'val') -> dict[str, float]:
    """Choose thresholds on images with truth and write them to a file.

    Args:
        cfg: Complete configuration with the checkpoint in ``load_from``. It is changed.
        out_file: JSON file to write.
        split: ``val``, the validation images, or ``train``, all others of the training folder, as
            the test pipeline loads them.

    Returns:
        Mean Dice with the former thresholds, with the tuned ones, and on held out images.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        ValueError: If the checkpoint, the configuration or the data are faulty.
    """
    cfg.test_dataloader = copy.deepcopy(cfg.val_dataloader)
    cfg.test_dataloader.dataset.split = split
    augmented = cfg.model.type == 'MultilabelTTAModel'
    settings = prediction_settings(cfg)
    settings['keep_logits'] = 'uncut'
    settings['postprocess'] = []
    made_of = dict(
        config=str(cfg.filename), checkpoint=str(cfg.load_from), split=split, augmented=augmented
    )
    cfg.test_evaluator = dict(
        type='ThresholdMetric',
        thresholds=settings.get('threshold', 0.5),
        out_file=str(out_file),
        made_of=made_of,
    )
    return test(cfg)


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/tune_thresholds.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Tune the threshold of each class')
    parser.add_argument('config', help='configuration file')
    parser.add_argument('checkpoint', help='checkpoint file, or the work dir of a training')
    parser.add_argument('--work-dir', help='where the log goes')
    parser.add_argument('--out', help='file to write (default: thresholds.json in the work dir)')
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
    add_common_arguments(parser)
    args = parser.parse_args(arguments)

    cfg = read_config(args)
    cfg.load_from = find_checkpoint(args.checkpoint)
    if args.tta:
        cfg.test_dataloader = cfg.val_dataloader
        augment(cfg)
        cfg.val_dataloader = cfg.test_dataloader
    out_file = args.out or Path(cfg.work_dir) / 'thresholds.json'
    tune_thresholds(cfg, out_file, args.split)
    print(out_file)
