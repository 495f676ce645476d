"""Ask a GPU in ten minutes what cannot be asked without one.

python -m benchmarks.gpu_check --out work_dirs/gpu_check --seconds 480

Checks run in order of worth, each in a process of its own with a time limit. After each of them
results.json and performance.md in the folder are written; performance.md has the tables in the
form of docs/performance.md.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

import torch
from rich.console import Console

from .check import Outcome, run_check
from .checks import checks_on_cpu, checks_on_gpu
from .report import write_report

COLOURS = {'passed': 'green', 'failed': 'red', 'stopped': 'red', 'left out': 'yellow'}


def main() -> int:
    """Run the checks.

    Returns:
        0, or 1 if a check failed or was stopped.
    """
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.gpu_check',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--out', type=Path, required=True, help='folder of results')
    parser.add_argument('--seconds', type=float, default=480, help='for all checks together')
    parser.add_argument('--small', action='store_true', help='sizes that a CPU manages')
    arguments = parser.parse_args()
    if not (arguments.small or torch.cuda.is_available()):
        parser.error('PyTorch sees no GPU; --small tries the script on the CPU')
    end = time.monotonic() + arguments.seconds
    arguments.out.mkdir(parents=True, exist_ok=True)
    console, outcomes = Console(), list[Outcome]()
    for check in checks_on_cpu() if arguments.small else checks_on_gpu():
        outcome = run_check(check, arguments.out, end - time.monotonic())
        outcomes.append(outcome)
        write_report(arguments.out, outcomes)
        state = f'[{COLOURS[outcome.state]}]{outcome.state}[/]'
        console.print(f'{outcome.name}: {state} in {outcome.seconds:.0f} s')
        console.print(f'  {outcome.found}', markup=False, soft_wrap=True)
    return int(any(outcome.state in ('failed', 'stopped') for outcome in outcomes))


if __name__ == '__main__':
    # the check that runs then is stopped too
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())
