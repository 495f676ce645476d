"""``handbone pseudo-label``: label images by models, to train on."""

import argparse
from pathlib import Path

from handbone.errors import HandboneError

from .argument_types import at_least_one
from .arguments import (
    add_allow_pickle,
    add_config_options,
    add_models,
    add_out_dir,
    add_precision,
)

EPILOG = """\
examples:
  handbone pseudo-label data/unlabelled --out-dir work_dirs/pseudo
  handbone pseudo-label data/unlabelled --model configs/demo.py work_dirs/demo --out-dir pseudo
  handbone pseudo-label data/unlabelled --csv a.csv b.csv --training data --out-dir pseudo
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Label images by models, as annotations to train on. What several models, or several views '
        'of one, agree on is kept; other classes are unknown in that image. After an interruption '
        'the same command continues, and with another gate it decides anew.'
    )
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument('images', type=Path, help='folder of the images, one folder per patient')
    add_out_dir(parser, 'folder of the labels')
    add_models(parser, 'the best one first (default: the weights that come with the package)')
    parser.add_argument(
        '--csv', nargs='+', type=Path, default=[], help='CSV files of masks of these images'
    )
    parser.add_argument(
        '--confidence',
        choices=['views', 'margin'],
        help='what a single model is compared with: itself in the views of its config, or at other '
        'thresholds (default: views if it has any)',
    )
    parser.add_argument(
        '--gate',
        type=float,
        default=0.9,
        help='least agreement, a Dice from 0 to 1, of a class that is kept (default: 0.9)',
    )
    parser.add_argument(
        '--absent',
        choices=['unknown', 'known'],
        default='unknown',
        help='what it means that no model finds a class (default: unknown)',
    )
    parser.add_argument(
        '--training',
        nargs='+',
        default=[],
        metavar='CONFIG_OR_FOLDER',
        help='data whose patients must not be among the images: of the training, and held out to '
        'judge it (default: those of the configs)',
    )
    parser.add_argument(
        '--classes', nargs='+', help='classes of the CSV files in order (default: as they come)'
    )
    parser.add_argument(
        '--thresholds',
        metavar='FILE',
        help='thresholds to decide by, as `handbone tune-thresholds` writes them',
    )
    parser.add_argument(
        '--restart', action='store_true', help='replace pseudo-labels of other images or models'
    )
    parser.add_argument(
        '--batch-size', type=at_least_one, help='images at once (default: 1 on CPUs, 8 on GPUs)'
    )
    parser.add_argument(
        '--workers', type=at_least_one, default=2, help='threads that read images (default: 2)'
    )
    parser.add_argument('--device', help='cpu, cuda, cuda:1 … (default: a GPU if there is one)')
    add_precision(
        parser,
        ('auto', 'fp32', 'bf16', 'fp16'),
        'auto: bf16 where that is faster; default: fp32; an exported model has its own precision',
    )
    add_config_options(parser)
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Label.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.pseudo_labelling import pseudo_label
    from handbone.configuration.config_file import parse_options
    from handbone.starter import NOTICE

    if not args.models and not args.csv:
        print(NOTICE)
    labels = pseudo_label(
        args.images,
        args.out_dir,
        [_model(words) for words in args.models],
        args.csv,
        confidence=args.confidence,
        gate=args.gate,
        absent=args.absent,
        training=args.training,
        classes=args.classes,
        restart=args.restart,
        batch_size=args.batch_size,
        workers=args.workers,
        device=args.device,
        precision=args.precision,
        thresholds=args.thresholds,
        cfg_options=parse_options(args.cfg_options) if args.cfg_options else None,
    )
    print(labels.text())


def _model(words: list[str]) -> tuple[str, str | None]:
    from handbone.export import is_exported

    exported = is_exported(words[0])
    if len(words) != (1 if exported else 2):
        raise HandboneError(
            f'--model takes a config and its checkpoint, or an exported model: {" ".join(words)}'
        )
    return words[0], None if exported else words[1]
