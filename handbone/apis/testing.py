"""Score a checkpoint, or write what it predicts."""

import argparse
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from .launch import adapt_to_hardware, process_group
from .training import add_common_arguments, read_config


def test(cfg: Config) -> dict[str, float]:
    """Run the test set of a configuration through the model of ``cfg.load_from``.

    Args:
        cfg: Complete configuration; ``cfg.launcher`` says how the processes were started.

    Returns:
        The metrics, empty where only predictions were asked for.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
    """
    if not Path(cfg.load_from).is_file():
        raise FileNotFoundError(f'there is no checkpoint {cfg.load_from}')
    adapt_to_hardware(cfg)
    with process_group(cfg.launcher):
        return Runner.from_cfg(cfg).test()


def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/test.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Test a multilabel segmentor')
    parser.add_argument('config', help='configuration file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--work-dir', help='where the log and the tables go')
    parser.add_argument('--out', help='write the predictions to this CSV of run-length masks')
    parser.add_argument(
        '--format-only',
        action='store_true',
        help='write the CSV without scoring (default: submission.csv in the work dir)',
    )
    parser.add_argument(
        '--val', action='store_true', help='use the validation images instead of the test images'
    )
    parser.add_argument('--show-dir', help='draw predictions into this folder')
    parser.add_argument('--tta', action='store_true', help='average over augmented views')
    add_common_arguments(parser)
    args = parser.parse_args(arguments)

    cfg = read_config(args)
    cfg.load_from = args.checkpoint
    if args.val:
        cfg.test_dataloader = cfg.val_dataloader
        cfg.test_evaluator = cfg.val_evaluator
    if args.format_only:
        cfg.test_evaluator = dict(type='DiceMetric', format_only=True)
    if args.out or args.format_only:
        hook = dict(type='RLESubmissionHook', out_file=args.out)
        cfg.setdefault('custom_hooks', []).append(hook)
    if args.show_dir:
        cfg.default_hooks.visualization.update(draw=True)
        cfg.visualizer.save_dir = args.show_dir
    if args.tta:
        _augment(cfg)
    # tests need no pretrained weights, and a head's bias comes from the checkpoint
    cfg.model.setdefault('backbone', {}).pop('init_cfg', None)
    test(cfg)


def _augment(cfg: Config) -> None:
    if 'tta_pipeline' not in cfg:
        raise ValueError(f'--tta needs `tta_pipeline` in {cfg.filename}')
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = dict(type='MultilabelTTAModel', module=cfg.model)
