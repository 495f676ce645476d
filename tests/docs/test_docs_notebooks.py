"""The notebooks of the docs run, cell by cell, and hold no large outputs."""

import ast
import json

import pytest
from marked_pages import marked_pages
from page_blocks import ROOT, Block

NOTEBOOKS = sorted((ROOT / 'docs' / 'notebooks').glob('*.ipynb'))
#: Of a notebook with its outputs: a few small pictures.
MOST_BYTES = 400_000


def code_cells(path):
    """The cells as blocks; what a cell ends with is shown as a notebook shows it."""
    cells = json.loads(path.read_text())['cells']
    for number, cell in enumerate(cells, 1):
        if cell['cell_type'] == 'code':
            yield Block(
                f'{path.name}, cell {number}', 'python', shown(''.join(cell['source'])), None
            )


def shown(source):
    """Code that also makes the picture or text of its last expression."""
    tree = ast.parse(source)
    if isinstance(tree.body[-1], ast.Expr):
        value = ast.unparse(tree.body.pop().value)
        source = '\n'.join([ast.unparse(tree), f'_ = {value}', SHOW])
    return f'pass\n{source}'  # not a config, even where it only sets names


SHOW = "getattr(_, '_repr_png_', _.__repr__)()"


@pytest.mark.parametrize('path', marked_pages(NOTEBOOKS))
def test_notebook(path, read_page):
    read_page(code_cells(path))


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.name)
def test_outputs_are_small(path):
    assert path.stat().st_size < MOST_BYTES
    content = json.loads(path.read_text())
    assert (content['nbformat'], content['nbformat_minor']) == (4, 5)
    for cell in content['cells']:
        for output in cell.get('outputs', ()):
            assert output['output_type'] != 'error'
            assert '/tmp' not in json.dumps(output) and '/home' not in json.dumps(output)
