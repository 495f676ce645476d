"""Write docs/model_zoo.md: what the configs cost, and which models of mmseg there are.

    python -m benchmarks.studies.model_zoo          parameters and operations
    python -m benchmarks.studies.model_zoo --measure 512 1024 --only upernet_swin_1536
    python -m benchmarks.studies.model_zoo --measure 1536 --device cuda --precision bfloat16

Each config is counted and each size measured in a process of its own. Results are kept in
docs/model_zoo.json and not computed twice, so a run that was stopped continues where it was;
``--again`` starts over with what is asked for.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from benchmarks.harness.table import machine
from handbone.configuration.shipped import config_names

from .model_zoo_page import markdown

DOCS = Path(__file__).resolve().parents[2] / 'docs'


def zoo_names() -> list[str]:
    """List the configs that stand for a model: those in no folder of configs/."""
    return [name for name in config_names() if '/' not in name]


def read(file: Path) -> dict[str, dict]:
    """Read what was found before.

    Args:
        file: The file of results.

    Returns:
        For each config ``parameters``, ``flops`` and ``steps``, by what was measured.
    """
    return json.loads(file.read_text(encoding='utf-8')) if file.exists() else {}


def write(text: str, file: Path) -> None:
    """Write a file as a whole.

    Args:
        text: Its content.
        file: Its path.
    """
    beside = file.with_name(file.name + '.part')
    beside.write_text(text, encoding='utf-8')
    beside.replace(file)


def ask(name: str, *options: str, timeout: float) -> dict | None:
    """Count or measure one config in a process of its own.

    Args:
        name: Name of the config.
        *options: Further arguments of :mod:`benchmarks.studies.model_cost`.
        timeout: Seconds after which the process is ended.

    Returns:
        The result, or ``None`` where there is none: out of memory, out of time, or a package is
        missing. The reason is printed.
    """
    command = [
        sys.executable,
        '-W',
        'ignore',
        '-m',
        'benchmarks.studies.model_cost',
        name,
        *options,
    ]
    # Without a fixed threshold glibc keeps freed arrays, and memory grows beyond what is needed.
    environment = os.environ | {'MALLOC_MMAP_THRESHOLD_': '65536'}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        print(f'{name} {" ".join(options)}: not done in {timeout:.0f} s', file=sys.stderr)
        return None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f'exit status {done.returncode}'])[-1]
        print(f'{name} {" ".join(options)}: {last}', file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def fill(found: dict[str, dict], arguments: argparse.Namespace, file: Path) -> None:
    """Find what is missing, config after config, and keep each result at once.

    Args:
        found: What was found before, added to in place.
        arguments: The command line.
        file: Where to keep it.
    """
    for name in arguments.only or zoo_names():
        entry = found.setdefault(name, {})
        if 'flops' not in entry or arguments.again:
            entry |= ask(name, timeout=arguments.timeout) or {}
            write(json.dumps(found, indent=1, sort_keys=True) + '\n', file)
        for size in arguments.measure:
            steps = entry.setdefault('steps', {})
            key = f'{arguments.device} {arguments.precision} {size}'
            if key in steps and not arguments.again:
                continue
            options = ('--size', size, '--device', arguments.device)
            options += ('--precision', arguments.precision)
            options += ('--repetitions', arguments.repetitions)
            step = ask(name, *map(str, options), timeout=arguments.timeout)
            if step is not None:
                steps[key] = step | dict(machine=hardware(arguments.device))
                write(json.dumps(found, indent=1, sort_keys=True) + '\n', file)


def hardware(device: str) -> str:
    """Describe what was measured on.

    Args:
        device: ``'cpu'`` or ``'cuda'``.

    Returns:
        The GPU's or the processor's name, and the version of torch.
    """
    import torch

    name = torch.cuda.get_device_name() if device == 'cuda' else machine()
    return f'{name}; torch {torch.__version__}'


def main() -> None:
    """Find what is missing and write the page."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmarks.studies.model_zoo',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--measure', nargs='+', type=int, default=[], metavar='SIZE', help='sizes of training steps'
    )
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    parser.add_argument(
        '--precision', choices=['float32', 'bfloat16', 'float16'], default='float32'
    )
    parser.add_argument('--repetitions', type=int, default=3, help='timed steps of each')
    parser.add_argument('--only', nargs='+', metavar='CONFIG', help='names of configs; all')
    parser.add_argument('--timeout', type=float, default=3600, help='seconds for each process')
    parser.add_argument(
        '--again', action='store_true', help='compute what was computed before again'
    )
    parser.add_argument('--folder', type=Path, default=DOCS, help='where page and results go')
    arguments = parser.parse_args()
    unknown = set(arguments.only or ()) - set(config_names())
    if unknown:
        names = ', '.join(config_names())
        parser.error(f'no such config: {", ".join(sorted(unknown))}; there are {names}')
    arguments.folder.mkdir(parents=True, exist_ok=True)
    file = arguments.folder / 'model_zoo.json'
    found = read(file)
    fill(found, arguments, file)
    page = arguments.folder / 'model_zoo.md'
    write(markdown(found), page)
    Console().print(f'{page}: {len(found)} configs')


if __name__ == '__main__':
    main()
