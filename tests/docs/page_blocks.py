"""The blocks of README and docs: what is in them, and why some are not run."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob('*.md')), *sorted((ROOT / 'docs').glob('*.md'))]
FENCED = re.compile(r'^```(\w+)\n(.*?)^```', re.MULTILINE | re.DOTALL)
#: Directly above a block that is not run; nobody sees a comment on the page.
MARK = re.compile(r'<!-- parsed only: (.+?) -->\s*\Z', re.DOTALL)
#: The first line of a block that is a file.
FILE = re.compile(r'# (configs/\S+\.py)\n')
#: The exit code of blocks that need an optional package that is not installed.
EXTRA_MISSING = 77
SHELLS = ('bash', 'sh', 'shell', 'console')


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Attributes:
        name: Page and line, for messages.
        language: As the page says.
        text: What is in it.
        reason: Why it is only parsed; None where it is run.
    """

    name: str
    language: str
    text: str
    reason: str | None


def blocks(page):
    """The blocks of a page, from the top."""
    text = page.read_text(encoding='utf-8')
    found = []
    for fenced in FENCED.finditer(text):
        line = text.count('\n', 0, fenced.start()) + 1
        mark = MARK.search(text, 0, fenced.start())
        name = f'{page.relative_to(ROOT)}:{line}'
        found.append(Block(name, fenced[1], fenced[2], mark and ' '.join(mark[1].split())))
    return found


def all_blocks(*languages):
    """The blocks of all pages that are in one of some languages."""
    return [each for page in PAGES for each in blocks(page) if each.language in languages]


def command_lines(text):
    """The commands of a block of shell, one per line that is not empty, ``&&`` taken apart."""
    joined = text.replace('\\\n', ' ')
    lines = [part.strip() for line in joined.splitlines() for part in re.split(r'\s&&\s', line)]
    return [line for line in lines if shlex.split(line, comments=True)]
