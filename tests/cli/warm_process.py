"""Programs that start in a moment: forked from a process that has imported everything."""

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path
from unittest.mock import patch

_context = multiprocessing.get_context('forkserver')
# of its own: the one that multiprocessing shares may have been started by a test, with less in it
_server = forkserver.ForkServer()
# imported in the process that all programs are forked from: what most of them need
_server.set_forkserver_preload(
    [
        'handbone',
        'handbone.cli.train',
        'handbone.cli.test',
        'handbone.apis.training',
        'handbone.apis.testing',
        'matplotlib.pyplot',
        'mmseg.engine',
        'mmseg.evaluation',
        'pandas',
        'sklearn.model_selection',
        'torch._dynamo',
        'torch.utils.tensorboard',
    ]
)


class WarmProcess:
    """A Python program in a process of its own, with the interface of ``subprocess.Popen``.

    It runs as ``python PROGRAM ARGUMENTS`` does, in a session of its own, but does not import
    torch and mmseg first, which takes seconds.

    Args:
        command: The program and its arguments.
        stdout: File for its standard output.
        stderr: File for its standard error.
        env: The whole environment.
    """

    def __init__(self, command, stdout, stderr, env):
        self.args = [str(word) for word in command]
        self.returncode = None
        files = [Path(f'/proc/self/fd/{file.fileno()}').resolve() for file in (stdout, stderr)]
        arguments = (self.args, files, env, str(Path.cwd()))
        self._process = _context.Process(target=_run, args=arguments)
        with patch.object(forkserver, 'connect_to_new_process', _server.connect_to_new_process):
            self._process.start()
        self.pid = self._process.pid

    def poll(self):
        """Return the exit code, None while the program runs."""
        self.returncode = self._process.exitcode
        return self.returncode

    def wait(self, timeout=None):
        """Wait for the end and return the exit code."""
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.returncode

    def terminate(self):
        """Ask the program to end."""
        os.kill(self.pid, signal.SIGTERM)


def _run(command, files, env, folder):
    gc.freeze()  # mmengine collects garbage for each dataset, over all that is imported
    os.setsid()
    for descriptor, path in enumerate(files, start=1):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(
            number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        )
    sys.argv = list(command)
    sys.path.insert(0, str(Path(command[0]).parent))
    runpy.run_path(command[0], run_name='__main__')
