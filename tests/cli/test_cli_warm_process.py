"""Programs under test are forked from a process that has imported what they need."""

import multiprocessing
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from warm_process import WarmProcess

pytestmark = pytest.mark.slow


def test_imports_are_there_whatever_server_runs_already(tmp_path):
    """The server of multiprocessing, which another test may have started, has other imports."""
    shared = multiprocessing.get_context('forkserver').Process(target=int)
    shared.start()
    shared.join()
    program = tmp_path / 'program.py'
    program.write_text(
        "import sys\nprint({'mmseg.models', 'handbone.cli.train'} <= set(sys.modules))\n"
    )
    with NamedTemporaryFile('w+') as written:
        assert WarmProcess([program], written, written, {}).wait(120) == 0
        assert Path(written.name).read_text() == 'True\n'
