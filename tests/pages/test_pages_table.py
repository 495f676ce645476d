"""Which columns of a table are numbers."""

import pytest

from handbone.pages.overview_table import OverviewTable
from handbone.pages.table import table_html


@pytest.mark.parametrize(
    ('column', 'number'),
    [
        (['0.9812', '0.1'], True),
        (['+0.0123', '–', '-0.4'], True),
        (['12.5', 'inf', '3e-5', '40%'], True),
        (['–', '–'], False),
        (['0.5', 'Radius'], False),
        (['1.2.840/a', '2'], False),
    ],
)
def test_columns_of_numbers_may_have_unknown_ones(column, number):
    rows = tuple(((text,), 0.5) for text in column)
    page = table_html(OverviewTable('Classes', ('value', 'share'), rows), 0)
    assert ('<th class="number"><button>value' in page) is number
    assert (f'<td class="number">{column[0]}' in page) is number
