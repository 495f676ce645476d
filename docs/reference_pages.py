"""Writes the pages of the reference from the code: Python functions, registries, commands."""

import inspect
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmseg import registry as mmseg_registries
from sphinx.application import Sphinx

import handbone.apis
from handbone.cli.command import SUBCOMMANDS, subcommand_parser
from handbone.registration import register

#: Headings of the registries, in the order in which a training uses them.
REGISTRIES = {
    'DATASETS': 'Datasets',
    'TRANSFORMS': 'Transforms',
    'DATA_SAMPLERS': 'Samplers',
    'MODELS': 'Models, heads and losses',
    'OPTIMIZERS': 'Optimizers',
    'OPTIM_WRAPPERS': 'Optimizer wrappers',
    'OPTIM_WRAPPER_CONSTRUCTORS': 'Optimizer wrapper constructors',
    'HOOKS': 'Hooks',
    'RUNNERS': 'Runners',
    'METRICS': 'Metrics',
    'VISUALIZERS': 'Visualizers',
    'VISBACKENDS': 'Trackers',
}


def write_reference(app: Sphinx) -> None:
    """Write the pages before the site is built.

    Args:
        app: The build.
    """
    register()
    folder = Path(app.srcdir) / 'reference'
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _write(folder / 'python.rst', python_page())
    _write(folder / 'registries.rst', registries_page())
    _write(folder / 'commands.rst', commands_page())


def python_page() -> str:
    """Write the page of what ``handbone.apis`` exports."""
    text = [
        _heading('From Python', '='),
        'What the commands do, as functions: ``handbone.apis``.\n',
    ]
    for name in sorted(handbone.apis.__all__):
        text.append(_documented(getattr(handbone.apis, name)))
    return '\n'.join(text)


def registries_page() -> str:
    """Write the page of everything that a config can name as ``type``."""
    text = [_heading('What configs name', '='), 'What ``type`` can be, beside what mmseg has.\n']
    for key, title in REGISTRIES.items():
        entries = list(registered(key))
        if entries:
            text.append(_heading(title, '-'))
            text += [_documented(each) for each in entries]
    return '\n'.join(text)


def registered(key: str) -> Iterator[type]:
    """List what this project registers.

    Args:
        key: Name of one of mmseg's registries.

    Yields:
        Classes and functions, by name.
    """
    for _, found in sorted(getattr(mmseg_registries, key).module_dict.items()):
        if found.__module__.startswith('handbone.'):
            yield found


def commands_page() -> str:
    """Write the page of the command line: the help of each subcommand."""
    text = [_heading('Commands', '='), '``handbone COMMAND --help`` says the same.\n']
    for name in SUBCOMMANDS:
        lines = subcommand_parser(name).format_help().splitlines()
        text += [_heading(f'handbone {name}', '-'), '.. code-block:: none\n']
        text += [*(f'   {line}' for line in lines), '']
    return '\n'.join(text)


def _documented(found: Any) -> str:
    """Write what documents a class or function; classes made by code have one line."""
    if not hasattr(sys.modules[found.__module__], found.__name__):
        return f'- ``{found.__name__}``: {inspect.getdoc(found).splitlines()[0]}\n'
    directive = 'autoclass' if inspect.isclass(found) else 'autofunction'
    return f'.. {directive}:: {found.__module__}.{found.__name__}\n'


def _heading(words: str, line: str) -> str:
    return f'{words}\n{line * len(words)}\n'


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding='utf-8')


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the writing of pages with Sphinx."""
    app.connect('builder-inited', write_reference)
    return dict(parallel_read_safe=True, parallel_write_safe=True)
