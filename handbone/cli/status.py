"""``handbone status``: what machines do, and what runs have reached."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from handbone.errors import HandboneError, counted

from .argument_types import at_least_one

if TYPE_CHECKING:
    from rich.table import Table

    from handbone.machine.use import MachineUse

EPILOG = 'example: handbone status work_dirs/results.csv --watch'
#: Seconds between two rows of this machine in the table.
WRITE_INTERVAL = 60.0
#: Seconds between two readings of a Google Sheet: one takes four requests of the sixty per minute
#: that all who use an account have, trainings included.
READ_INTERVAL = 30.0
#: Columns of results that fit beside each other.
RESULT_COLUMNS = (
    *('state', 'config', 'data', 'fold', 'mDice', 'iteration', 'seconds', 'begun', 'user'),
    *('machine', 'commit'),
)


class SharedRows(NamedTuple):
    """What a table says.

    Attributes:
        machines: Cells by column of each machine.
        results: The same of each run.
    """

    machines: Sequence[dict[str, str]] = ()
    results: Sequence[dict[str, str]] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Show what this machine does: processor, memory, disk, GPUs, who uses it since when '
        '(docs/status.md). With a table, show the other machines and the results of runs too.'
    )
    parser.epilog = EPILOG
    parser.add_argument(
        'table',
        nargs='?',
        help='table that ResultSheetHook writes: CSV, SQLite (.db), or address of a Google Sheet',
    )
    parser.add_argument(
        '--watch',
        nargs='?',
        type=float,
        const=2.0,
        metavar='SECONDS',
        help='go on showing, and keep the row of this machine in the table up to date',
    )
    parser.add_argument(
        '--last', type=at_least_one, default=10, help='results to show (default: 10)'
    )
    parser.add_argument(
        '--add',
        nargs='+',
        type=Path,
        default=(),
        metavar='WORK_DIR',
        help='write the results of these work dirs into the table; no row twice',
    )
    parser.add_argument(
        '--account',
        type=Path,
        help='key file of the service account, for Google Sheets (default: what '
        'GOOGLE_APPLICATION_CREDENTIALS names)',
    )


def run(args: argparse.Namespace) -> None:
    """Show.

    Args:
        args: The parsed command line.

    Raises:
        HandboneError: If the table cannot be read or written.
    """
    if args.add:
        _add(args.table, args.account, args.add)
    if args.watch is None:
        from handbone.evaluation.drawn_tables import print_tables
        from handbone.machine.use import machine_use

        machine_use()
        time.sleep(0.2)  # what the processor did since the line above
        print_tables(_tables(_read_shared(args), args.last))
    else:
        _watch(args)


def _watch(args: argparse.Namespace) -> None:
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    from handbone.sheets.keyed_table import GOOGLE

    if not 0 < args.watch < float('inf'):
        raise HandboneError(f'--watch is more than 0 seconds, got {args.watch}')
    interval = READ_INTERVAL if str(args.table).startswith(GOOGLE) else 0.0
    read = written = float('-inf')
    shared, failed = SharedRows(), ''
    with Live(auto_refresh=False, screen=False) as live:
        while True:
            now = time.monotonic()
            if args.table and now - read > interval:
                read = now
                try:
                    shared, failed = _read_shared(args), ''
                except (HandboneError, OSError) as error:
                    failed = str(error)
            if args.table and now - written > WRITE_INTERVAL:
                written = now
                _write_machine(args)
            # a Text, as the error may hold what rich would take for its markup
            live.update(Group(*_tables(shared, args.last), Text(failed)), refresh=True)
            time.sleep(args.watch)


def _write_machine(args: argparse.Namespace) -> None:
    from handbone.machine.use import machine_use
    from handbone.sheets.keyed_table import open_table

    try:
        open_table(args.table, 'machines', args.account).put([machine_use().row()])
    except (HandboneError, OSError) as error:
        print(error)


def _add(target: str | None, account: Path | None, folders: Sequence[Path]) -> None:
    from handbone.sheets.keyed_table import open_table
    from handbone.sheets.result_row import FILE, read_row

    if target is None:
        raise HandboneError('--add needs a table, such as work_dirs/results.csv')
    rows = []
    for folder in folders:
        row = read_row(folder)
        if row is None:
            raise HandboneError(f'{folder} has no {FILE}, which ResultSheetHook writes')
        rows.append(row)
    table = open_table(target, 'results', account)
    for row in rows:
        table.put([row])
    print(f'{target}: {counted(len(rows), "result")} written')


def _read_shared(args: argparse.Namespace) -> SharedRows:
    from handbone.sheets.keyed_table import open_table

    if not args.table:
        return SharedRows()
    return SharedRows(
        *(open_table(args.table, name, args.account).rows() for name in ('machines', 'results'))
    )


def _tables(shared: SharedRows, last: int) -> 'list[Table]':
    from handbone.machine.use import machine_use
    from handbone.sheets.stopped_runs import with_stopped

    here = machine_use()
    rows = {here.machine: {name: str(value) for name, value in here.row().items()}}
    for row in shared.machines:
        rows.setdefault(row.get('machine', ''), row)
    results = with_stopped(shared.results)
    return [*_machine_tables(here, list(rows.values())), *_result_tables(results, last)]


def _machine_tables(here: 'MachineUse', rows: Sequence[dict[str, str]]) -> 'list[Table]':
    from handbone.evaluation.drawn_tables import draw_table

    columns = list(dict.fromkeys(name for row in rows for name in row))
    shown = [name for name in columns if name != 'runs']
    cells = [[_short(name, row.get(name, '')) for name in shown] for row in rows]
    left = ['machine', 'seen', 'GPUs', 'who', 'since']
    tables = [draw_table(shown, [cells], left=left, title='Machines')]
    if here.jobs:
        jobs = [[job.user, f'{job.since:%Y-%m-%d %H:%M}', job.command] for job in here.jobs]
        header = ['who', 'since', 'run']
        title = f'Runs on {here.machine}'
        tables.append(draw_table(header, [jobs], left=header, title=title))
    return tables


def _result_tables(results: Sequence[dict[str, str]], last: int) -> 'list[Table]':
    from handbone.evaluation.drawn_tables import draw_table

    if not results:
        return []
    shown = [name for name in RESULT_COLUMNS if any(row.get(name) for row in results)]
    cells = [[_short(name, row.get(name, '')) for name in shown] for row in results[-last:]]
    left = [name for name in shown if name not in ('mDice', 'iteration', 'seconds')]
    title = f'Results, the last {len(cells)} of {len(results)}'
    return [draw_table(shown, [cells], left=left, title=title)]


def _short(name: str, value: str) -> str:
    """Shorten a cell: scores to four digits, times to minutes here, configs to their names."""
    from handbone.local_time import local_time

    if name == 'mDice':
        try:
            return f'{float(value):.4f}'
        except ValueError:
            return value
    if name in ('seen', 'since', 'begun'):
        return local_time(value)
    return Path(value).name if name in ('config', 'data') else value
