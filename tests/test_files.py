"""Files appear whole or not at all, and in one way: no product file renames or saves otherwise."""

import ast
import contextlib
import errno
import fcntl
import multiprocessing
import os
import tempfile
from pathlib import Path

import pytest
from small_disk import fill_disk

import handbone
from handbone.files import (
    check_room,
    open_atomically,
    put_in_place,
    unfinished_path,
    write_atomically,
)

PACKAGE = Path(handbone.__file__).parent


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_old_content_is_there_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / 'new' / 'file.txt'
    write_atomically(path, b'old')
    with open_atomically(str(path)) as file:
        file.write(b'n')
        file.write(memoryview(b'ew'))
        assert path.read_bytes() == b'old'
    assert path.read_bytes() == b'new'
    assert names(path.parent) == ['file.txt']


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / 'file.txt'
    write_atomically(path, b'old')
    with pytest.raises(KeyboardInterrupt), open_atomically(path) as file:
        file.write(b'new')
        raise KeyboardInterrupt
    with pytest.raises(RuntimeError, match='of the block'), open_atomically(path) as file:
        raise RuntimeError('of the block')
    assert path.read_bytes() == b'old' and names(tmp_path) == ['file.txt']


@pytest.mark.parametrize('write', [0, 1], ids=['at once', 'in pieces'])
def test_full_disk(small_disk, write):
    path = small_disk / 'file.txt'
    write_atomically(path, b'old')
    filler = fill_disk(small_disk, 8192)
    with pytest.raises(OSError, match='No space left on device, so it was not written') as caught:
        if write:
            with open_atomically(path) as file:
                for _ in range(100):
                    file.write(bytes(1000))
        else:
            write_atomically(path, bytes(100_000))
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    assert path.read_bytes() == b'old' and sorted(small_disk.iterdir()) == [path, filler]


def test_the_name_comes_after_the_content_is_on_the_disk(tmp_path, monkeypatch):
    path, done, synced = tmp_path / 'file.txt', [], os.fsync

    def note(descriptor):
        is_folder = Path(f'/proc/self/fd/{descriptor}').is_dir()
        done.append(('folder' if is_folder else 'file', path.exists()))
        synced(descriptor)

    monkeypatch.setattr(os, 'fsync', note)
    write_atomically(path, b'new')
    assert done == [('file', False), ('folder', True)]


def _die(path):
    with open_atomically(path) as file:
        file.write(b'never ready')
        os._exit(1)


def test_what_a_killed_process_leaves_is_overwritten(tmp_path):
    path = tmp_path / 'file.txt'
    write_atomically(path, b'old')
    process = multiprocessing.get_context('fork').Process(target=_die, args=(path,))
    process.start()
    process.join()
    assert path.read_bytes() == b'old' and unfinished_path(path).read_bytes() == b'never ready'
    write_atomically(path, b'new')
    assert path.read_bytes() == b'new' and names(tmp_path) == ['file.txt']


@contextlib.contextmanager
def another_user():
    """Be nobody while the block runs, where the tests are run by root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def shared():
    """A folder that all may write into, with a file that a killed process of somebody left."""
    with tempfile.TemporaryDirectory() as name:  # unlike tmp_path not closed to others
        folder = Path(name)
        folder.chmod(0o777)
        path = folder / 'table.csv'
        write_atomically(path, b'old')
        unfinished_path(path).write_bytes(b'never ready')
        unfinished_path(path).chmod(0o444)
        yield path


def test_what_a_killed_process_of_another_user_leaves_blocks_nobody(shared):
    with another_user():
        write_atomically(shared, b'new')
    assert shared.read_bytes() == b'new' and names(shared.parent) == ['table.csv']


def test_what_another_user_is_writing_stays(shared):
    beside = unfinished_path(shared)
    with beside.open('rb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with another_user(), pytest.raises(OSError, match=r'Another process is writing it.*table'):
            write_atomically(shared, b'new')
    assert shared.read_bytes() == b'old' and beside.read_bytes() == b'never ready'


def test_a_leftover_that_cannot_be_removed_is_one_line(shared):
    unfinished_path(shared).chmod(0o000)
    with another_user(), pytest.raises(PermissionError, match=r'\.table\.csv\.part .*: remove it'):
        write_atomically(shared, b'new')
    assert shared.read_bytes() == b'old'


def test_two_that_write_one_file(tmp_path):
    path = tmp_path / 'file.txt'
    with open_atomically(path) as file:
        file.write(b'fir')
        with pytest.raises(OSError, match=r'Another process is writing it.*file\.txt'):
            write_atomically(path, b'second')
        file.write(b'st')
    assert path.read_bytes() == b'first'


def test_links_are_followed_and_devices_written(tmp_path):
    path, link = tmp_path / 'real' / 'file.txt', tmp_path / 'link.txt'
    write_atomically(path, b'old')
    link.symlink_to(path)
    write_atomically(link, b'new')
    assert link.is_symlink() and path.read_bytes() == b'new'
    write_atomically(Path('/dev/null'), b'gone')
    assert Path('/dev/null').is_char_device()


def test_places_that_cannot_hold_a_file(tmp_path):
    (tmp_path / 'file').write_bytes(b'')
    for path in (tmp_path, tmp_path / 'file' / 'below'):
        with pytest.raises(OSError, match='so it was not written') as caught:
            write_atomically(path, b'x')
        assert caught.value.filename == str(path)
    with pytest.raises(OSError, match=r'so nothing can be written.*file'):
        check_room(tmp_path / 'file')
    assert names(tmp_path) == ['file']


def test_a_file_that_another_program_wrote(tmp_path):
    (tmp_path / 'there').write_bytes(b'old')
    (tmp_path / 'beside').write_bytes(b'new')
    put_in_place(tmp_path / 'beside', tmp_path / 'there')
    assert (tmp_path / 'there').read_bytes() == b'new' and names(tmp_path) == ['there']


#: Methods and functions that write a file, unless they are given memory or an opened file.
WRITERS = {
    *('write_text', 'write_bytes', 'to_csv', 'to_parquet', 'to_json', 'to_excel', 'tofile', 'dump'),
    *('savefig', 'imwrite', 'imsave', 'save', 'savez', 'savez_compressed', 'savetxt', 'save_file'),
    *('save_model', 'write_table', 'copy2', 'copyfile', 'move', 'renames'),
}
MEMORY = ('io.BytesIO()', 'BytesIO()', 'pa.BufferOutputStream()')
#: What may write by itself, and why.
EXCEPTIONS = {
    ('export/files.py', 'save'): 'into a temporary folder, put in place afterwards',
    ('export/files.py', 'save_model'): 'into a temporary folder, put in place afterwards',
    ('export/precision.py', 'save'): 'into a temporary folder, for quantization to read',
}


def _not_files(tree):
    """Names in a module that stand for memory or for a file opened by open_atomically."""
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem) and 'open_atomically' in ast.unparse(node.context_expr):
            yield ast.unparse(node.optional_vars)
        elif isinstance(node, ast.Assign) and ast.unparse(node.value) in MEMORY:
            yield ast.unparse(node.targets[0])


def _is_fault(call, not_files):
    """Whether a call renames a file or writes one."""
    if not isinstance(call.func, (ast.Attribute, ast.Name)):
        return False
    name, owner = getattr(call.func, 'attr', None), getattr(call.func, 'value', None)
    values = [ast.unparse(each) for each in [*call.args, *(k.value for k in call.keywords)]]
    if name in ('replace', 'rename'):
        return ast.unparse(owner) == 'os' or (len(call.args) == 1 and not call.keywords)
    if 'open' in (name, getattr(call.func, 'id', None)):
        modes = [value[1:-1] for value in values if value[:1] == "'"]
        return any(set(mode) & set('wx') and set(mode) <= set('wx+bt') for mode in modes)
    if name == 'to_csv' and not call.args:
        return any(keyword.arg == 'path_or_buf' for keyword in call.keywords)
    return name in WRITERS and bool(values) and not not_files & set(values)


def _faults(source):
    """Calls that rename or write files, by name and line."""
    tree = ast.parse(source)
    not_files = set(_not_files(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_fault(node, not_files):
            yield getattr(node.func, 'attr', getattr(node.func, 'id', '')), node.lineno


@pytest.mark.parametrize(
    ('source', 'found'),
    [
        ('os.replace(a, b)', ['replace']),
        ('beside.replace(path)', ['replace']),
        ('path.rename(other)', ['rename']),
        ("text.replace('a', 'b')\ndataclasses.replace(x, a=1)\nreplace(x, a=1)", []),
        ('frame.to_csv(path)', ['to_csv']),
        ('frame.to_csv(path_or_buf=path)', ['to_csv']),
        ('text = frame.to_csv(index=False)', []),
        ('torch.save(x, path)', ['save']),
        ('content = io.BytesIO()\ntorch.save(x, content)', []),
        ("with open_atomically(path) as file:\n    figure.savefig(file, format='png')", []),
        ('figure.savefig(path)', ['savefig']),
        ("path.open('wb')\nopen(path, mode='x')\npath.open('rb')\npath.open()", ['open', 'open']),
        ("log.open('a')", []),
        ('save(weights, metadata)', []),
        ("path.write_text('x')", ['write_text']),
    ],
)
def test_the_search_for_writers_finds_them(source, found):
    assert [name for name, _ in _faults(source)] == found


def test_nothing_else_renames_or_writes_files():
    found = {
        (path.relative_to(PACKAGE).as_posix(), name): line
        for path in sorted(PACKAGE.rglob('*.py'))
        if path != PACKAGE / 'files.py'
        for name, line in _faults(path.read_text(encoding='utf-8'))
    }
    assert not {place: line for place, line in found.items() if place not in EXCEPTIONS}
    assert not EXCEPTIONS.keys() - found.keys()  # what is an exception no longer
