"""A table about a dataset as a whole, with a plot in each row."""

from dataclasses import dataclass

#: A number from 0 to 1 that is drawn as a bar, or the shares of a histogram.
Plot = float | tuple[float, ...]


@dataclass(frozen=True)
class OverviewTable:
    """A table.

    Attributes:
        title: What it is about.
        columns: Its columns; the last one is the plot.
        rows: Text of each cell but the last, and the plot.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], Plot], ...]
