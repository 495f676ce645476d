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
from page_blocks import FILE, PAGES, ROOT, SHELLS, all_blocks, command_lines

from handbone.cli.command import SUBCOMMANDS, subcommand_parser


@pytest.mark.parametrize('block', all_blocks(*SHELLS), ids=lambda block: block.name)
def test_commands(block):
    for words in commands(block.text):
        if not words:  # it only sets a variable
            continue
        check_command(words)
        for word in words:
            if word.startswith(('configs/', 'tools/', 'benchmarks/', 'tests/')):
                there = (ROOT / word).exists() or word in written()
                assert there, f'{word} is not in the repository'


def written():
    """Files that a page tells people to write."""
    return {named[1] for block in all_blocks('python') if (named := FILE.match(block.text))}


def commands(text):
    """The commands of a block, as words; without variables that are set for one of them."""
    for line in command_lines(text):
        words = shlex.split(line.partition(' > ')[0], comments=True)
        while words and re.fullmatch(r'[A-Z_]+=.*', words[0]):
            words.pop(0)
        yield words


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


@pytest.mark.parametrize('block', all_blocks('python'), ids=lambda block: block.name)
def test_python(block):
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and node.module.split('.')[0] == 'handbone':
            module = import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name), f'{node.module} has no {name.name}'


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_fences_are_closed(page):
    text = page.read_text(encoding='utf-8')
    assert text.count('```') % 2 == 0
    assert not re.search(r'^[ \t]+```', text, re.MULTILINE), 'an indented block is not run'
