"""Starts the programs of tools/ as a user does."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TIMEOUT = 300
OF_OTHER_RUNS = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT', 'PORT', 'NNODES', 'NODE_RANK')


class Tool:
    """A running program of tools/, Python or shell, with the environment of a user.

    Its output goes to files: a pipe that nobody reads would stop it, and the others with it.

    Args:
        name: File in tools/.
        *arguments: Command line.
        **environment: Variables to set.
    """

    def __init__(self, name, *arguments, **environment):
        program = REPOSITORY / 'tools' / name
        command = [sys.executable] if program.suffix == '.py' else ['bash']
        inherited = {key: value for key, value in os.environ.items() if key not in OF_OTHER_RUNS}
        defaults = dict(
            PYTHONPATH=str(REPOSITORY),
            PYTHON=sys.executable,
            OMP_NUM_THREADS='1',
            HANDBONE_TRACEBACK='0',
        )
        self.files = [tempfile.TemporaryFile('w+') for _ in range(2)]  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command, str(program), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=self.files[0],
            stderr=self.files[1],
            env=inherited | defaults | environment,
            start_new_session=True,
        )

    def finish(self, expected=0):
        """Wait for the end and check the exit code; a tool that hangs is killed with its children.

        Returns:
            What it wrote to standard output and to standard error.
        """
        try:
            code = self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            code = f'none after {TIMEOUT} s'
        texts = []
        for file in self.files:
            file.seek(0)
            texts.append(file.read())
            file.close()
        if code != expected:
            ends = '\n'.join(text[-4000:] for text in texts)
            pytest.fail(f'exit code {code} instead of {expected}: {self.process.args}\n{ends}')
        return texts
