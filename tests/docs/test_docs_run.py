"""What README and docs tell people to type works: every block is run, page by page.

Each page has a process of its own. Trainings end after two iterations and datasets are small
(``small_amounts.py``); nothing else differs from what the page says. A block that cannot be run
here is marked on its page by ``<!-- parsed only: REASON -->``.
"""

import pytest
from marked_pages import marked_pages
from page_blocks import PAGES, SHELLS, all_blocks, blocks

RUN = (*SHELLS, 'python')


def runnable(page):
    return [each for each in blocks(page) if each.language in RUN and each.reason is None]


@pytest.mark.parametrize('page', marked_pages(filter(runnable, PAGES)))
def test_page(page, read_page):
    read_page(runnable(page))


def test_few_blocks_are_left_out():
    left_out = [each.name for each in all_blocks(*RUN) if each.reason is not None]
    assert len(left_out) < len(all_blocks(*RUN)) / 3, left_out
