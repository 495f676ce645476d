"""``handbone metadata``: clean a table of patients."""

import argparse
from pathlib import Path

from handbone.errors import counted

EPILOG = 'example: handbone metadata patients.xlsx --data data --out clean.csv --repair'
#: Findings that the terminal shows.
SHOWN = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Clean a table of patients (CSV or Excel, English or Korean headers), for `handbone folds` '
        'and `handbone evaluate --by`. What cannot be right is listed, and left out.'
    )
    parser.epilog = EPILOG
    parser.add_argument('table', type=Path, help='CSV file or Excel workbook')
    parser.add_argument('--out', type=Path, required=True, help='CSV to write')
    parser.add_argument(
        '--data', type=Path, help='folder whose folders of images are the patients, to compare'
    )
    parser.add_argument(
        '--repair', action='store_true', help='take the likely value in place of an impossible one'
    )
    parser.add_argument('--sheet', help='sheet of a workbook (default: the only one)')
    parser.add_argument('--findings', type=Path, help='write all findings to this CSV')


def run(args: argparse.Namespace) -> None:
    """Clean the table.

    Args:
        args: The parsed command line.
    """
    from handbone.apis.metadata_cleaning import clean_metadata
    from handbone.evaluation.drawn_tables import draw_table, print_tables

    cleaned = clean_metadata(
        args.table,
        args.out,
        data=args.data,
        repair=args.repair,
        sheet=args.sheet,
        findings=args.findings,
    )
    for note in cleaned.notes:
        print(note)
    if cleaned.findings:
        likely = 'Repaired' if args.repair else 'Likely'
        rows = [
            [str(each.line), each.patient, each.column, each.value, each.fault, each.repair]
            for each in cleaned.findings[:SHOWN]
        ]
        header = ['Line', 'Patient', 'Column', 'Value', 'What is wrong', likely]
        print_tables([draw_table(header, [rows], left=header[1:])])
        rest = len(cleaned.findings) - SHOWN
        if rest > 0:
            print(f'and {rest} more; --findings writes all of them')
        number = sum(bool(each.repair) for each in cleaned.findings)
        done = 'repaired' if args.repair else 'could be repaired with --repair'
        print(
            f'{counted(len(cleaned.findings), "finding")}, {number} {done}; other values are left '
            'out'
        )
    print(f'{counted(len(cleaned.rows), "patient")} in {args.out}')
