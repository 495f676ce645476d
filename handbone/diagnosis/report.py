"""The report: versions, optional parts, and for each fault the command that corrects it."""

import sys
from pathlib import Path

from .distributions import check_one_provider, check_python, check_requirements
from .finding import Finding
from .machine import check_gpu_in_use, check_open_files, check_shared_memory
from .modules import check_opencv, check_torchvision
from .operators import check_operators
from .versions import Row, machine_rows, optional_rows, stack_rows

CHECKS = (
    check_python,
    check_requirements,
    check_one_provider,
    check_opencv,
    check_torchvision,
    check_shared_memory,
    check_open_files,
    check_gpu_in_use,
)


def check(config: Path | None = None) -> int:
    """Print what is installed and what is wrong.

    Args:
        config: A config that has to run in this environment; None checks the environment alone.

    Returns:
        The exit status: 0 if nothing that handbone needs is wrong, 1 if something is, 2 if the
        config cannot be read.
    """
    tables = {'machine': machine_rows(), 'stack': stack_rows(), 'optional': optional_rows()}
    findings = [finding for check in CHECKS for finding in check()]
    unreadable = None
    if config is not None:
        try:
            findings += check_operators(config)
        except Exception as error:  # a config is code and may fail in any way
            unreadable = f'{config} cannot be read: {type(error).__name__}: {error}'
    try:
        print_with_rich(tables, findings)
    except Exception:  # a broken rich may raise anything
        print_plainly(tables, findings)
    if unreadable:
        print(unreadable, file=sys.stderr)
        return 2
    return int(any(finding.fault for finding in findings))


def print_with_rich(tables: dict[str, list[Row]], findings: list[Finding]) -> None:
    """Print the versions as one table and the findings as another.

    Args:
        tables: section title to rows of name, value and note.
        findings: what the checks found.

    Raises:
        ModuleNotFoundError: rich is not installed.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    versions = Table('part', 'version', 'note', title='Environment')
    for rows in tables.values():
        for row in rows:
            # as Text, since rich reads square brackets as markup
            versions.add_row(*map(Text, row))
        versions.add_section()
    console.print(versions)
    for finding in findings:
        title, style = ('Fault', 'bold red') if finding.fault else ('Warning', 'bold yellow')
        console.print(Text(f'{title}: ', style=style) + Text(finding.what), soft_wrap=True)
        # unwrapped, so that the command can be copied
        console.print(Text('  ' + finding.fix.replace('\n', '\n  ')), soft_wrap=True)
    console.print(summary(findings))


def print_plainly(tables: dict[str, list[Row]], findings: list[Finding]) -> None:
    """Print the same without rich, which may be what is missing."""
    for title, rows in tables.items():
        print(title)
        for row in rows:
            print('  ' + '  '.join(row))
    for finding in findings:
        print(f'{"Fault" if finding.fault else "Warning"}: {finding.what}\n  {finding.fix}')
    print(summary(findings))


def summary(findings: list[Finding]) -> str:
    """Sum up the findings in one line."""
    faults = sum(finding.fault for finding in findings)
    warnings = len(findings) - faults
    if not findings:
        return 'Everything is in order.'
    return f'{faults} fault{"s" * (faults != 1)}, {warnings} warning{"s" * (warnings != 1)}.'
