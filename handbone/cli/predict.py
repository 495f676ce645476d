"""Predict radiographs from the command line."""

import argparse
from pathlib import Path

from handbone.apis.inferencer import MultilabelInferencer, make_writers
from handbone.checkpoints import unpickling
from handbone.errors import HandboneError
from handbone.inference import open_predictor
from handbone.inference.opening import EXPORTED, is_exported
from handbone.inference.torch_predictor import PRECISIONS
from handbone.outputs import WRITERS
from handbone.outputs.failure_table import NAME as FAILURE_TABLE

from .user_errors import user_errors_in_one_line

EPILOG = """\
examples:
  predict.py configs/demo.py work_dirs/demo data/phantom/test/DCM --out work_dirs/predictions
  predict.py work_dirs/demo.onnx 'scans/*/*.dcm' @more.txt --out out --write csv,overlays
"""


@user_errors_in_one_line(predicting=True)
def main(arguments: list[str] | None = None) -> None:
    """Run ``tools/predict.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.

    Raises:
        HandboneError: If no image could be predicted.
    """
    args = _parser().parse_args(arguments)
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
        )
    options = {'polygons': dict(tolerance=args.polygon_tolerance)} if args.polygon_tolerance else {}
    writers = make_writers(args.write, args.out, predictor, options)
    summary = MultilabelInferencer.of(predictor).run(
        sources, writers, args.out, args.batch_size, args.workers, args.restart
    )
    before = f' ({summary.done_before} of them in an earlier run)' if summary.done_before else ''
    print(f'{summary.images - summary.failed} of {summary.images} images{before}: {args.out}')
    if summary.failed:
        table = args.out / FAILURE_TABLE
        print(
            f'{summary.failed} files could not be predicted: {table}. Files that were mended since '
            'are tried again with --restart'
        )
        if summary.failed == summary.images:
            raise HandboneError(f'none of the images could be predicted; {table} says why')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description='Predict radiographs: PNG, JPEG, TIFF and DICOM. The same command goes on '
        'after an interruption.',
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage='%(prog)s (CONFIG CHECKPOINT | MODEL.onnx) SOURCE [SOURCE ...] --out DIR [options]',
    )
    add_model_arguments(parser)
    parser.add_argument('--out', type=Path, required=True, help='folder of the outputs')
    parser.add_argument(
        '--write',
        type=lambda text: text.split(','),
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
    parser.add_argument('--restart', action='store_true', help='begin anew')
    parser.add_argument(
        '--batch-size', type=int, help='images at once (default: 1 on CPUs, 8 on GPUs)'
    )
    parser.add_argument('--workers', type=int, default=2, help='threads that read (default: 2)')
    parser.add_argument('--device', help='cpu, cuda, cuda:1 … (default: a GPU if there is one)')
    parser.add_argument(
        '--postprocess',
        type=lambda text: text.split(',') if text != 'none' else [],
        metavar='NAME,NAME',
        help='steps after the thresholds, in order: LargestComponent, FillHoles, LeastArea, '
        "DenseCRF; 'none' leaves out those of the config",
    )
    return parser


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names model and images, and the options of every model.

    Args:
        parser: Parser of a tool that predicts, changed in place.
    """
    parser.add_argument('model', help=f'config, or an exported model ({", ".join(EXPORTED)})')
    parser.add_argument(
        'sources',
        nargs='+',
        help="after a config first its checkpoint or work dir; then images, folders, 'patterns' "
        'and @lists, text files with one image a line',
    )
    parser.add_argument('--precision', choices=list(PRECISIONS), help='default: float32')
    parser.add_argument('--tta', action='store_true', help='average over augmented views')
    parser.add_argument(
        '--thresholds', type=Path, metavar='FILE', help='of tools/tune_thresholds.py to decide by'
    )
    parser.add_argument(
        '--allow-pickle',
        action='store_true',
        help='read a checkpoint that holds Python objects: it can run any code, so you must trust '
        'who made it',
    )


def split_sources(model: str, rest: list[str]) -> tuple[str, str | None, list[str]]:
    """Tell model, checkpoint and sources apart: an exported model has no checkpoint.

    Args:
        model: A config or an exported model.
        rest: What follows on it.

    Returns:
        The model, its checkpoint if it takes one, and the sources.

    Raises:
        FileNotFoundError: If there is no such model.
        HandboneError: If there is no source.
    """
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
