"""Which checkpoints may be unpickled; it needs no PyTorch."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_unpickling_allowed: ContextVar[bool] = ContextVar('unpickling_allowed', default=False)


@contextlib.contextmanager
def unpickling(allowed: bool) -> Iterator[None]:
    """Allow files that need unpickling, which can run any code, within a block.

    What a block around it allows stays allowed. New threads and processes begin without it.

    Args:
        allowed: Whether to read them; outside of all such blocks they are refused.

    Yields:
        Nothing.
    """
    token = _unpickling_allowed.set(allowed or unpickling_allowed())
    try:
        yield
    finally:
        _unpickling_allowed.reset(token)


def unpickling_allowed() -> bool:
    """Tell whether files that need unpickling are read here."""
    return _unpickling_allowed.get()
