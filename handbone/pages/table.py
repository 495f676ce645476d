"""Tables of the page, with bars and histograms."""

import re
from collections.abc import Sequence
from html import escape

from .overview_table import OverviewTable, Plot

#: Texts that are sorted and aligned as numbers.
NUMBER = re.compile(r'[+-]?([0-9.]+(e[+-]?[0-9]+)?%?|inf)')
#: The text of a number that is not known, which is sorted behind all others.
UNKNOWN = '–'


def table_html(table: OverviewTable, number: int) -> str:
    """Write a table with its title.

    Args:
        table: The table.
        number: Its number, for links to it.

    Returns:
        HTML.
    """
    texts = [cells for cells, _ in table.rows]
    numeric = [_are_numbers(column) for column in zip(*texts, strict=True)]
    heads = [_head(name, known) for name, known in zip(table.columns[:-1], numeric, strict=True)]
    if isinstance(table.rows[0][1], tuple):
        heads.append(f'<th>{escape(table.columns[-1])}</th>')
    else:
        heads.append(_head(table.columns[-1], True))
    rows = []
    for cells, plot in table.rows:
        text = ''.join(
            f'<td class="number">{escape(cell)}</td>' if known else f'<td>{escape(cell)}</td>'
            for cell, known in zip(cells, numeric, strict=True)
        )
        rows.append(f'<tr>{text}{_plot(plot)}</tr>')
    return (
        f'<h2 id="table{number}">{escape(table.title)}</h2><div class="wide"><table><thead>'
        f'<tr>{"".join(heads)}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _are_numbers(column: Sequence[str]) -> bool:
    known = [text for text in column if text != UNKNOWN]
    return bool(known) and all(map(NUMBER.fullmatch, known))


def _head(name: str, number: bool) -> str:
    kind = ' class="number"' if number else ''
    return f'<th{kind}><button>{escape(name)}</button></th>'


def _plot(plot: Plot) -> str:
    if isinstance(plot, tuple):
        bars = ''.join(f'M{n} 10V{10 - 10 * share:.3g}h.9V10z' for n, share in enumerate(plot))
        size = f'viewBox="0 0 {len(plot)} 10" preserveAspectRatio="none"'
        picture = f'<svg {size} role="img" aria-label="distribution"><path d="{bars}"/></svg>'
        return f'<td class="plot">{picture}</td>'
    width = f'{100 * min(max(plot, 0), 1):.1f}%'
    bar = f'<span class="bar"><span style="width:{width}"></span></span>'
    return f'<td class="plot" data-value="{plot:.6g}"><span>{plot:.3f}</span>{bar}</td>'
