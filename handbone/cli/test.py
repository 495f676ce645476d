"""``handbone test``: score a checkpoint, or write what it predicts."""

import argparse
from typing import TYPE_CHECKING

from handbone.postprocessing.selection import STEPS
from handbone.submissions.image_names import IMAGE_NAMES

from .argument_types import names
from .arguments import add_common_arguments, add_precision, read_config

if TYPE_CHECKING:
    from mmengine.config import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Test a multilabel segmentor.'
    parser.add_argument('config', help='configuration file')
    parser.add_argument(
        'checkpoint',
        help='checkpoint file, the work dir of a training, or an ensemble of `handbone find-best`',
    )
    add_result_arguments(parser)
    add_decision_arguments(parser)
    add_precision(
        parser,
        ('auto', 'fp32', 'bf16', 'fp16'),
        'auto: bf16 where that is faster; default: fp32, which gives the same labels everywhere',
    )
    add_common_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Test.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.ensemble_testing import EnsembleTest
    from handbone.apis.testing import test
    from handbone.checkpoints import find_checkpoint
    from handbone.configuration.dataset_configs import dataset_classes
    from handbone.configuration.prediction_settings import (
        prediction_settings,
        use_postprocessing,
        use_thresholds,
    )
    from handbone.configuration.test_time_augmentation import use_test_time_augmentation
    from handbone.engine.precision_choice import use_test_precision
    from handbone.ensembles.ensemble_file import is_ensemble
    from handbone.errors import HandboneError
    from handbone.evaluation import read_temperatures

    cfg = read_config(args)
    use_results(cfg, args)
    if args.precision:
        use_test_precision(cfg, args.precision)
    ensemble = EnsembleTest(cfg, args.checkpoint) if is_ensemble(args.checkpoint) else None
    if args.thresholds:
        use_thresholds(cfg, args.thresholds)
        if args.uncertainty:
            temperatures = read_temperatures(args.thresholds, dataset_classes(cfg))
            prediction_settings(cfg)['summarise'] = dict(temperatures=temperatures)
    if args.postprocess is not None:
        use_postprocessing(cfg, args.postprocess)
    if ensemble is not None:
        if args.tta:
            raise HandboneError(f'{args.checkpoint} says which views are averaged: leave out --tta')
        ensemble.run()
        return
    cfg.load_from = find_checkpoint(args.checkpoint)
    if args.tta:
        use_test_time_augmentation(cfg)
    test(cfg)


def add_decision_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of what turns a network's output into labels.

    Args:
        parser: Parser of a command that predicts, changed in place.
    """
    parser.add_argument('--tta', action='store_true', help='average over augmented views')
    parser.add_argument(
        '--thresholds',
        metavar='FILE',
        help='thresholds to decide by, as `handbone tune-thresholds` writes them',
    )
    parser.add_argument(
        '--postprocess',
        type=names,
        metavar='NAME,NAME',
        help=f"steps after the thresholds, in order: {', '.join(STEPS)}; 'none' leaves out "
        'those of the config',
    )


def add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which images are predicted and what is written.

    Args:
        parser: Parser of a command that tests, changed in place.
    """
    parser.add_argument('--work-dir', help='where the log and the tables go')
    parser.add_argument(
        '--out', metavar='CSV', help='write the predictions to this CSV of run-length masks'
    )
    parser.add_argument(
        '--format-only',
        action='store_true',
        help='write the CSV without scoring (default: submission.csv in the work dir)',
    )
    parser.add_argument(
        '--image-name',
        choices=IMAGE_NAMES,
        default='basename',
        help='what the CSV calls an image; path tells equal names in several folders apart '
        '(default: basename)',
    )
    parser.add_argument(
        '--val', action='store_true', help='use the validation images instead of the test images'
    )
    parser.add_argument(
        '--uncertainty',
        metavar='CSV',
        help='write for each image and class how sure the model is, and how far augmented views or '
        'the models of an ensemble agree',
    )
    parser.add_argument('--show-dir', metavar='DIR', help='draw predictions into this folder')


def use_results(cfg: 'Config', args: argparse.Namespace) -> None:
    """Do what the options of :func:`add_result_arguments` ask for.

    Args:
        cfg: Complete configuration, changed in place.
        args: The options.
    """
    from handbone.configuration.completion import use_drawing, use_validation_images
    from handbone.configuration.prediction_settings import prediction_settings

    if args.val:
        use_validation_images(cfg)
    if args.format_only:
        cfg.test_evaluator = dict(type='DiceMetric', format_only=True)
    if args.uncertainty:
        metrics = cfg.get('test_evaluator') or []
        metric = dict(type='UncertaintyMetric', out_file=args.uncertainty)
        metric['image_name'] = args.image_name
        cfg.test_evaluator = [*([metrics] if isinstance(metrics, dict) else metrics), metric]
        prediction_settings(cfg)['summarise'] = {}
    if args.out or args.format_only:
        hook = dict(type='RLESubmissionHook', out_file=args.out, image_name=args.image_name)
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), hook]
    if args.show_dir:
        use_drawing(cfg, args.show_dir)
