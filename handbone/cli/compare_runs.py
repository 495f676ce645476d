"""``handbone compare-runs``: compare the settings and scores of trainings."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.errors import HandboneError

if TYPE_CHECKING:
    from handbone.runs.run_record import RunRecord


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = 'Compare training runs.'
    parser.add_argument('work_dirs', nargs='+', type=Path, help='work dirs; others are left out')
    parser.add_argument(
        '--against',
        type=Path,
        metavar='WORK_DIR',
        help='say whether the one run is better than this one on the same held-out patients, by '
        'more than chance, so that what it did is kept',
    )
    parser.add_argument('--csv', type=Path, help='write all numbers to this file')
    parser.add_argument('--plot', type=Path, help='draw the scores into this PNG file')


def run(args: argparse.Namespace) -> None:
    """Compare.

    Args:
        args: The parsed command line.
    """
    from handbone.evaluation.drawn_tables import print_tables
    from handbone.runs.run_comparison import comparison_tables, plot, write_csv

    if args.against is not None and len(args.work_dirs) > 1:
        raise HandboneError(
            f'--against compares one run, got {len(args.work_dirs)}: '
            f'{", ".join(map(str, args.work_dirs))}'
        )
    folders = [*args.work_dirs, *filter(None, [args.against])]
    runs = _read_runs(folders)
    print_tables(comparison_tables(runs))
    if args.against is not None:
        from handbone.apis.run_verdict import judge_run

        print(judge_run(*folders).text())
    if args.csv is not None:
        write_csv(runs, args.csv)
    if args.plot is not None:
        plot(runs, args.plot)


def _read_runs(folders: Sequence[Path]) -> 'list[RunRecord]':
    from handbone.runs.run_record import read_run

    runs = []
    for folder in folders:
        if not folder.exists():
            raise FileNotFoundError(f'{folder}: no such folder')
        run = read_run(folder) if folder.is_dir() else None
        if run is None:
            print(f'{folder}: no validated training run, left out', file=sys.stderr)
        else:
            runs.append(run)
    if not runs:
        raise HandboneError(
            f'no validated training run in {", ".join(map(str, folders))}: give the work dirs of '
            '`handbone train`, such as work_dirs/*'
        )
    return runs
