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
    parser.add_argument('--csv', type=Path, help='write all numbers to this file')
    parser.add_argument('--plot', type=Path, help='draw the scores into this PNG file')


def run(args: argparse.Namespace) -> None:
    """Compare.

    Args:
        args: The parsed command line.
    """
    from handbone.evaluation.drawn_tables import print_tables
    from handbone.runs.run_comparison import comparison_tables, plot, write_csv

    runs = _read_runs(args.work_dirs)
    print_tables(comparison_tables(runs))
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
