"""What the starter weights are worth where few images are labelled.

    python -m benchmarks.studies.few_labels --numbers 5 10 20 50 100

Phantoms of the preset ``shift`` with a seed of their own. The second network of the cascade is
trained on the first of them by ``configs/starter/own_hands.py``, once from the starter weights and
once from scratch, for as many iterations and so for the same time. In both cases the starter's
first network finds the hand. Runs that are already there are not repeated.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .jsrt import class_scores, run

DATA = Path('data/few_labels')
CONFIG, CASCADE = 'configs/starter/own_hands.py', 'configs/starter/hand.py'
SEED = 77
#: The option of each way to start a training.
STARTS = {'starter': 'load_from=starter', 'scratch': 'load_from=None'}


def train_and_test(number: int, start: str, test_images: int, work_dir: Path) -> dict[str, float]:
    """Train on a number of phantoms and score the cascade.

    Args:
        number: Labelled images, a fifth of which are for validation.
        start: Key of :data:`STARTS`.
        test_images: Images to score.
        work_dir: Where the run is written.

    Returns:
        Mean Dice and the seconds of the training.
    """
    record = work_dir / 'score.json'
    if record.exists():
        return json.loads(record.read_text())
    work_dir.mkdir(parents=True, exist_ok=True)
    data = DATA / str(number)
    make = ['tools/make_phantom.py', data, '--train', number, '--test', test_images]
    make += ['--preset', 'shift', '--seed', SEED, '--size', 1024]
    _tool(make, work_dir / 'make.log')
    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    options = ['--cfg-options', STARTS[start]]
    options += [f'{loader}.dataset.data_root={data}' for loader in loaders]
    begin = time.monotonic()
    _tool(['tools/train.py', CONFIG, '--work-dir', work_dir, *options], work_dir / 'train.log')
    seconds = time.monotonic() - begin
    last = (work_dir / 'last_checkpoint').read_text().strip()
    joined = work_dir / 'joined.pth'
    join = ['handbone_command.py', 'join', CASCADE, 'starter', last, '--out', joined]
    _tool(join, work_dir / 'join.log')
    test = ['tools/test.py', CASCADE, joined, '--work-dir', work_dir / 'test']
    on_data = ['--cfg-options', f'test_dataloader.dataset.data_root={data}']
    _tool([*test, *on_data], work_dir / 'test.log')
    dice = {row['name']: float(row['dice']) for row in class_scores(work_dir / 'test')}
    score = dict(dice=dice['mean'], seconds=seconds)
    record.write_text(json.dumps(score))
    return score


def _tool(words: list, log: Path) -> None:
    run([sys.executable, *map(str, words)], log)


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--numbers', type=int, nargs='+', default=[5, 10, 20, 50, 100])
    parser.add_argument('--test-images', type=int, default=60)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/few_labels'))
    args = parser.parse_args()
    table = Table('labelled images', 'from scratch', 'from the starter', 'gain', 'training')
    for number in args.numbers:
        results = {
            start: train_and_test(
                number, start, args.test_images, args.work_dir / f'{number}_{start}'
            )
            for start in STARTS
        }
        dice = {start: score['dice'] for start, score in results.items()}
        table.add_row(
            str(number),
            f'{dice["scratch"]:.4f}',
            f'{dice["starter"]:.4f}',
            f'{dice["starter"] - dice["scratch"]:+.4f}',
            ', '.join(f'{results[start]["seconds"]:.0f} s' for start in ('scratch', 'starter')),
        )
    Console().print(table)


if __name__ == '__main__':
    main()
