"""What all checks found, as JSON and as a page, written anew after each of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import table
from handbone.files import write_atomically

from .check import Outcome

HEADING = '## `python -m benchmarks.gpu_check`'


def write_report(out: Path, outcomes: Sequence[Outcome]) -> None:
    """Write ``results.json``, and a section of ``performance.md`` beside those of the rows.

    Args:
        out: Folder of results.
        outcomes: Those of the checks so far.
    """
    text = json.dumps([outcome._asdict() for outcome in outcomes], indent=1)
    write_atomically(out / 'results.json', text.encode())
    table.write_section(out / 'performance.md', section(outcomes))


def section(outcomes: Sequence[Outcome]) -> str:
    """Write what was found as a section of docs/performance.md.

    Args:
        outcomes: Those of the checks.

    Returns:
        Markdown.
    """
    lines = [HEADING, '', f'On {table.machine()}; {table.libraries()}.', '']
    lines += ['| check | | seconds | found |', '|---|---|---:|---|']
    lines += [
        f'| {name} | {state} | {seconds:.0f} | {_in_a_cell(found)} |'
        for name, state, seconds, found in outcomes
    ]
    return '\n'.join(lines) + '\n'


def _in_a_cell(found: str) -> str:
    try:
        step = json.loads(found)
    except ValueError:
        return found.replace('|', r'\|')
    if not (isinstance(step, dict) and step.keys() >= {'images', 'seconds', 'bytes'}):
        return found.replace('|', r'\|')
    rate = step['images'] / step['seconds']
    return f'{rate:.2f} images/s in batches of {step["images"]}, {step["bytes"] / 1e9:.2f} GB'
