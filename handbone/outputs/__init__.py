"""Writers of predictions in the formats that others read."""

from .writer import OutputWriter

__all__ = ['OutputWriter']
