"""What the starter weights are worth where few images are labelled, at equal time.

    python -m benchmarks.studies.few_labels --numbers 5 10 20 50 100

Phantoms of the preset ``shift`` with a seed of their own. The second network of the cascade is
trained on the first of them by ``configs/starter/own_hands.py``: from the starter weights for
``--iterations`` iterations, and then from scratch with as many as fit into the time that this took.
Where the second training took another time after all, it is repeated with another number, at most
twice; the table has the times of both. In both cases the starter's first network finds the hand.
Comparisons that are already there are not repeated.
"""

import argparse
import json
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from .jsrt import class_scores
from .planned import Seconds, handbone, train

DATA = Path('data/few_labels')
CONFIG, CASCADE = Path('configs/starter/own_hands.py'), 'configs/starter/hand.py'
SEED = 77
#: Folds of the config; with fewer patients there are as many as patients.
FOLDS = 5
#: How far the time of the training from scratch may be from the other, and how often it is tried.
TOLERANCE, TRIES = 0.1, 3


class Result(NamedTuple):
    """A training and what it reached.

    Attributes:
        dice: Mean Dice of the cascade on the test images.
        iterations: Iterations of the training.
        wall: Seconds that it took, start and validation included.
        processor: Seconds of all cores.
    """

    dice: float
    iterations: int
    wall: float
    processor: float


def training_options(number: int, iterations: int, data: Path, load_from: str | None) -> list[str]:
    """Fit the config to a number of images and of iterations.

    Args:
        number: Labelled images, two of each patient.
        iterations: Iterations of the training; a tenth of them is warm-up, as in the config.
        data: Folder of the images.
        load_from: Weights to start from; None trains from scratch.

    Returns:
        Options of ``handbone train``.
    """
    warm_up, folds = max(1, iterations // 10), min(FOLDS, (number + 1) // 2)
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    return [
        '--cfg-options',
        f'load_from={load_from}',
        f'train_cfg.max_iters={iterations}',
        f'train_cfg.val_interval={iterations}',
        f'param_scheduler.0.end={warm_up}',
        f'param_scheduler.1.begin={warm_up}',
        f'param_scheduler.1.end={iterations}',
        f'param_scheduler.1.T_max={iterations - warm_up}',
        *(f'{loader}.dataset.data_root={data}' for loader in loaders),
        *(f'{loader}.dataset.num_folds={folds}' for loader in loaders[:2]),
    ]


def train_for(
    seconds: float, number: int, iterations: int, data: Path, work_dir: Path
) -> tuple[Path, int, Seconds]:
    """Train from scratch with as many iterations as fit into a time.

    Args:
        seconds: The time, start and validation included.
        number: Labelled images.
        iterations: Iterations that are tried first.
        data: Folder of the images.
        work_dir: Where the runs are written.

    Returns:
        Work dir, iterations and time of the run that took about as long.
    """
    for _ in range(TRIES):
        folder = work_dir / str(iterations)
        taken = train(CONFIG, folder, training_options(number, iterations, data, None))
        trained = folder, iterations, taken
        if abs(taken.wall - seconds) <= TOLERANCE * seconds:
            break
        iterations = max(2, round(iterations * seconds / taken.wall))
    return trained


def score(trained: Path, data: Path, work_dir: Path) -> float:
    """Score the cascade with a trained second network.

    Args:
        trained: Work dir of the training.
        data: Folder of the images.
        work_dir: Where the test is written.

    Returns:
        Mean Dice over images and classes.
    """
    joined = work_dir / 'joined.pth'
    log = work_dir / 'join.log'
    handbone('join', CASCADE, 'starter', trained, '--out', joined, log=log)
    test_dir = work_dir / 'test'
    on_data = ('--cfg-options', f'test_dataloader.dataset.data_root={data}')
    log = work_dir / 'test.log'
    handbone('test', CASCADE, joined, '--work-dir', test_dir, *on_data, log=log)
    return next(float(row['dice']) for row in class_scores(test_dir) if row['name'] == 'mean')


def compare(number: int, iterations: int, test_images: int, work_dir: Path) -> dict[str, Result]:
    """Train on a number of phantoms from the starter weights and from scratch.

    Args:
        number: Labelled images, some of which are held out for validation.
        iterations: Iterations of the training from the starter weights.
        test_images: Images to score.
        work_dir: Where the runs are written.

    Returns:
        The results by start: ``starter`` and ``scratch``.
    """
    folder = work_dir / f'{number}_images_{iterations}_iterations_{test_images}_tests'
    record = folder / 'results.json'
    if record.exists():
        return {start: Result(**found) for start, found in json.loads(record.read_text()).items()}
    folder.mkdir(parents=True, exist_ok=True)
    data = DATA / f'{number}_{test_images}'
    make = ['--train', number, '--test', test_images, '--preset', 'shift']
    make += ['--seed', SEED, '--size', 1024]
    handbone('make-phantom', data, *map(str, make), log=folder / 'make.log')
    first = folder / 'starter' / str(iterations)
    taken = train(CONFIG, first, training_options(number, iterations, data, 'starter'))
    runs = {
        'starter': (first, iterations, taken),
        'scratch': train_for(taken.wall, number, iterations, data, folder / 'scratch'),
    }
    results = {
        start: Result(score(trained, data, folder / start), count, *seconds)
        for start, (trained, count, seconds) in runs.items()
    }
    record.write_text(json.dumps({start: found._asdict() for start, found in results.items()}))
    return results


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--numbers', type=int, nargs='+', default=[5, 10, 20, 50, 100], help='labelled images'
    )
    parser.add_argument(
        '--iterations',
        type=int,
        default=300,
        help='of the trainings from the starter weights; fewer take less time (default: 300)',
    )
    parser.add_argument('--test-images', type=int, default=60)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/few_labels'))
    args = parser.parse_args()
    if min(args.numbers) < 3:
        parser.error('--numbers: two patients are needed, so 3 images, as one is held out')
    if args.iterations < 2:
        parser.error('--iterations: at least 2')
    table = Table('labelled images', 'start', 'iterations', 'training', 'processor', 'mean Dice')
    for number in args.numbers:
        results = compare(number, args.iterations, args.test_images, args.work_dir)
        for start in ('scratch', 'starter'):
            dice, iterations, *seconds = results[start]
            times = (f'{value:.0f} s' for value in seconds)
            table.add_row(str(number), start, str(iterations), *times, f'{dice:.4f}')
        gain = results['starter'].dice - results['scratch'].dice
        table.add_row(str(number), 'gain', '', '', '', f'{gain:+.4f}', end_section=True)
    Console().print(table)


if __name__ == '__main__':
    main()
