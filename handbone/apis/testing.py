"""Score a checkpoint, or write what it predicts."""

import argparse
import logging

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner import Runner

from handbone.engine.checkpoints import find_checkpoint, load_checkpoint_file, unpickling
from handbone.inference.pipeline import augmented_pipeline

from .checkpoint_file import check_checkpoint_file
from .launch import adapt_to_hardware, process_group
from .pretrained import drop_pretrained
from .training import add_common_arguments, read_config
from .user_errors import user_errors_in_one_line


def test(cfg: Config) -> dict[str, float]:
    """Run the test set of a configuration through the model of ``cfg.load_from``.

    Args:
        cfg: Complete configuration; ``cfg.launcher`` says how the processes were started.

    Returns:
        The metrics, empty where only predictions were asked for.

    Raises:
        FileNotFoundError: If the checkpoint does not exist.
        ValueError: If it is cut off or no checkpoint.
    """
    with unpickling(cfg.get('allow_pickle', False)):
        check_checkpoint_file(cfg.load_from)
        _compare_thresholds(cfg)
        drop_pretrained(cfg)  # the checkpoint brings all weights
        adapt_to_hardware(cfg)
        if not torch.cuda.is_available():
            # The number of threads changes the order of sums and thereby single pixels at the
            # threshold: with one, the same bytes come out of any number of processes.
            torch.set_num_threads(1)
        with process_group(cfg.launcher):
            return Runner.from_cfg(cfg).test()


def _compare_thresholds(cfg: Config) -> None:
    """Say where a published file was made for other thresholds than the config's, which count."""
    published = (load_checkpoint_file(cfg.load_from, mmap=True).get('meta') or {}).get('thresholds')
    model = cfg.model.get('module', cfg.model)  # test-time augmentation wraps the model
    configured = (model.get('test_cfg') or {}).get('threshold', 0.5)
    if published is not None and published != configured:
        print_log(
            f'{cfg.load_from} was published with the thresholds {published}; those of the config '
            f'are used: {configured}. To change them: --cfg-options model.test_cfg.threshold=…',
            level=logging.WARNING,
        )


@user_errors_in_one_line()
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/test.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Test a multilabel segmentor')
    parser.add_argument('config', help='configuration file')
    parser.add_argument('checkpoint', help='checkpoint file, or the work dir of a training')
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
    cfg.load_from = find_checkpoint(args.checkpoint)
    if args.val:
        cfg.test_dataloader = cfg.val_dataloader
        cfg.test_evaluator = cfg.val_evaluator
    if args.format_only:
        cfg.test_evaluator = dict(type='DiceMetric', format_only=True)
    if args.out or args.format_only:
        hook = dict(type='RLESubmissionHook', out_file=args.out)
        cfg.custom_hooks = [*cfg.get('custom_hooks', []), hook]
    if args.show_dir:
        cfg.default_hooks.visualization.update(draw=True, out_dir=args.show_dir)
    if args.tta:
        augment(cfg)
    test(cfg)


def augment(cfg: Config) -> None:
    """Average the predictions over augmented views of each test image.

    Args:
        cfg: Configuration, changed in place; see :func:`augmented_pipeline` for what it names.

    Raises:
        ValueError: If the configuration names no views.
    """
    cfg.test_dataloader.dataset.pipeline = augmented_pipeline(cfg)
    cfg.model = dict(type='MultilabelTTAModel', module=cfg.model)
