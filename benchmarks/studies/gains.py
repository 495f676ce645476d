"""What each step after the training gives, as a paired difference with its interval.

    python -m benchmarks.studies.phantom_shift              the models of the first table
    python tools/train_folds.py configs/phantom_shift/folded_unet_256.py --folds 5 \
        --work-dir work_dirs/gains/phantom_shift/folds \
        --cfg-options default_hooks.checkpoint.interval=30 default_hooks.checkpoint.max_keep_ckpts=4
    python -m benchmarks.studies.gains phantom_shift --markdown docs/results.md

Every step ends in a CSV of masks, and all are scored in the same way on the same images: Dice
compared with that of the model alone, patients drawn with replacement. Finished steps are not
repeated.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from benchmarks.harness.table import machine, with_section
from handbone.evaluation import bootstrap_difference, bootstrap_mean

from .gains_steps import STUDIES, Step, Study


class Gain(NamedTuple):
    """One line of the table: the step, what it is compared with, and the texts of its numbers."""

    name: str
    reference: str
    dice: str
    difference: str
    better: str


def scores_of(study: Study, step: Step, folder: Path) -> pd.DataFrame:
    """Run a step, unless its scores already exist.

    Args:
        study: Data and models.
        step: What to run.
        folder: Where CSVs and logs go.

    Returns:
        Columns ``image``, ``patient`` and ``dice``, the mean over the classes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    masks, scores = folder / f'{step.key}.csv', folder / f'{step.key}_scores.csv'
    if not scores.exists():
        begin = time.monotonic()
        for words in step.commands(masks):
            run(words, folder / f'{step.key}.log')
        command = ['tools/evaluate.py', masks, study.truth, '--metrics', 'dice', '--common']
        command += ['--images', study.images, '--classes', *study.classes, '--out', scores]
        run(command, folder / f'{step.key}_scores.log')
        print(f'{step.name}: {time.monotonic() - begin:.0f} s', flush=True)
    table = pd.read_csv(scores)
    means = table.groupby(['image', 'patient'], as_index=False)['dice'].mean()
    return means.sort_values('image', ignore_index=True)


def run(words: Iterable[str | Path], log: Path) -> None:
    """Run a tool, with its output in a log file.

    Args:
        words: The tool and its arguments.
        log: File that the output is added to.

    Raises:
        SystemExit: If it fails.
    """
    command = [sys.executable, *map(str, words)]
    with log.open('a') as file:
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    if status.returncode:
        raise SystemExit(f'{" ".join(command)} failed, see {log}')


def gain(step: Step, scores: pd.DataFrame, reference: pd.DataFrame | None, name: str) -> Gain:
    """Compare a step with its reference.

    Args:
        step: The step.
        scores: Its scores.
        reference: Scores to compare with, of the same images; ``None`` for a line without.
        name: Name of the reference.

    Returns:
        The line.
    """
    mean = bootstrap_mean(scores.dice.to_numpy(), scores.patient)
    dice = f'{mean.mean:.4f} [{mean.low:.4f}, {mean.high:.4f}]'
    if reference is None:
        return Gain(step.name, '', dice, '', '')
    if not scores.image.equals(reference.image):
        raise SystemExit(f'{step.name} has other images than {name}')
    found = bootstrap_difference(scores.dice.to_numpy(), reference.dice.to_numpy(), scores.patient)
    difference = f'{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]'
    return Gain(step.name, name, dice, difference, f'{found.better:.0%}')


def section(study: Study, gains: Iterable[Gain], command: str) -> str:
    """Write the section of a document.

    Args:
        study: What was studied.
        gains: The lines.
        command: The command that gives it.

    Returns:
        Markdown.
    """
    text = [
        f'## {study.title}',
        '',
        f'`{command}` on {machine()}. {study.text} Intervals hold 95 % of 10,000 draws of patients '
        'with replacement; "better" is the share of the draws in which the step helps. A step '
        'whose interval of the difference holds 0 gave nothing that these images can show.',
        '',
        '| step | compared with | Dice | difference | better |',
        '|---|---|---|---|---|',
        *(f'| {" | ".join(each)} |' for each in gains),
    ]
    return '\n'.join(text) + '\n'


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('study', choices=sorted(STUDIES))
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/gains'))
    parser.add_argument('--markdown', type=Path, help='put the table into this document')
    parser.add_argument('--only', nargs='+', metavar='STEP', help='run these steps alone')
    args = parser.parse_args()
    folder = args.work_dir / args.study
    study = STUDIES[args.study](folder)
    steps = [step for step in study.steps if not args.only or step.key in args.only]
    scores = {step.key: scores_of(study, step, folder) for step in steps}
    names = {step.key: step.name for step in steps}
    lines = [
        gain(step, scores[step.key], scores.get(step.reference), names.get(step.reference, ''))
        for step in steps
    ]
    text = section(study, lines, f'python -m benchmarks.studies.gains {args.study}')
    print(text)
    if args.markdown:
        args.markdown.write_text(with_section(args.markdown.read_text(), text))


if __name__ == '__main__':
    main()
