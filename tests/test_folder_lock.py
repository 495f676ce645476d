"""One run at a time in a folder."""

import errno
import fcntl
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from handbone.errors import HandboneError
from handbone.folder_lock import FolderInUseError, locked_file, locked_folder

REPOSITORY = Path(__file__).parents[1]
#: Holds the lock until its standard input is closed; a child of it stays as long.
HOLDER = """
import os, sys
sys.path.insert(0, {repository!r})
sys.modules['handbone_command'] = type('Command', (), {{'running': True}})
from handbone.folder_lock import locked_folder
with locked_folder({folder!r}):
    if not os.fork():
        print('locked', flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the folder, and has a child that was forked meanwhile."""
    code = HOLDER.format(repository=str(REPOSITORY), folder=str(tmp_path / 'out'))
    process = subprocess.Popen(
        [sys.executable, '-c', code, 'train', 'a b'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == 'locked\n'
    yield process
    process.kill()
    process.communicate()


def test_the_second_run_is_told_who_holds_the_folder(holder, tmp_path):
    with (
        pytest.raises(
            FolderInUseError, match=rf"out: .*process {holder.pid} on .*since 20.*: -c train 'a b'"
        ) as error,
        locked_folder(tmp_path / 'out'),
    ):
        pass
    assert isinstance(error.value, HandboneError)
    assert '\n' not in str(error.value) and '..' not in str(error.value)


@pytest.mark.parametrize(
    ('text', 'told'),
    [
        ('[1, 2]', ''),
        ('[' * 100_000, ''),
        ('{"pid": true, "host": "a", "since": "b", "command": "c"}', ''),
        ('{"pid": 3, "host": "a\\nb", "since": "b\\ud800", "command": "c"}', 'process 3 on a b,'),
        (
            '{"pid": 3, "host": "%s", "since": "b", "command": "c"}' % ('x' * 10**6),
            'process 3 on x',
        ),
    ],
)
def test_a_file_of_the_lock_that_somebody_changed(holder, tmp_path, text, told):
    (tmp_path / 'out' / '.lock').write_text(text)
    with pytest.raises(FolderInUseError) as error, locked_folder(tmp_path / 'out'):
        pass
    message = str(error.value)
    assert told in message and ('process' in message) == bool(told)
    assert '\n' not in message and len(message.encode()) < 1000


def test_a_killed_holder_lets_go_although_its_children_live(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with locked_folder(tmp_path / 'out'):
        assert (tmp_path / 'out' / '.lock').is_file()
    assert not (tmp_path / 'out' / '.lock').exists()


def test_one_process_does_not_write_twice(tmp_path):
    with (
        locked_folder(tmp_path),
        pytest.raises(FolderInUseError, match=f'process {os.getpid()}'),
        locked_folder(tmp_path),
    ):
        pass
    with locked_folder(tmp_path), locked_folder(tmp_path / 'fold_0'):
        pass


def test_a_forked_child_does_not_release_the_lock(tmp_path):
    with locked_folder(tmp_path):
        child = multiprocessing.get_context('fork').Process(target=int)
        child.start()
        child.join()
        with pytest.raises(FolderInUseError), locked_folder(tmp_path):
            pass


@pytest.mark.parametrize('content', [b'', b'{', b'[1]', b'\xff', b'{"pid": 1}', b'[' * 99999])
def test_a_lock_that_does_not_say_who_holds_it(tmp_path, content):
    with (tmp_path / '.lock').open('wb') as file:
        file.write(content)
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        refused = pytest.raises(FolderInUseError, match=r'writing into it\. Wait')
        with refused, locked_folder(tmp_path):
            pass


@pytest.mark.parametrize('mode', [0o755, 0o775])
def test_who_may_write_into_a_folder_may_lock_what_is_in_it(tmp_path, mode):
    tmp_path.chmod(mode)
    before = os.umask(0o022)
    try:
        with locked_file(tmp_path / 'results.csv', 0), locked_folder(tmp_path):
            folder = tmp_path / '.results.csv.lock'
            assert stat.S_IMODE(folder.stat().st_mode) == mode
            for lock in (folder / '.lock', tmp_path / '.lock'):
                assert stat.S_IMODE(lock.stat().st_mode) == mode & 0o666
    finally:
        os.umask(before)


def test_disks_without_locks(tmp_path, monkeypatch):
    def refuse(file, operation):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr('handbone.unfinished_file.fcntl.flock', refuse)
    with pytest.warns(UserWarning, match='no locks'), locked_folder(tmp_path):
        assert (tmp_path / '.lock').exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='file') as error, locked_folder(tmp_path / 'file' / 'out'):
        pass
    assert error.value.errno == errno.ENOTDIR
