"""``handbone plan``: measure a dataset and write a config for it."""

import argparse
from pathlib import Path

from .argument_types import seconds
from .arguments import (
    add_patient_pattern,
    add_reader_options,
    add_renaming,
    add_source_format,
)

EPILOG = 'example: handbone plan data/chest --time 8h --device-memory 24 --out configs/mine.py'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Measure a labelled dataset of any format and write a config that trains on it: network, '
        'input size, batch, precision, schedule, augmentation and folds follow from rules '
        '(docs/plan.md).'
    )
    parser.epilog = EPILOG
    parser.add_argument('data', type=Path, help='file or folder of the labels')
    parser.add_argument('--out', type=Path, required=True, help='config to write')
    parser.add_argument(
        '--time',
        type=seconds,
        default=8 * 3600,
        metavar='TIME',
        help='time of the training: 30min, 8h, 2d (default: 8h)',
    )
    parser.add_argument(
        '--device-memory',
        type=float,
        metavar='GB',
        help='memory of the GPU, which may be another one than that of this machine (default: that '
        'of the GPU here; without one, the plan is for a CPU)',
    )
    parser.add_argument(
        '--device', choices=('cpu', 'cuda'), help='what trains (default: a GPU, if there is one)'
    )
    add_source_format(parser)
    add_renaming(parser)
    add_patient_pattern(parser)
    parser.add_argument(
        '--fold-file',
        type=Path,
        metavar='CSV',
        help='folds that `handbone folds` wrote (default: patients are divided in their order)',
    )
    add_reader_options(parser)


def run(args: argparse.Namespace) -> None:
    """Plan.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.planning import plan

    planned = plan(
        args.data,
        args.out,
        args.time,
        args.device_memory,
        args.source_format,
        args.images,
        args.classes,
        args.patient_pattern,
        dict(args.read),
        args.device,
        dict(args.rename),
        tuple(args.skip),
        args.fold_file,
    )
    print(planned.text())
    print(planned.fingerprint_file)
    print(planned.config)
