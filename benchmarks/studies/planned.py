"""A planned config against one that was written by hand, at equal time, in one run.

    python -m benchmarks.studies.planned configs/demo.py data/phantom --split test
    python -m benchmarks.studies.planned configs/jsrt/folded_unet_384.py ../shared/data/jsrt

The config that was written by hand trains first, from scratch. ``handbone plan`` then gets the
time that this took, and what it plans trains. Both are scored on the same images. The processor
time tells whether other programs took cores from one of the two.
"""

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from .jsrt import class_scores, run


class Seconds(NamedTuple):
    """What a training took, start and validation included.

    Attributes:
        wall: Seconds that passed.
        processor: Seconds of all cores.
    """

    wall: float
    processor: float


def train(config: Path, work_dir: Path, options: Sequence[str] = ('--from-scratch',)) -> Seconds:
    """Train, from scratch unless the options say otherwise.

    Args:
        config: Configuration file.
        work_dir: Where the run is written.
        options: Options of ``handbone train``.

    Returns:
        The time that it took.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    begin, used = time.monotonic(), _processor_seconds()
    handbone('train', config, '--work-dir', work_dir, *options, log=work_dir / 'train.log')
    return Seconds(time.monotonic() - begin, _processor_seconds() - used)


def mean_dice(config: Path, work_dir: Path, split: str) -> float:
    """Score a training.

    Args:
        config: Its configuration file.
        work_dir: Its work dir.
        split: ``'val'`` for the images that it held out, or ``'test'``.

    Returns:
        Mean Dice over images and classes, at the size of the files.
    """
    out = work_dir / split
    images = ['--val'] if split == 'val' else []
    handbone('test', config, work_dir, '--work-dir', out, *images, log=work_dir / f'{split}.log')
    return next(float(row['dice']) for row in class_scores(out) if row['name'] == 'mean')


def plan(data: Path, seconds: float, config: Path) -> None:
    """Let the command plan a training on this CPU.

    Args:
        data: Folder of the dataset.
        seconds: What the training may take.
        config: Where the configuration file is written.
    """
    log = config.with_suffix('.log')
    handbone('plan', data, '--device', 'cpu', '--time', f'{seconds:.0f}s', '--out', config, log=log)


def handbone(command: str, *words: str | Path, log: Path) -> None:
    """Run a command of handbone in a process of its own.

    Args:
        command: Its name.
        *words: Its arguments.
        log: File for its output.
    """
    run([sys.executable, 'handbone_command.py', command, *map(str, words)], log)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Train both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', type=Path, help='the config that was written by hand')
    parser.add_argument('data', type=Path, help='the folder that it trains on')
    parser.add_argument('--split', choices=('val', 'test'), default='val')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/planned'))
    args = parser.parse_args()
    folder = args.work_dir / args.config.stem
    by_hand, planned = folder / 'by_hand', folder / 'planned'
    seconds = train(args.config, by_hand)
    config = folder / 'plan.py'
    plan(args.data, seconds.wall, config)
    planned_seconds = train(config, planned)
    table = Table('config', 'training', 'processor', 'mean Dice')
    for name, one, work_dir, time_taken in (
        (args.config.stem, args.config, by_hand, seconds),
        ('planned', config, planned, planned_seconds),
    ):
        dice = mean_dice(one, work_dir, args.split)
        wall, processor = (f'{value:.0f} s' for value in time_taken)
        table.add_row(name, wall, processor, f'{dice:.4f}')
    Console().print(table)
    Console().print(f'handbone compare-runs {planned} --against {by_hand} tells by how much.')


if __name__ == '__main__':
    main()
