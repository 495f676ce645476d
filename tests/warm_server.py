"""Forks Python programs from a process that has imported what most of them need.

python warm_server.py LISTENING_DESCRIPTOR OWNER: serves until the process OWNER has ended.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path

from warm_client import receive

IMPORTED = (
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
    'torch.distributed.launcher.api',
    'torch.utils.tensorboard',
    'yapf.yapflib.yapf_api',
)
OF_A_PROGRAM = (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Server:
    """Starts programs for clients and tells them how these ended."""

    def __init__(self, listener, owner):
        self.events = selectors.DefaultSelector()
        self.events.register(listener, selectors.EVENT_READ, self.begin)
        self.events.register(os.pidfd_open(owner), selectors.EVENT_READ, self.end)
        self.running = set()

    def serve(self):
        """Serve for ever."""
        while True:
            for key, _ in self.events.select():
                if key.fd in self.events.get_map():  # not closed since by an event before it
                    key.data(key.fileobj)

    def end(self, _):
        """End with the owner, and take all programs along."""
        for pid in self.running:
            os.killpg(pid, signal.SIGKILL)
        sys.exit()

    def begin(self, listener):
        """Start the program that a client asks for."""
        connection, _ = listener.accept()
        head, files, _, _ = socket.recv_fds(connection, 4, 3)
        request = json.loads(receive(connection, int.from_bytes(head, 'big')))
        pid = os.fork()
        if pid == 0:
            connection.close()
            for key in self.events.get_map().values():
                os.close(key.fd)
            end(run(files=files, **request))
        self.running.add(pid)
        os.setpgid(pid, pid)  # here too: the client may send a signal to the group at once
        for file in files:
            os.close(file)
        connection.sendall(pid.to_bytes(4, 'big'))
        descriptor = os.pidfd_open(pid)

        def finish(_):
            self.finish(connection, descriptor, pid)

        def obey(_):
            self.obey(connection, pid)

        self.events.register(descriptor, selectors.EVENT_READ, finish)
        self.events.register(connection, selectors.EVENT_READ, obey)

    def obey(self, connection, pid):
        """Pass signals on; a client that is gone takes its program with it."""
        numbers = connection.recv(64)
        for number in numbers:
            os.kill(pid, number)
        if not numbers:
            self.events.unregister(connection)
            connection.close()
            os.killpg(pid, signal.SIGKILL)

    def finish(self, connection, descriptor, pid):
        """Tell the client how the program ended."""
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self.running.remove(pid)
        self.events.unregister(descriptor)
        os.close(descriptor)
        if connection.fileno() != -1:
            self.events.unregister(connection)
            with contextlib.suppress(OSError):  # nobody wants to know
                connection.sendall(code.to_bytes(4, 'big', signed=True))
            connection.close()


def run(command, environment, folder, files):
    """Run a program as ``python COMMAND`` does, in a group of processes of its own."""
    try:
        os.setpgid(0, 0)
        for descriptor, file in enumerate(files):
            os.dup2(file, descriptor)
            os.close(file)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number in OF_A_PROGRAM:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.executable = environment.get('PYTHON', sys.executable)
        places = [place for place in environment.get('PYTHONPATH', '').split(os.pathsep) if place]
        sys.path[1:1] = [place for place in places if place not in sys.path[1:]]
        if command[0] == '-m':
            sys.path[0], sys.argv = folder, command[1:]
            runpy.run_module(command[1], run_name='__main__', alter_sys=True)
        else:
            sys.path[0], sys.argv = str(Path(command[0]).parent), command
            runpy.run_path(command[0], run_name='__main__')
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return (ended.code or 0) & 255
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


def end(code):
    """End as Python does, but for taking all apart that was imported."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 120
    os._exit(code)


def main():
    """Import, then serve until the owner has ended."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    folder = Path(listener.getsockname()).parent
    try:
        for name in IMPORTED:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()  # mmengine collects garbage for each dataset, over all that is imported
        Server(listener, int(sys.argv[2])).serve()
    finally:
        shutil.rmtree(folder)


if __name__ == '__main__':
    main()
