"""Runs blocks of a page in a process of its own: ``python run_blocks.py BLOCKS.json PYTHON``.

The current folder is the reader's. What went wrong is the end of standard error, and how long each
command took is in ``seconds.txt`` beside BLOCKS.json.
"""

import json
import os
import sys
from pathlib import Path
from unittest.mock import patch

from block_running import BlockError, MissingExtraError, Reader
from local_services import local_services
from page_blocks import EXTRA_MISSING, Block
from small_amounts import small_amounts


def run_all(file, python):
    """Run the blocks of a file, with a service that takes the reader's messages.

    Args:
        file: JSON, a list with the fields of each block.
        python: Program that stands in for Python, for processes of their own.
    """
    with (
        local_services() as server,
        small_amounts(),
        patch.object(sys, 'executable', python),
        file.with_name('seconds.txt').open('w') as seconds,
    ):
        write_address(server.address.replace('http', 'json'))
        reader = Reader(python, seconds)
        for fields in json.loads(file.read_text()):
            reader.run(Block(**fields))


def write_address(address):
    """Keep the address of a service where handbone looks for it, and in the reader's ``TEAM``."""
    os.environ['TEAM'] = address
    file = Path.home() / '.config' / 'handbone' / 'notify.txt'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(address)
    file.chmod(0o600)


if __name__ == '__main__':
    try:
        run_all(Path(sys.argv[1]), sys.argv[2])
    except MissingExtraError as missing:
        print(missing, file=sys.stderr)
        sys.exit(EXTRA_MISSING)
    except BlockError as failed:
        sys.exit(str(failed))
