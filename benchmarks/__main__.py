"""Print the table: ``python -m benchmarks``.

python -m benchmarks rle loss.1024                 some rows
python -m benchmarks train_step --repetitions 2    whole models: an hour on two cores
"""

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.harness import table
from benchmarks.rows import loss, train_step

#: What is measured unless rows are named: modules with a ``ROW`` each.
ROWS = (
    *('labels', 'rotation', 'rle', 'logits', 'dice', 'surface', 'overlap'),
    *('loss', 'loading', 'voting', 'transforms'),
)


def main() -> None:
    """Measure the rows, print them, and write them as Markdown if asked."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('rows', nargs='*', help=f'rows to measure; {", ".join(ROWS)} unless named')
    parser.add_argument('--repetitions', type=int, default=7, help='timed calls of each way')
    parser.add_argument('--markdown', type=Path, metavar='FILE', help='put the table into FILE too')
    arguments = parser.parse_args()
    of_models = [f'train_step.{name}' for name in train_step.ROWS]
    known = [*ROWS, 'train_step', *of_models, *(f'loss.{size}' for size in loss.ROWS)]
    unknown = set(arguments.rows) - set(known)
    if unknown:
        parser.error(f'no such row: {", ".join(sorted(unknown))}; there are {", ".join(known)}')
    if arguments.repetitions < 1:
        parser.error('--repetitions is at least 1')

    console = Console()
    load = os.getloadavg()[0]
    if load > 0.5:
        console.print(
            f'Other programs are running (load {load:.1f}): times and ratios will be off.'
        )
    names = [
        each
        for name in arguments.rows or ROWS
        for each in (of_models if name == 'train_step' else [name])
    ]
    rows = []
    for module in track(names, 'measuring', console=console):
        rows.append(table.measure(module, arguments.repetitions))
    for row, measured in rows:
        console.print(table.rich_table(row, measured))
    console.print(f'{table.machine()}; {table.libraries()}', soft_wrap=True)
    if arguments.markdown:
        command = ' '.join(['python -m benchmarks', *arguments.rows])
        table.write_section(arguments.markdown, table.markdown(rows, command))


if __name__ == '__main__':
    main()
