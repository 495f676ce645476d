"""MLflow and W&B, as installed or from where `make test` has them, apart from the environment."""

import importlib
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

#: What ``make test`` installs.
FOLDER = Path(sys.prefix) / 'tracking'
#: Size of a block and kinds of records in LevelDB's log format.
BLOCK, WHOLE, FIRST, LAST = 32768, 1, 2, 4


def import_tracker(name):
    """Import a tracker's package; skip the test where there is none."""
    if FOLDER.is_dir() and str(FOLDER) not in sys.path:
        sys.path.append(str(FOLDER))
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f'needs pip install "handbone[{name}]", or what `make test` installs: {error}')


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


@contextmanager
def mlflow_server(folder, port, seconds=120):
    """A server of MLflow on SQLite, while the block runs."""
    command = [sys.executable, '-m', 'mlflow', 'server', '--host', '127.0.0.1', '--workers', '1']
    command += ['--port', str(port), '--backend-store-uri', f'sqlite:///{folder}/server.db']
    command += ['--artifacts-destination', str(folder / 'artifacts')]
    places = [str(FOLDER), os.environ.get('PYTHONPATH', '')]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, places)))
    environment['MLFLOW_SERVER_ENABLE_JOB_EXECUTION'] = 'false'
    log = folder / 'server.log'
    with log.open('wb') as file:
        server = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=file, stderr=file, start_new_session=True
        )
    try:
        limit = time.monotonic() + seconds
        while not _answers(f'http://127.0.0.1:{port}/health'):
            assert server.poll() is None and time.monotonic() < limit, log.read_text()
            time.sleep(0.1)
        yield f'http://127.0.0.1:{port}'
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def wandb_records(file):
    """Records of a run that W&B wrote offline: LevelDB's log format after a header of 7 bytes."""
    record = import_tracker('wandb.proto.wandb_internal_pb2').Record
    data, place, parts = file.read_bytes(), 7, b''
    while place + 7 <= len(data):
        left = BLOCK - place % BLOCK
        if left < 7:  # no header fits into the rest of a block
            place += left
            continue
        length, kind = struct.unpack('<HB', data[place + 4 : place + 7])
        content = data[place + 7 : place + 7 + length]
        place += 7 + length
        parts = content if kind in (WHOLE, FIRST) else parts + content
        if kind in (WHOLE, LAST):
            yield record.FromString(parts)
