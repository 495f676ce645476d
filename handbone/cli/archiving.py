"""Predict whole archives of radiographs, and take submissions out of them."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from handbone.checkpoints import unpickling
from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.inference import ImageSources, Predictor, open_predictor

from .predict import add_model_arguments, split_sources
from .user_errors import user_errors_in_one_line

if TYPE_CHECKING:
    from handbone.archive.prediction import ArchiveSummary

EXTRA = 'archive'
PACKAGES = ('duckdb', 'pyarrow', 'ray.data')


@user_errors_in_one_line(predicting=True)
def predict_main(arguments: list[str] | None = None) -> None:
    """Run ``tools/predict_archive.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.

    Raises:
        HandboneError: If no image could be predicted.
    """
    args = _predict_parser().parse_args(arguments)
    model, checkpoint, names = split_sources(args.model, args.sources)
    _check_extra()
    from handbone.archive.folder import ArchiveFolder
    from handbone.archive.prediction import Workforce, predict_archive

    folder = ArchiveFolder(args.out)
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
            args.allow_pickle,
        ),
        workforce=Workforce(
            args.address, args.actors, args.device, args.batch_size, args.images_per_file
        ),
        retry_failures=args.retry_failures,
        report=_Progress(),
    )
    _tell(summary, folder.root)


@user_errors_in_one_line()
def csv_main(arguments: list[str] | None = None) -> None:
    """Run ``tools/archive_to_csv.py``.

    Args:
        arguments: Command line without the program; ``sys.argv`` by default.
    """
    parser = argparse.ArgumentParser(description='Write predictions of an archive as a submission')
    parser.add_argument('archive', help='folder that tools/predict_archive.py wrote')
    parser.add_argument('--out', type=Path, required=True, help='CSV file to write')
    parser.add_argument(
        '--images',
        type=Path,
        metavar='LIST',
        help='text file with one path of an image a line, as it was given; default: all images',
    )
    parser.add_argument(
        '--model',
        metavar='HASH',
        help='hash of the model, or how it begins; needed where several models have predicted',
    )
    args = parser.parse_args(arguments)
    _check_extra()
    from handbone.archive.folder import ArchiveFolder
    from handbone.archive.submission import write_submission

    written = write_submission(ArchiveFolder(args.archive), args.out, args.images, args.model)
    print(f'{written.images} images: {args.out}')
    if written.lacking:
        print(f'{written.lacking} images have no prediction, so they are not in the file')


def _open(
    model: str,
    checkpoint: str | None,
    precision: str | None,
    tta: bool,
    thresholds: Path | None,
    allow_pickle: bool,
    device: str,
) -> Predictor:
    """Open a predictor, on whichever machine."""
    with unpickling(allow_pickle):
        return open_predictor(model, checkpoint, device, precision, tta, thresholds)


def _check_extra() -> None:
    for package in PACKAGES:
        import_extra(package, EXTRA)


class _Progress:
    """A bar that appears with the first image."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None

    def __call__(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = tqdm(total=total, unit='image')
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.close()


def _tell(summary: 'ArchiveSummary', out: Path) -> None:
    print(
        f'{summary.images} images: {summary.predicted} predicted, {summary.known} known before, '
        f'{len(summary.failures)} failed: {out}'
    )
    if summary.earlier_failures:
        print(
            f'{summary.earlier_failures} failed in an earlier run and were left out: '
            '--retry-failures tries them again'
        )
    if len(summary.failures):
        print(f'{out / "failures.parquet"} says why')
    if len(summary.failures) == summary.images:
        first = summary.failures['error'].iloc[0]
        raise HandboneError(f'none of the images could be predicted; the first one: {first}')


def _predict_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description='Predict an archive of radiographs into a Parquet dataset, on this machine or '
        'on a Ray cluster. The same command goes on after an interruption, and predicts what is '
        'new later.',
        usage='%(prog)s (CONFIG CHECKPOINT | MODEL.onnx) SOURCE [SOURCE ...] --out DIR [options]',
    )
    add_model_arguments(parser)
    parser.add_argument('--out', type=Path, required=True, help='folder of the dataset')
    parser.add_argument(
        '--address', help='cluster: auto, HOST:6379 or ray://HOST:10001 (default: this machine)'
    )
    parser.add_argument('--actors', type=_positive, help='processes (default: one a GPU or core)')
    parser.add_argument(
        '--batch-size', type=_positive, help='images at once (default: 1 on CPUs, 8 on GPUs)'
    )
    parser.add_argument(
        '--images-per-file', type=_positive, default=128, help='most images a file (default: 128)'
    )
    parser.add_argument('--device', choices=['cpu', 'cuda'], help='default: GPUs if there are some')
    parser.add_argument(
        '--retry-failures', action='store_true', help='try the images again that failed before'
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{text} is not at least 1')
    return number
