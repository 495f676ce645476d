"""Programs that start in a moment: forked from a process that has imported everything."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from filelock import FileLock
from warm_client import receive, start

HERE = Path(__file__).parent


@cache
def warm_python() -> Path:
    """Return a program that is called as Python is, and starts Python programs in a moment.

    All workers of one pytest share the server that it asks; the first that needs it starts it.
    """
    owner = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix='warm_python_'))
    if 'PYTEST_XDIST_WORKER' in os.environ:
        owner = os.getppid()
        folder.rmdir()
        folder = folder.with_name(f'warm_python_{os.environ["PYTEST_XDIST_TESTRUNUID"][:12]}')
        folder.mkdir(exist_ok=True)
    with FileLock(folder / 'lock'):
        program = folder / 'python'
        if not program.exists():
            _serve(folder / 'socket', owner)
            source = (HERE / 'warm_client.py').read_text()
            program.write_text(f'#!{sys.executable} -IS\n{source}')
            program.chmod(0o755)
    return program


def _serve(address, owner):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen(64)
        subprocess.Popen(
            [sys.executable, HERE / 'warm_server.py', str(listener.fileno()), str(owner)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[listener.fileno()],
            env=os.environ | dict(PYTHONPATH=str(HERE.parent)),
            start_new_session=True,
        )


class WarmProcess:
    """A Python program in a process of its own, with the interface of ``subprocess.Popen``.

    It runs as ``python PROGRAM ARGUMENTS`` does, in a group of processes of its own, but does not
    import torch and mmseg first, which takes seconds. Its process is the one with the id ``pid``,
    while a program that :func:`warm_python` starts may live a moment longer than the stand-in.

    Args:
        command: The program and its arguments.
        stdout: File for its standard output.
        stderr: File for its standard error.
        env: The whole environment.
    """

    def __init__(self, command, stdout, stderr, env):
        self.args = [str(word) for word in command]
        self.returncode = None
        address = str(warm_python().with_name('socket'))
        with Path(os.devnull).open() as nothing:
            files = [file.fileno() for file in (nothing, stdout, stderr)]
            self._connection, self.pid = start(address, self.args, dict(env), files)

    def poll(self):
        """Return the exit code, None while the program runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout=None):
        """Wait for the end and return the exit code."""
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            message = receive(self._connection, 4)
            assert len(message) == 4, 'the warm server has ended'
            self.returncode = int.from_bytes(message, 'big', signed=True)
            self._connection.close()
        return self.returncode

    def terminate(self):
        """Ask the program to end."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self):
        """End the program at once."""
        os.kill(self.pid, signal.SIGKILL)
