"""``handbone predict``: predict radiographs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.configuration.shipped import config_path
from handbone.errors import HandboneError, counted
from handbone.outputs import WRITERS
from handbone.starter import CONFIG, NOTICE, WEIGHTS, starter_weights

from .argument_types import at_least_one, names
from .arguments import add_allow_pickle, add_config_options, add_out_dir, add_precision
from .test import add_decision_arguments

if TYPE_CHECKING:
    from handbone.inference.run import RunSummary

OUT_DIR = Path('predictions')
#: Images whose flags are printed; those of all images are in the table.
FLAGS_SHOWN = 3
#: Images at the head of the queue for review that are printed, and the file with all of them.
REVIEWS_SHOWN = 3
REVIEW = 'review.csv'
#: What is written with the weights that come with the package.
STARTER_FORMATS = ['csv', 'overlays', 'flags']
CHECKPOINT_SUFFIXES = ('.pth', '.pt', '.safetensors')
EPILOG = """\
examples:
  handbone predict my_hand.png
  handbone predict configs/demo.py work_dirs/demo data/phantom/test/DCM --out-dir predictions
  handbone predict demo.onnx 'scans/*/*.dcm' @more.txt --out-dir out --write csv,overlays
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Predict radiographs: pictures and DICOM files. Without a model, the weights that come '
        'with the package label the 29 bones of the hand. After an interruption, the same command '
        'continues.'
    )
    parser.epilog = EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = (
        '%(prog)s [CONFIG CHECKPOINT | MODEL.onnx] SOURCE [SOURCE ...] [--out-dir DIR] [options]'
    )
    add_model_arguments(parser)
    add_out_dir(parser, f'folder of the outputs (default: {OUT_DIR})', '--out', default=OUT_DIR)
    parser.add_argument(
        '--write',
        type=names,
        metavar='FORMATS',
        help=f'what to write, with commas between: {", ".join(WRITERS)} (default: csv; without a '
        f'model {",".join(STARTER_FORMATS)})',
    )
    parser.add_argument(
        '--polygon-tolerance',
        type=float,
        default=0.0,
        metavar='PIXELS',
        help='leave out points of the polygons as long as no outline moves by more (default: 0)',
    )
    parser.add_argument(
        '--rle-order',
        choices=['rows', 'columns'],
        default='rows',
        help='way that the runs of the CSV go; HuBMAP and most others have columns (default: rows)',
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
    parser.add_argument(
        '--quality',
        type=Path,
        metavar='FILE',
        help='also predict the Dice of each mask into trust.csv and sort the images by it in '
        'review.csv, with a model of `handbone learn-quality`',
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
    from handbone.configuration.config_file import parse_options
    from handbone.datasets.formats.run_conventions import ORDERS
    from handbone.inference import ImageSources, open_predictor
    from handbone.quality.model import read_quality_model

    model, checkpoint, sources = split_sources(args.words)
    starter = checkpoint == str(WEIGHTS)
    formats = _formats(args, starter)
    predictor = open_predictor(
        model,
        checkpoint,
        args.device,
        args.precision,
        args.tta,
        args.thresholds,
        args.postprocess,
        cfg_options=parse_options(args.cfg_options or ()),
        summarise='trust' in formats,
    )
    options: dict[str, dict[str, object]] = {}
    if args.polygon_tolerance:
        options['polygons'] = dict(tolerance=args.polygon_tolerance)
    if args.rle_order != 'rows':  # an unfinished run of rows goes on as it began
        options['csv'] = dict(order=ORDERS[args.rle_order])
    if args.quality:
        options['trust'] = dict(quality=read_quality_model(args.quality))
    out = args.out_dir
    images = ImageSources(sources)
    if images.describe_left_out():
        print(images.describe_left_out())
    writers = make_writers(formats, out, predictor, options)
    print(
        f'{_name_of(model, checkpoint)}: {counted(len(predictor.classes), "class")}, on '
        f'{predictor.device}'
    )
    summary = MultilabelInferencer.of(predictor).run(
        images, writers, out, args.batch_size, args.workers, args.restart
    )
    _report(summary, out, 'flags' in formats)
    if args.quality:
        _review(out)


def _review(out: Path) -> None:
    """Sort the images by their predicted Dice, and show the first ones."""
    from handbone.apis.reviewing import write_review

    queue = write_review(out)
    for entry in queue[:REVIEWS_SHOWN]:
        print(f'{entry.image}: {entry.text}')
    print(f'{counted(len(queue), "image")}, the doubtful ones first: {out / REVIEW}')


def _formats(args: argparse.Namespace, starter: bool) -> list[str]:
    """List what is written; a model of quality brings the table of trust."""
    formats = args.write or (STARTER_FORMATS if starter else ['csv'])
    return [*formats, *(['trust'] if args.quality and 'trust' not in formats else [])]


def _name_of(model: str, checkpoint: str | None) -> str:
    """Name a model, with what has to be said of the weights of the package."""
    from handbone.checkpoints import find_checkpoint

    if checkpoint is None:
        return model
    if find_checkpoint(checkpoint) == str(WEIGHTS):
        return NOTICE
    return f'{model} with {checkpoint}'


def _report(summary: 'RunSummary', out: Path, flagged: bool) -> None:
    """Say what came of a run."""
    from handbone.outputs.failure_table import NAME as FAILURE_TABLE
    from handbone.outputs.flag_table import NAME as FLAG_TABLE
    from handbone.outputs.flag_table import read_flags

    before = f' ({summary.done_before} of them in an earlier run)' if summary.done_before else ''
    print(f'{summary.images - summary.failed} of {summary.images} images{before}: {out}')
    flags = read_flags(out / FLAG_TABLE) if flagged else {}
    for name, sentences in list(flags.items())[:FLAGS_SHOWN]:
        print(f'{name}: {"; ".join(sentences)}')
    if len(flags) > FLAGS_SHOWN:
        print(f'{counted(len(flags), "image has", "images have")} flags: {out / FLAG_TABLE}')
    if summary.failed:
        table = out / FAILURE_TABLE
        print(
            f'{counted(summary.failed, "file")} could not be predicted: {table}. After you have '
            'corrected them, --restart tries them again'
        )
        if summary.failed == summary.images:
            raise HandboneError(f'none of the images could be predicted; {table} says why')


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names model and images, and the options of every model.

    Args:
        parser: Parser of a command that predicts, changed in place.
    """
    parser.add_argument(
        'words',
        nargs='+',
        metavar='SOURCE',
        help="images, folders, 'patterns' and @lists, text files with one image per line; before "
        'them a config with its checkpoint, its work dir or an ensemble of `handbone find-best`, '
        'or an exported model (.onnx, .xml); without one, the weights that come with the package '
        'are used',
    )
    add_precision(
        parser,
        ('auto', 'fp32', 'bf16', 'fp16'),
        'auto: bf16 where that is faster; default: fp32; an exported model has its own precision',
    )
    add_decision_arguments(parser)
    add_config_options(parser)
    add_allow_pickle(parser)


def split_sources(words: list[str]) -> tuple[str, str | None, list[str]]:
    """Tell model, checkpoint and sources apart.

    Args:
        words: A config and its checkpoint, an exported model, or neither; then the sources.

    Returns:
        The model, its checkpoint if it takes one, and the sources. Without a model, those are the
        config and the weights that come with the package.

    Raises:
        FileNotFoundError: If there is no such model.
        HandboneError: If there is no source, a checkpoint or work dir comes first, or the weights
            of the package are damaged.
    """
    from handbone.configuration.config_file import CONFIG_SUFFIXES
    from handbone.export import is_exported

    model, *rest = words
    exported = is_exported(model)
    if not exported and Path(model).suffix not in CONFIG_SUFFIXES:
        _refuse_checkpoint(model)
        return str(config_path(CONFIG)), str(starter_weights()), words
    if not Path(model).is_file():
        raise FileNotFoundError(f'there is no config or model {model}')
    if exported:
        if not rest:
            raise HandboneError(f'{model} is an exported model: name the images after it')
        return model, None, rest
    if len(rest) < 2:
        raise HandboneError(
            f'{model} is a config: name its checkpoint or work dir after it, then the images'
        )
    return model, rest[0], rest[1:]


def _refuse_checkpoint(word: str) -> None:
    """Refuse a checkpoint or a work dir in the place of a config or an image."""
    if Path(word).suffix in CHECKPOINT_SUFFIXES:
        kind = 'a checkpoint'
    elif Path(word).is_dir() and any(Path(word).glob('*.pth')):
        kind = 'a work dir'
    else:
        return
    raise HandboneError(
        f'{word} is {kind}: name its config before it, as in handbone predict CONFIG {word} IMAGES'
    )
