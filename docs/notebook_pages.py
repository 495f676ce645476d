"""Writes a page for each notebook: its cells, and the outputs that it holds."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx


def write_notebooks(app: Sphinx) -> None:
    """Write the pages before the site is built.

    Args:
        app: The build.
    """
    for notebook in sorted((Path(app.srcdir) / 'notebooks').glob('*.ipynb')):
        notebook.with_suffix('.md').write_text(page(notebook), encoding='utf-8')


def page(notebook: Path) -> str:
    """Write the page of a notebook, and its pictures beside it.

    Args:
        notebook: The file, in the format 4 of Jupyter.

    Returns:
        The page in Markdown.
    """
    content = json.loads(notebook.read_text(encoding='utf-8'))
    parts = [part for cell in content['cells'] for part in _cell(cell, notebook)]
    parts.insert(1, f'The notebook is `docs/notebooks/{notebook.name}`.')
    return '\n\n'.join([*parts, ''])


def _cell(cell: dict[str, Any], notebook: Path) -> Iterator[str]:
    source = ''.join(cell['source'])
    if cell['cell_type'] == 'markdown':
        # the first paragraph apart, so that something may come after the heading
        yield from source.split('\n\n', 1)
        return
    yield f'```python\n{source}\n```'
    for number, output in enumerate(cell['outputs']):
        data = output.get('data', {})
        if 'image/png' in data:
            picture = notebook.with_name(f'{notebook.stem}_{cell["id"]}_{number}.png')
            picture.write_bytes(base64.b64decode(data['image/png']))
            yield f'![output of the cell above]({picture.name})'
        else:
            text = ''.join(output.get('text', data.get('text/plain', ())))
            yield f'```text\n{text.rstrip()}\n```'


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the writing of pages with Sphinx."""
    app.connect('builder-inited', write_notebooks)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
