"""Read many mutated files: ``python -m tests.fuzz --count 5000 [FORMAT ...]``."""

import argparse
import sys
import tempfile
from pathlib import Path

from .harness import run
from .targets import all_targets


def main() -> None:
    """Print the counts per format; the exit status is 1 where there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('formats', nargs='*', help='default: all')
    parser.add_argument('--count', type=int, default=1000, help='files per format (default: 1000)')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for target in all_targets():
            if args.formats and target.name not in args.formats:
                continue
            report = run(target, args.count, Path(folder), args.seed)
            print(
                f'{target.name}: {report.refused} refused, {report.accepted} accepted, '
                f'{len(report.faults)} faults',
                flush=True,
            )
            for index, fault in report.faults[:10]:
                print(f'  {index}: {fault}')
            faults += len(report.faults)
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
