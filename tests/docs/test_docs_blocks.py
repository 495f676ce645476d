"""What README and docs tell people to type is right: options, files, targets, names in Python."""

import ast
import contextlib
import io
import re
import shlex
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from handbone.cli.command import SUBCOMMANDS, subcommand_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob('*.md')), *sorted((ROOT / 'docs').glob('*.md'))]
FENCED = re.compile(r'^```(\w+)\n(.*?)^```', re.MULTILINE | re.DOTALL)


def blocks(language):
    """Each block of a language on the pages, with the line where it begins."""
    for page in PAGES:
        text = page.read_text(encoding='utf-8')
        for found in FENCED.finditer(text):
            if found[1] == language:
                line = text.count('\n', 0, found.start()) + 1
                name = f'{page.relative_to(ROOT)}:{line}'
                yield pytest.param(found[2], id=name)


def commands(block):
    """The commands of a block, as words; without variables that are set for one of them."""
    for line in block.replace('\\\n', ' ').splitlines():
        for part in re.split(r'\s(?:&&|\|)\s', line):
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r'[A-Z_]+=.*', words[0]):
                words.pop(0)
            if words:
                yield words


@pytest.mark.parametrize('block', list(blocks('bash')))
def test_commands(block):
    for words in commands(block):
        if '>' in words:
            words = words[: words.index('>')]
        check_command(words)
        for word in words:
            if word.startswith(('configs/', 'tools/', 'benchmarks/', 'tests/')):
                # what a page tells people to write is theirs
                assert (ROOT / word).exists(), f'{word} is not in the repository'


def check_command(words):
    program, *rest = words
    if program == 'handbone' and rest[0] in SUBCOMMANDS:
        parsed(rest[0], rest[1:])
    elif program == 'handbone':
        assert rest[0].startswith('--'), f'handbone {rest[0]} is not a command'
    elif program == 'make':
        targets = re.findall(r'^([\w-]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE)
        assert {word for word in rest if '=' not in word} <= set(targets)
    elif program == 'python' and rest[0] == '-m':
        assert find_spec(rest[1]) is not None, f'python -m {rest[1]} does not exist'
    elif program == 'python' and rest[0].startswith('tools/'):
        parsed(Path(rest[0]).stem.replace('_', '-'), rest[1:])


def parsed(name, words):
    """Parse a command line as the command does."""
    parser = subcommand_parser(name)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            _, unknown = parser.parse_known_args(words)
        except SystemExit as exit:
            assert not exit.code, f'handbone {name} {shlex.join(words)}: {said.getvalue()}'
            return
    assert SUBCOMMANDS[name].passes_on or not unknown, f'handbone {name} has no {unknown}'


@pytest.mark.parametrize('block', list(blocks('python')))
def test_python(block):
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom) and node.module.split('.')[0] == 'handbone':
            module = import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name), f'{node.module} has no {name.name}'


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_fences_are_closed(page):
    assert page.read_text(encoding='utf-8').count('```') % 2 == 0
