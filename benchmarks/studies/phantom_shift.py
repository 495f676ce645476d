"""Configs at equal training time on phantoms with the bent-wrist shift, with spread over seeds.

    python -m benchmarks.studies.phantom_shift --seeds 0 1 2 --markdown docs/results.md

Each config of configs/phantom_shift is trained once per seed by ``tools/train.py`` and scored on
the test images by ``tools/test.py``. Runs that are already there are not repeated.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

from mmengine.config import Config

from benchmarks.harness.table import machine, with_section

from .jsrt import class_scores, run

CONFIGS = Path('configs/phantom_shift')
DATA = Path('data/phantom_shift')
TEST_IMAGES = 200
GROUPS = ('mean', 'fingers', 'carpals', 'forearm')


class Score(NamedTuple):
    """One run.

    Attributes:
        seconds: Wall time of the training.
        dice: Mean Dice by name: of all classes as ``mean``, and of each group.
    """

    seconds: float
    dice: dict[str, float]


def make_data() -> None:
    """Write the phantoms, unless they are there: 400 to train on, half as many to test."""
    command = ['tools/make_phantom.py', str(DATA), '--preset', 'shift', '--train', '400']
    command += ['--test', str(TEST_IMAGES), '--size', '1024', '--workers', '2']
    DATA.mkdir(parents=True, exist_ok=True)
    run([sys.executable, *command], DATA / 'make.log')


def train_and_test(config: Path, seed: int, work_dir: Path) -> Score:
    """Train and score one config with one seed.

    Args:
        config: Configuration file.
        seed: Of the weights, the order of the images and the augmentation.
        work_dir: Where the run is written.

    Returns:
        Time and Dice.
    """
    record = work_dir / 'score.json'
    if record.exists():
        return Score(**json.loads(record.read_text()))
    work_dir.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    train = ['tools/train.py', str(config), '--work-dir', str(work_dir)]
    train += ['--cfg-options', f'randomness.seed={seed}']
    run([sys.executable, *train], work_dir / 'train.log')
    seconds = time.monotonic() - begin
    test = ['tools/test.py', str(config), (work_dir / 'last_checkpoint').read_text().strip()]
    run([sys.executable, *test, '--work-dir', str(work_dir / 'test')], work_dir / 'test.log')
    dice = {row['name']: float(row['dice']) for row in class_scores(work_dir)}
    score = Score(seconds, {name: dice[name] for name in GROUPS})
    record.write_text(json.dumps(score._asdict()))
    return score


def lines(name: str, iterations: int, scores: Sequence[Score]) -> str:
    """Write one config's line of the table: means, and standard deviations over the seeds."""
    cells = [name, str(iterations), f'{mean(score.seconds for score in scores):.0f} s']
    for group in GROUPS:
        values = [score.dice[group] for score in scores]
        spread = f' ± {stdev(values):.4f}' if len(values) > 1 else ''
        cells.append(f'{mean(values):.4f}{spread}')
    cells.append(', '.join(f'{score.dice["mean"]:.4f}' for score in scores))
    return f'| {" | ".join(cells)} |'


def section(results: dict[str, tuple[int, list[Score]]], command: str) -> str:
    """Write the section of a document.

    Args:
        results: Iterations and scores by config.
        command: The command that gives it.

    Returns:
        Markdown.
    """
    header = ['config', 'iterations', 'training', *GROUPS, 'mean of each seed']
    text = [
        '## Bent wrists: 12 % in training, 60 % in test',
        '',
        f'`{command}` on {machine()}: 400 phantoms of the preset `shift` to train on, '
        f'{TEST_IMAGES} to test, 1024 x 1024; every config of `{CONFIGS}` from scratch, once a '
        'seed, for about the same time, which is that of the whole `tools/train.py`. Mean Dice '
        'over the test images and its standard deviation over the seeds, one view.',
        '',
        f'| {" | ".join(header)} |',
        f'|{"---|" * len(header)}',
    ]
    text += [lines(name, *result) for name, result in results.items()]
    return '\n'.join(text) + '\n'


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/phantom_shift'))
    parser.add_argument('--markdown', type=Path, help='put the table into this document')
    args = parser.parse_args()
    make_data()
    results: dict[str, tuple[int, list[Score]]] = {}
    # seed by seed, so that a machine that is busy for a while slows all configs
    for seed in args.seeds:
        for config in sorted(CONFIGS.glob('*.py')):
            iterations = Config.fromfile(config).train_cfg.max_iters
            scores = results.setdefault(config.stem, (iterations, []))[1]
            scores.append(train_and_test(config, seed, args.work_dir / f'{config.stem}_{seed}'))
            print(config.stem, seed, scores[-1], flush=True)
    seeds = ' '.join(map(str, args.seeds))
    text = section(results, f'python -m benchmarks.studies.phantom_shift --seeds {seeds}')
    print(text)
    if args.markdown:
        args.markdown.write_text(with_section(args.markdown.read_text(), text))


if __name__ == '__main__':
    main()
