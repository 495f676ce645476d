"""Asks the warm server to run a program; with a first line that names Python, a stand-in for it.

The standard library alone, and little of it: a stand-in that starts slowly would be none.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def receive(connection, size):
    """Receive a message of so many bytes, or what came of it before the server closed."""
    message = b''
    while len(message) < size:
        part = connection.recv(size - len(message))
        if not part:
            break
        message += part
    return message


def start(address, command, environment, files):
    """Start a program.

    Args:
        address: Socket of the server.
        command: Path of a Python file, or ``-m`` and a module, and the arguments.
        environment: All variables.
        files: Descriptors of its standard input, output and error.

    Returns:
        A connection and the process id. The connection takes signals, one byte each, and gives
        the exit code, 4 bytes, negative for a signal. The program is killed when it is closed.
    """
    content = dict(command=command, environment=environment, folder=str(Path.cwd()))
    message = json.dumps(content).encode()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
    socket.send_fds(connection, [len(message).to_bytes(4, 'big')], files)
    connection.sendall(message)
    return connection, int.from_bytes(receive(connection, 4), 'big')


def main():
    """Run ``python [-u] (FILE | -m MODULE) ...`` through the server, and all else with Python."""
    command = sys.argv[1:]
    if command[:1] == ['-u']:
        del command[0]
    if not command or (command[0].startswith('-') and command[0] != '-m'):
        os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
    address = str(Path(__file__).absolute().with_name('socket'))
    connection, _ = start(address, command, dict(os.environ), [0, 1, 2])

    def forward(number, frame):
        with contextlib.suppress(OSError):  # the program has just ended
            connection.send(bytes([number]))

    for number in FORWARDED:
        signal.signal(number, forward)
    code = int.from_bytes(receive(connection, 4), 'big', signed=True)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == '__main__':
    main()
