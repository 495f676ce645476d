"""``handbone predict-archive``: predict whole archives of radiographs."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.errors import HandboneError, counted
from handbone.extras import import_extra
from handbone.progress import progress_bar

from .argument_types import at_least_one
from .arguments import add_out_dir
from .predict import add_model_arguments, split_sources

if TYPE_CHECKING:
    from tqdm import tqdm

    from handbone.archive.prediction import ArchiveSummary
    from handbone.inference import Predictor

EXTRA = 'archive'
PACKAGES = ('duckdb', 'pyarrow', 'ray.data')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Predict an archive of radiographs into a Parquet dataset, on this machine or on a Ray '
        'cluster. The same command continues after an interruption, and predicts what is new later.'
    )
    parser.usage = (
        '%(prog)s [CONFIG CHECKPOINT | MODEL.onnx] SOURCE [SOURCE ...] --out-dir DIR [options]'
    )
    add_model_arguments(parser)
    add_out_dir(parser, 'folder of the dataset', '--out')
    parser.add_argument(
        '--address', help='cluster: auto, HOST:6379 or ray://HOST:10001 (default: this machine)'
    )
    parser.add_argument(
        '--actors', type=at_least_one, help='processes (default: one per GPU or core)'
    )
    parser.add_argument(
        '--batch-size', type=at_least_one, help='images at once (default: 1 on CPUs, 8 on GPUs)'
    )
    parser.add_argument(
        '--images-per-file',
        type=at_least_one,
        default=128,
        help='most images per file (default: 128)',
    )
    parser.add_argument('--device', choices=['cpu', 'cuda'], help='default: GPUs if there are some')
    parser.add_argument(
        '--quality',
        type=Path,
        metavar='FILE',
        help='also predict the Dice of each mask and sort the images by it in review-….parquet, '
        'with a model of `handbone learn-quality`',
    )
    parser.add_argument(
        '--retry-failures', action='store_true', help='try again the images that failed before'
    )


def run(args: argparse.Namespace) -> None:
    """Predict.

    Args:
        args: The parsed command line.

    Raises:
        HandboneError: If no image could be predicted, or the precision is left to each machine.
    """
    model, checkpoint, names = split_sources(args.words)
    if args.precision == 'auto':
        raise HandboneError(
            '--precision auto may differ between the machines of an archive: give fp32 or bf16'
        )
    check_extra()
    from handbone.archive.folder import ArchiveFolder
    from handbone.archive.prediction import Workforce, predict_archive
    from handbone.inference import ImageSources
    from handbone.quality.model import read_quality_model

    folder = ArchiveFolder(args.out_dir)
    sources = ImageSources(names)
    summary = predict_archive(
        {str(source.path): source.image_name for source in sources},
        folder,
        partial(
            _open,
            model,
            checkpoint,
            args.precision,
            args.tta,
            args.thresholds,
            args.postprocess,
            args.cfg_options or (),
            args.allow_pickle,
            args.quality is not None,
        ),
        workforce=Workforce(
            args.address, args.actors, args.device, args.batch_size, args.images_per_file
        ),
        retry_failures=args.retry_failures,
        quality=None if args.quality is None else read_quality_model(args.quality),
        report=_Progress(),
    )
    _report(summary, folder.root)


def check_extra() -> None:
    """Make sure that the packages of archives are installed.

    Raises:
        MissingExtraError: If one is missing.
    """
    for package in PACKAGES:
        import_extra(package, EXTRA)


def _open(
    model: str,
    checkpoint: str | None,
    precision: str | None,
    tta: bool,
    thresholds: Path | None,
    postprocess: Sequence[str] | None,
    cfg_options: Sequence[str],
    allow_pickle: bool,
    summarise: bool,
    device: str,
) -> 'Predictor':
    """Open a predictor, on whichever machine."""
    from handbone.checkpoints import unpickling
    from handbone.configuration.config_file import parse_options
    from handbone.inference import open_predictor

    with unpickling(allow_pickle):
        return open_predictor(
            model,
            checkpoint,
            device,
            precision,
            tta,
            thresholds,
            postprocess,
            cfg_options=parse_options(cfg_options),
            summarise=summarise,
        )


class _Progress:
    """A bar that appears with the first image."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = progress_bar(total=total)
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()


def _report(summary: 'ArchiveSummary', out_dir: Path) -> None:
    print(
        f'{counted(summary.images, "image")}: {summary.predicted} predicted, {summary.known} '
        f'known before, {len(summary.failures)} failed: {out_dir}'
    )
    if summary.earlier_failures:
        print(
            f'{summary.earlier_failures} failed in an earlier run and were left out: '
            '--retry-failures tries them again'
        )
    if summary.review is not None:
        print(f'{counted(summary.review.judged, "image")} sorted for review: {summary.review.file}')
        if summary.review.lacking:
            print(
                f'{summary.review.lacking} were predicted in an earlier run without --quality and '
                'are not among them; a new --out-dir predicts them again'
            )
    if len(summary.failures):
        print(f'{out_dir / "failures.parquet"} says why')
    if len(summary.failures) == summary.images:
        first = summary.failures['error'].iloc[0]
        raise HandboneError(f'none of the images could be predicted; the first one: {first}')
