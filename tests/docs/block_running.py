"""Runs the blocks of a page, as a reader would who types them in one folder."""

import ast
import contextlib
import io
import os
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

from mmseg.registry import MODELS
from page_blocks import FILE, SHELLS, command_lines
from traced_once import traced_once

from handbone.apis.training import train
from handbone.cli.command import main
from handbone.configuration.config_file import read_config_file

#: What is parsed and never run, and why. `make demo` is what the fixture `prepared` runs.
NOT_RUN = {
    'pip': 'it changes the environment of the tests',
    'make': 'its targets are the tests, the site, and the demo',
    'source': 'it is of a shell that goes on',
}
#: What a config without bases adds to.
DEFAULT_BASE = "_base_ = ['demo.py']\n"


class BlockError(Exception):
    """A block does not work: the place on the page, what it is, and the message."""


class MissingExtraError(Exception):
    """A block needs an optional package that is not installed."""


class Reader:
    """Somebody who types the blocks of a page, from the top, in the current folder.

    Args:
        python: Program that stands in for Python, for processes of their own.
        seconds: File for a line per command or block of Python: the seconds it took, by the clock
            and of the processor, and where it is.
    """

    def __init__(self, python, seconds):
        self.python, self.seconds = python, seconds
        self.names = {'__name__': '__main__'}

    def run(self, block):
        """Run a block.

        Raises:
            BlockError: Where it does not work.
            MissingExtraError: Where it needs an optional package that is not installed.
        """
        if block.language in SHELLS:
            for line in command_lines(block.text):
                with self._timed(f'{block.name}: {line}'):
                    self._run_line(line, block.name)
        elif is_config(block.text):
            with self._timed(block.name), told(block.name, 'this config'):
                train_on(write_config(block))
        else:
            with self._timed(block.name), told(block.name, 'this code'):
                exec(compile(block.text, block.name, 'exec'), self.names)

    @contextlib.contextmanager
    def _timed(self, what):
        begin, used = time.monotonic(), sum(os.times()[:4])
        yield
        seconds, of_processor = time.monotonic() - begin, sum(os.times()[:4]) - used
        print(f'{seconds:6.1f} {of_processor:6.1f} {what}', file=self.seconds, flush=True)

    def _run_line(self, line, name):
        line, _, target = line.partition(' > ')
        program, *rest = expanded(line)
        if program in NOT_RUN:
            return
        if program == 'export':
            variable, value = rest[0].split('=', 1)
            os.environ[variable] = value
        elif program == 'handbone' or (program == 'python' and rest[0].endswith('.py')):
            with told(name, line) as out:
                run_python(program, rest)
            if target:
                Path(target.strip()).write_text(out.getvalue())
        else:
            self._run_program(line, name)

    def _run_program(self, line, name):
        stand_ins = dict(PYTHON=str(self.python), PYTHON_EXEC=str(self.python))
        done = subprocess.run(
            ['bash', '-euc', line],
            env=os.environ | stand_ins,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            said = f'{done.stdout[-2000:]}\n{done.stderr[-3000:]}'
            raise BlockError(f'{name}: {line} does not work: {said}')


def expanded(line):
    """The words of a command, as the shell makes them: patterns, variables, quotes, comments."""
    words = subprocess.run(['bash', '-c', f"printf '%s\\0' {line}"], capture_output=True, text=True)
    return words.stdout.split('\0')[:-1]


def run_python(program, words):
    """Run ``handbone WORDS`` or ``python FILE WORDS`` in this process."""
    try:
        if program == 'handbone':
            with traced_once() if words[0] == 'export' else contextlib.nullcontext():
                main(words)
        else:
            with patch.object(sys, 'argv', words), patch.object(sys, 'path', [*sys.path]):
                sys.path.insert(0, str(Path(words[0]).parent))
                runpy.run_path(words[0], run_name='__main__')
    except SystemExit as ended:
        if ended.code:
            raise RuntimeError(f'it ends with {ended.code}') from ended


@contextlib.contextmanager
def told(name, what):
    """Turn an error into one that names the place on the page; yields what is printed."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield out
    except Exception as error:
        said = f'{error}\n{out.getvalue()[-2000:]}{err.getvalue()[-2000:]}'
        if extra := re.search(r'\S+ is not installed .*pip install "handbone\[.*', said):
            raise MissingExtraError(extra[0]) from error
        raise BlockError(f'{name}: {what} does not work: {said}') from error


def is_config(text):
    """Tell settings of a config from a program: they import nothing and begin with a value."""
    tree = ast.parse(text)
    imports = any(isinstance(each, ast.Import | ast.ImportFrom) for each in ast.walk(tree))
    return not imports and isinstance(tree.body[0], ast.Assign)


def write_config(block):
    """Write a block where its bases are; without bases, its settings are those of the demo."""
    named, text = FILE.match(block.text), block.text
    if not re.search(r'^_base_ =', text, re.MULTILINE):
        text = DEFAULT_BASE + text
    folder = Path() if "'configs/" in text else Path('configs')
    path = Path(named[1]) if named else folder / f'{re.sub(r"[^a-z0-9]+", "_", block.name)}.py'
    path.write_text(text)
    return path


def train_on(path):
    """Train by a config, or build its model where it has no data."""
    cfg = read_config_file(path)
    cfg.work_dir = str(Path('work_dirs') / path.stem)
    if 'train_dataloader' in cfg:
        train(cfg)
    else:
        MODELS.build(cfg.model)
