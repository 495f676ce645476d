r"""Processor time of the ways of a row, on a machine that other programs use as well.

    python -m benchmarks.studies.processor_time train_step.upernet_1536_predict \
        --ways mmseg handbone

Wall time grows with what others do; processor time hardly does. Every way is called in turns, in
one process and one thread, and the fastest call counts.
"""

import argparse
import time
from collections.abc import Sequence

import torch

from benchmarks.harness.row import row_named


def processor_times(name: str, wanted: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Measure the ways of a row.

    Args:
        name: Name of the row, as :func:`row_named` takes it.
        wanted: Beginnings of the names of the ways; empty for all.
        rounds: Calls of each way.

    Returns:
        Seconds of each call, by way.

    Raises:
        AssertionError: If the first and the last way give different results.
    """
    row = row_named(name)
    ways = [way for way in row.ways if not wanted or way.name.startswith(tuple(wanted))]
    works = {way.name: way.prepare() for way in ways}
    seconds: dict[str, list[float]] = {way: [] for way in works}
    for index in range(rounds):
        results = []
        for way, work in works.items():
            begin = time.process_time()
            results.append(work())
            seconds[way].append(time.process_time() - begin)
        if index == 0:
            row.check(results[0], results[-1])
    return seconds


def main() -> None:
    """Measure a row and print a line for each way; the last one is handbone's."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.studies.processor_time',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('row', help='a row of python -m benchmarks')
    parser.add_argument('--ways', nargs='+', default=(), help='how the names of the ways begin')
    parser.add_argument('--rounds', type=int, default=2, help='calls of each way')
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    seconds = processor_times(arguments.row, arguments.ways, arguments.rounds)
    ours = min(list(seconds.values())[-1])
    print(f'{row_named(arguments.row).work}, processor time of the fastest of {arguments.rounds}')
    for way, times in seconds.items():
        print(f'{way:30} {min(times):8.2f} s  {min(times) / ours:.2f} x')


if __name__ == '__main__':
    main()
