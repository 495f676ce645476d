"""``handbone find-best``: find the best ensemble of cross-validations."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.errors import HandboneError, counted

from .argument_types import at_least_one, names
from .arguments import add_allow_pickle, add_out_dir

if TYPE_CHECKING:
    from handbone.apis.best_finding import BestFound

OUT_DIR = Path('work_dirs/best')
STEPS_FILE = 'steps.csv'
HEADER = ('Step', 'Tried', 'Before', 'After', 'Gain', 'From', 'To', 'Stays', 'In folds')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Choose models, weights, views, windows, thresholds and components on the held-out images '
        'of cross-validations. A step stays if the bootstrap over patients proves its gain. After '
        'an interruption, the same command continues.'
    )
    parser.add_argument(
        'work_dirs',
        nargs='+',
        metavar='WORK_DIR',
        help='work dirs of `handbone train-folds`, all with the same folds',
    )
    add_out_dir(
        parser, f'folder of ensemble.json and {STEPS_FILE} (default: {OUT_DIR})', default=OUT_DIR
    )
    parser.add_argument(
        '--without',
        type=names,
        default=[],
        metavar='STEP,STEP',
        help='what not to try: views, windows, models, thresholds, components',
    )
    parser.add_argument(
        '--windows',
        type=at_least_one,
        metavar='PIXELS',
        help='also try windows of this side where a config predicts whole images; whole images '
        'are tried anyway where a config predicts in windows, and this is an error if all do',
    )
    parser.add_argument(
        '--merge',
        choices=['probabilities', 'logits'],
        default='probabilities',
        help='what to average (default: probabilities)',
    )
    parser.add_argument(
        '--best',
        action='store_true',
        help='take the best checkpoint of each fold, which was chosen on the very images that it '
        'is scored on here, instead of the last one',
    )
    parser.add_argument('--seed', type=int, default=0, help='of the bootstrap (default: 0)')
    parser.add_argument('--device', default='auto', help='cpu, cuda, cuda:1 … (default: auto)')
    add_allow_pickle(parser)


def run(args: argparse.Namespace) -> None:
    """Find the best ensemble.

    Args:
        args: The parsed command line.

    Raises:
        HandboneError: If a step does not exist.
    """
    from handbone.apis.best_finding import find_best
    from handbone.ensembles.choice import STEPS

    unknown = [name for name in args.without if name not in STEPS]
    if unknown:
        raise HandboneError(f'--without: there is no step {unknown[0]!r}; there are {STEPS}')
    found = find_best(
        args.work_dirs,
        args.out_dir,
        steps=[name for name in STEPS if name not in args.without],
        windows=args.windows,
        merge=args.merge,
        best_checkpoints=args.best,
        seed=args.seed,
        device=args.device,
    )
    _report(found, args.out_dir)


def _report(found: 'BestFound', out_dir: Path) -> None:
    """Print and write what each step gave."""
    from handbone.csv_files import csv_bytes
    from handbone.evaluation.drawn_tables import draw_table, print_tables
    from handbone.files import write_atomically

    rows = _rows(found)
    write_atomically(out_dir / STEPS_FILE, csv_bytes([HEADER, *rows]))
    start = [
        name for name, count in zip(found.names, found.choice.start.counts, strict=True) if count
    ]
    for note in found.notes:
        print(note)
    print(f'The best of {len(found.names)} alone: {start[0]}')
    if rows:
        print_tables([draw_table(HEADER, [rows], left=HEADER[:2])])
    print(_summary(found))
    print(f'{found.file}: {counted(len(found.ensemble.members), "checkpoint")}')


def _rows(found: 'BestFound') -> list[list[str]]:
    choices = found.nested.choices if found.nested is not None else []
    rows = []
    for each in found.choice.tried:
        also = [
            any(other.kept and other.step == each.step for other in choice.tried)
            for choice in choices
        ]
        numbers = (each.gain.mean, each.gain.low, each.gain.high)
        rows.append(
            [
                each.step,
                each.choice,
                f'{each.before:.4f}',
                f'{each.after:.4f}',
                *(f'{number:+.4f}' for number in numbers),
                'yes' if each.kept else 'no',
                f'{sum(also)} of {len(also)}',
            ]
        )
    return rows


def _summary(found: 'BestFound') -> str:
    evidence = found.ensemble.evidence
    if found.nested is None:
        return (
            f'{counted(found.patients, "patient is", "patients are")} too few for the bootstrap, '
            f'so nothing was tried: the best cross-validation alone, Dice {evidence["dice"]:.4f}'
        )
    dice, gain = evidence['nested_dice'], found.nested.gain
    return (
        f'Dice on images that the choice was not made on: {dice[0]:.4f} ({dice[1]:.4f} to '
        f'{dice[2]:.4f}), {gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) against the best '
        'alone' + ('' if gain.low > 0 else '. That is no proof of a gain: prefer the best alone')
    )
