"""Which pages of the docs `make test` runs, and which `make test-pages`."""

import pytest
from page_blocks import ROOT

#: Pages whose commands take a core more than ten seconds: `make test-pages` runs them.
LONG = (
    'cascade.md',
    'competition_day.md',
    'deployment.md',
    'find_best.md',
    'formats.md',
    'gpus.md',
    'how_to_ensemble.md',
    'how_to_predict.md',
    'how_to_train.md',
    'long_runs.md',
    'own_data.ipynb',
    'own_data.md',
    'pseudo_labels.md',
    'settings_search.md',
    'start.md',
    'starter.md',
    'trust.md',
)


def marked_pages(pages):
    """Each page as a parameter of a test, marked by how long it takes.

    Args:
        pages: Paths of pages and notebooks.

    Returns:
        Parameters, named after the page.
    """
    marked = []
    for page in pages:
        mark = pytest.mark.pages if page.name in LONG else pytest.mark.slow
        marked.append(pytest.param(page, id=str(page.relative_to(ROOT)), marks=mark))
    return marked
