"""What README and docs tell people to type works: every block is run, page by page.

Trainings end after two iterations and datasets are small (``small_amounts.py``); nothing else
differs from what the page says. A block that cannot be run here is marked on its page by
``<!-- parsed only: REASON -->``.
"""

import pytest
from page_blocks import PAGES, ROOT, SHELLS, all_blocks, blocks

RUN = (*SHELLS, 'python')


def runnable(page):
    return [each for each in blocks(page) if each.language in RUN and each.reason is None]


@pytest.mark.pages
@pytest.mark.parametrize(
    'page',
    [page for page in PAGES if runnable(page)],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_page(page, read_page):
    read_page(runnable(page))


def test_few_blocks_are_left_out():
    left_out = [each.name for each in all_blocks(*RUN) if each.reason is not None]
    assert len(left_out) < len(all_blocks(*RUN)) / 3, left_out
