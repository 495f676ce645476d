"""The page in a browser: sorting, filtering, and that it fits on screens of any width."""

import numpy as np
import pytest

from benchmarks.harness.chromium import chromium, opened
from handbone.doctor.finding import Finding
from handbone.doctor.page import findings_html
from handbone.doctor.report import Report
from handbone.doctor.survey import Survey
from handbone.pages.overview_table import OverviewTable
from handbone.visualization.picture_file import encode_picture

pytestmark = pytest.mark.skipif(chromium() is None, reason='Chromium is not installed')

FINDINGS = (
    Finding('swapped-names', 'train', 'ID1/a_R.png', 'finger-10', 'it lies elsewhere', 0.97),
    Finding('misplaced', 'train', 'ID2/b_R.png', 'finger-9', 'it lies far away', 0.9),
    Finding('misplaced', 'test', f'ID3/{"c" * 90}.png', 'Radius', 'it lies far away', 0.5),
)
TABLES = (
    OverviewTable(
        'Classes',
        ('class', 'images', 'largest', 'share'),
        (
            (('finger-9', '9', '2.5%'), 0.09),
            (('finger-10', '10', '12.5%'), 0.8),
            (('Radius', '100', '8.0%'), 0.1),
        ),
    ),
    OverviewTable(
        'Attributes', ('attribute', 'distribution'), (((f'a{"b" * 80}',), (0.5, 1.0, 0.0)),)
    ),
)


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    """A page with three findings; the names are long and the first one has a picture."""
    report = Report(Survey(('Radius',), (), (), ()), FINDINGS, ('a note',), TABLES)
    picture = encode_picture(np.full((64, 640, 3), 200, np.uint8), '.jpg')
    path = tmp_path_factory.mktemp('page') / 'index.html'
    path.write_text(findings_html(report, {0: picture}), encoding='utf-8')
    return path


def column(page, table, number):
    """Texts of a column, and how its header says it is sorted."""
    cells = f'[...{table}.tBodies[0].rows].map(row => row.cells[{number}].textContent)'
    order = f'{table}.tHead.rows[0].cells[{number}].getAttribute("aria-sort")'
    return page.run(cells), page.run(order)


def click(page, table, number):
    page.run(f'{table}.tHead.rows[0].cells[{number}].querySelector("button").click()')
    return column(page, table, number)


def test_a_click_on_a_header_sorts_and_another_one_reverses(page, tmp_path):
    table = 'document.getElementById("findings")'
    with opened(page, tmp_path) as shown:
        assert column(shown, table, 0) == (['1', '2', '3'], 'ascending')
        assert click(shown, table, 0) == (['3', '2', '1'], 'descending')
        assert click(shown, table, 1) == (['0.97', '0.90', '0.50'], 'descending')
        assert click(shown, table, 1) == (['0.50', '0.90', '0.97'], 'ascending')
        # numbers within names count as numbers
        assert click(shown, table, 4) == (['finger-9', 'finger-10', 'Radius'], 'ascending')
        assert column(shown, table, 1)[1] is None
        classes = 'document.querySelectorAll(".wide table")[0]'
        assert click(shown, classes, 1) == (['100', '10', '9'], 'descending')
        assert click(shown, classes, 2) == (['12.5%', '8.0%', '2.5%'], 'descending')
        assert click(shown, classes, 3) == (['0.800', '0.100', '0.090'], 'descending')
        assert click(shown, classes, 0) == (['finger-9', 'finger-10', 'Radius'], 'ascending')


def test_a_click_on_a_check_and_the_search_filter(page, tmp_path):
    visible = '[...document.querySelectorAll("#findings tbody tr")]'
    visible += '.filter(row => row.offsetHeight).map(row => row.cells[0].textContent)'
    button = 'document.querySelector(".overview tbody button").click()'
    search = 'document.getElementById("search")'
    with opened(page, tmp_path) as shown:
        shown.run(button)
        assert shown.run(visible) == ['2', '3']
        shown.run(f'{search}.value = "RADIUS"; {search}.dispatchEvent(new Event("input"))')
        assert shown.run(visible) == ['3']
        shown.run(button)
        assert shown.run('document.getElementById("shown").textContent') == '1 of 3 shown'


@pytest.mark.parametrize('dark', [False, True])
@pytest.mark.parametrize('width', [390, 1366])
def test_the_page_fits_and_follows_the_scheme(page, tmp_path, width, dark):
    with opened(page, tmp_path, width, dark) as shown:
        assert shown.run('document.documentElement.scrollWidth') <= width
        colours = (
            'const style = getComputedStyle(document.body); [style.backgroundColor, style.color]'
        )
        values = [sum(map(int, c[4:-1].split(','))) / 3 for c in shown.run(colours)]
        assert (values[0] < 64 and values[1] > 192) if dark else (values[0] > 192 > values[1] + 128)
        # what does not fit is scrolled within its own box, and no word covers another
        boxes = '[...document.querySelectorAll("#findings td, .overview td")]'
        assert shown.run(f'{boxes}.every(cell => cell.scrollWidth <= cell.clientWidth + 1)')
