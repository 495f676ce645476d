"""Programs under test are forked from a process that has imported what they need."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from warm_client import start as start_program
from warm_process import WarmProcess, warm_python

#: A server that has imported nothing.
SERVER = """
import socket, sys
from warm_server import Server
Server(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])).serve()
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def program(tmp_path):
    """Write a program; returns its path."""

    def write(text, name='program.py'):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def finished(*command, **environment):
    """Run the stand-in for Python to its end."""
    command = [str(word) for word in (warm_python(), *command)]
    environment = os.environ | environment
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=environment, check=False
    )


def wait_for(path):
    until = time.monotonic() + 60
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)
    return path.read_text()


def test_imports_are_there_whatever_server_runs_already(program):
    """The server of multiprocessing, which another test may have started, has other imports."""
    shared = multiprocessing.get_context('forkserver').Process(target=int)
    shared.start()
    shared.join()
    path = program(
        "import sys\nprint({'mmseg.models', 'handbone.cli.train'} <= set(sys.modules))\n"
    )
    with NamedTemporaryFile('w+') as written:
        assert WarmProcess([path], written, written, {}).wait(120) == 0
        assert Path(written.name).read_text() == 'True\n'


def test_the_stand_in_starts_programs_as_python_does(program, tmp_path):
    """Arguments, folders of imports, output, errors and exit codes are those of Python."""
    program('WORD = "imported"\n', 'beside.py')
    path = program(
        'import atexit, os, sys\n'
        'from beside import WORD\n'
        'atexit.register(print, "ended")\n'
        'print(__name__, WORD, os.getcwd(), sys.argv[1:], input(), "mmseg.models" in sys.modules)\n'
        'print("error", file=sys.stderr)\n'
        'sys.exit(3)\n'
    )
    for start in ([path], ['-u', path], ['-m', 'program']):
        done = subprocess.run(
            [warm_python(), *start, 'a b', '-x'],
            input='line\n',
            cwd=tmp_path,
            env=os.environ | dict(PYTHONPATH=str(tmp_path)),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stdout == f"__main__ imported {tmp_path} ['a b', '-x'] line True\nended\n"
        assert (done.returncode, done.stderr) == (3, 'error\n')
    done = finished(program('1 / 0\n'))
    assert done.returncode == 1 and done.stderr.endswith('ZeroDivisionError: division by zero\n')
    assert finished(program('import os\nos.kill(os.getpid(), 9)\n')).returncode == -9
    done = finished(program('import sys\nsys.exit("words")\n'))
    assert (done.returncode, done.stderr) == (1, 'words\n')


def test_what_is_not_a_program_goes_to_python_itself():
    done = finished('-c', 'import sys; print("torch" in sys.modules)')
    assert (done.returncode, done.stdout) == (0, 'False\n')


def test_signals_reach_the_program_and_it_does_not_outlive_the_stand_in(program, tmp_path):
    text = f"""
import os, signal, sys, time
def stop(number, frame):
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
with open({str(tmp_path / 'part')!r}, 'w') as file:
    file.write(str(os.getpid()))
os.rename({str(tmp_path / 'part')!r}, {str(tmp_path / 'pid')!r})
time.sleep(600)
"""
    path = program(text)
    for number, code in ((signal.SIGTERM, 7), (signal.SIGKILL, -9)):
        started = subprocess.Popen([warm_python(), path])
        pid = int(wait_for(tmp_path / 'pid'))
        assert pid != started.pid
        started.send_signal(number)
        assert started.wait(60) == code
        (tmp_path / 'pid').unlink()
        check_ended(pid)


def check_ended(pid):
    until = time.monotonic() + 60
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(pid, 0)
            time.sleep(0.01)


def test_no_program_outlives_the_owner_of_the_server(tmp_path):
    address, sleeping = str(tmp_path / 'socket'), tmp_path / 'sleeping.py'
    sleeping.write_text('import time\ntime.sleep(600)\n')
    owner = subprocess.Popen(['sleep', '600'])
    with socket.socket(socket.AF_UNIX) as listener, Path(os.devnull).open() as nothing:
        listener.bind(address)
        listener.listen()
        server = subprocess.Popen(
            [sys.executable, '-c', SERVER, str(listener.fileno()), str(owner.pid)],
            pass_fds=[listener.fileno()],
            cwd=Path(__file__).parent,
        )
        connection, pid = start_program(address, [str(sleeping)], {}, [nothing.fileno()] * 3)
        os.kill(pid, 0)
        owner.kill()
        owner.wait()
        assert server.wait(60) == 0
    connection.close()
    check_ended(pid)
