"""What a row of the table is made of: one piece of work and the ways to do it."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple


class Way(NamedTuple):
    """One way to do the work.

    Attributes:
        name: Words for the table.
        prepare: Makes the input, imports what it needs, and returns the work: a function without
            arguments, of which one call is measured. An ImportError leaves the way out.
    """

    name: str
    prepare: Callable[[], Callable[[], Any]]


class Row(NamedTuple):
    """One piece of work.

    Attributes:
        work: Words for the table.
        ways: The ways to do it, today's usual one first and handbone's last.
        check: Takes the results of the first and the last way; raises AssertionError if they
            are not the same.
        target: What the last way is to reach against the first, for the table.
        images: Images that one call goes through; unless 0 the table says how many that are a
            second.
    """

    work: str
    ways: tuple[Way, ...]
    check: Callable[[Any, Any], None]
    target: str
    images: int = 0


def row_named(name: str) -> Row:
    """Find a row.

    Args:
        name: Module of ``benchmarks.rows``, or module and row:
            ``train_step.segformer_1536_train``.

    Returns:
        The row.
    """
    module, _, row = name.partition('.')
    found = import_module(f'benchmarks.rows.{module}')
    return found.ROWS[row] if row else found.ROW
