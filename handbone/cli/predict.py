"""``handbone predict``: predict radiographs."""

import argparse
from pathlib import Path

from handbone.errors import HandboneError
from handbone.outputs import WRITERS

from .arguments import (
    add_allow_pickle,
    add_config_options,
    add_out_dir,
    add_precision,
    at_least_one,
    names,
)
from .test import add_decision_arguments

EPILOG = """\
examples:
  handbone predict configs/demo.py work_dirs/demo data/phantom/test/DCM --out-dir predictions
  handbone predict demo.onnx 'scans/*/*.dcm' @more.txt --out-dir out --write csv,overlays
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Predict radiographs: pictures and DICOM files. After an interruption, the same command '
        'continues.'
    )
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = (
        '%(prog)s (CONFIG CHECKPOINT | MODEL.onnx) SOURCE [SOURCE ...] --out-dir DIR [options]'
    )
    add_model_arguments(parser)
    add_out_dir(parser, 'folder of the outputs', '--out')
    parser.add_argument(
        '--write',
        type=names,
        default=['csv'],
        metavar='FORMATS',
        help=f'what to write, with commas between: {", ".join(WRITERS)} (default: csv)',
    )
    parser.add_argument(
        '--polygon-tolerance',
        type=float,
        default=0.0,
        metavar='PIXELS',
        help='leave out points of the polygons as long as no outline moves by more (default: 0)',
    )
    parser.add_argument(
        '--restart', action='store_true', help='start over, without what an earlier run has done'
    )
    parser.add_argument(
        '--batch-size', type=at_least_one, help='images at once (default: 1 on CPUs, 8 on GPUs)'
    )
    parser.add_argument(
        '--workers', type=at_least_one, default=2, help='threads that read images (default: 2)'
    )
    parser.add_argument('--device', help='cpu, cuda, cuda:1 … (default: a GPU if there is one)')


def run(args: argparse.Namespace) -> None:
    """Predict.

    Args:
        args: The parsed command line.

    Raises:
        HandboneError: If no image could be predicted.
    """
    from handbone.apis.inferencer import MultilabelInferencer, make_writers
    from handbone.checkpoints import unpickling
    from handbone.configuration.config_file import parse_options
    from handbone.inference import ImageSources, open_predictor
    from handbone.outputs.failure_table import NAME as FAILURE_TABLE

    model, checkpoint, sources = split_sources(args.model, args.sources)
    with unpickling(args.allow_pickle):
        predictor = open_predictor(
            model,
            checkpoint,
            args.device,
            args.precision,
            args.tta,
            args.thresholds,
            args.postprocess,
            cfg_options=parse_options(args.cfg_options or ()),
        )
    options = {'polygons': dict(tolerance=args.polygon_tolerance)} if args.polygon_tolerance else {}
    out = args.out_dir
    images = ImageSources(sources)
    if images.describe_left_out():
        print(images.describe_left_out())
    writers = make_writers(args.write, out, predictor, options)
    with_checkpoint = '' if checkpoint is None else f' with {checkpoint}'
    print(f'{model}{with_checkpoint}: {len(predictor.classes)} classes, on {predictor.device}')
    summary = MultilabelInferencer.of(predictor).run(
        images, writers, out, args.batch_size, args.workers, args.restart
    )
    before = f' ({summary.done_before} of them in an earlier run)' if summary.done_before else ''
    print(f'{summary.images - summary.failed} of {summary.images} images{before}: {out}')
    if summary.failed:
        table = out / FAILURE_TABLE
        print(
            f'{summary.failed} files could not be predicted: {table}. After you have corrected '
            'them, --restart tries them again'
        )
        if summary.failed == summary.images:
            raise HandboneError(f'none of the images could be predicted; {table} says why')


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names model and images, and the options of every model.

    Args:
        parser: Parser of a command that predicts, changed in place.
    """
    parser.add_argument('model', help='config, or an exported model (.onnx, .xml)')
    parser.add_argument(
        'sources',
        nargs='+',
        help="after a config first its checkpoint or work dir; then images, folders, 'patterns' "
        'and @lists, text files with one image a line',
    )
    add_precision(
        parser, ('fp32', 'bf16', 'fp16'), 'default: fp32; an exported model has its own precision'
    )
    add_decision_arguments(parser)
    add_config_options(parser)
    add_allow_pickle(parser)


def split_sources(model: str, rest: list[str]) -> tuple[str, str | None, list[str]]:
    """Tell model, checkpoint and sources apart: an exported model has no checkpoint.

    Args:
        model: A config or an exported model.
        rest: The words after it.

    Returns:
        The model, its checkpoint if it takes one, and the sources.

    Raises:
        FileNotFoundError: If there is no such model.
        HandboneError: If there is no source.
    """
    from handbone.export import is_exported

    if not Path(model).is_file():
        raise FileNotFoundError(f'there is no config or model {model}')
    if is_exported(model):
        return model, None, rest
    checkpoint, *sources = rest
    if not sources:
        raise HandboneError(
            f'{model} is a config: name its checkpoint or work dir after it, then the images'
        )
    return model, checkpoint, sources
