"""Starts the programs of tools/ as a user does."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from warm_process import WarmProcess, warm_python

REPOSITORY = Path(__file__).parents[2]
TIMEOUT = 300
#: Makes the trainings of the tiny config shorter still.
SHORT = ('--cfg-options', 'train_cfg.max_iters=2')
OF_OTHER_RUNS = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT', 'PORT', 'NNODES', 'NODE_RANK')


class Tool:
    """A running program of tools/, Python or shell, with the environment of a user.

    Its output goes to files: a pipe that nobody reads would stop it, and the others with it.

    Args:
        name: File in tools/.
        *arguments: Command line.
        fresh: Start Python for it. Otherwise a Python program, and those that it or a script
            starts, are forked from a process that has imported their packages.
        **environment: Variables to set. One that Python reads when it starts needs ``fresh``.
    """

    def __init__(self, name, *arguments, fresh=False, **environment):
        program = REPOSITORY / 'tools' / name
        python = program.suffix == '.py'
        inherited = {key: value for key, value in os.environ.items() if key not in OF_OTHER_RUNS}
        executable = sys.executable if fresh else str(warm_python())
        defaults = dict(
            PYTHONPATH=str(REPOSITORY),
            PYTHON=executable,  # what the scripts start
            PYTHON_EXEC=executable,  # and torchrun
            OMP_NUM_THREADS='1',
            HANDBONE_TRACEBACK='0',
        )
        command = [program, *map(str, arguments)]
        files = [tempfile.NamedTemporaryFile('w+') for _ in range(2)]  # noqa: SIM115
        env = inherited | defaults | environment
        if python and not fresh:
            self.process = WarmProcess(command, *files, env)
        else:
            self.process = subprocess.Popen(
                [sys.executable if python else 'bash', *command],
                stdin=subprocess.DEVNULL,
                stdout=files[0],
                stderr=files[1],
                env=env,
                start_new_session=True,
            )
        self.files = files

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


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return str(probe.getsockname()[1])


def without_torchrun(config, *options, **environment):
    """Train in two processes that start in a moment, with the variables that torchrun sets.

    Returns:
        What the first one wrote to standard output.
    """
    port = free_port()
    tools = [
        Tool(
            'train.py',
            *(config, '--launcher', 'pytorch', *options),
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE='2',
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=port,
            **environment,
        )
        for rank in range(2)
    ]
    return [tool.finish()[0] for tool in tools][0]
