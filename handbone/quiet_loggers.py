"""Loggers of other packages that keep their notes to themselves for a while."""

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def quiet(*loggers: logging.Logger, level: int = logging.WARNING) -> Iterator[None]:
    """Hold back what loggers say below a level.

    Args:
        loggers: The loggers.
        level: The least level that is still heard.
    """
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, before in zip(loggers, levels, strict=True):
            logger.setLevel(before)
