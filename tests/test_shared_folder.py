"""Folders that the workers of pytest share."""

import multiprocessing
import os

import pytest
from shared_folder import shared_folder


class Factory:
    """Gives a worker its own folder beside those of the others, as pytest-xdist does."""

    def __init__(self, folder):
        self.folder = folder

    def getbasetemp(self):
        self.folder.mkdir(exist_ok=True)
        return self.folder


def test_one_worker_makes_it_and_the_others_wait(tmp_path, monkeypatch):
    monkeypatch.setenv('PYTEST_XDIST_WORKER', 'gw0')
    context = multiprocessing.get_context('fork')
    inside, result = context.Event(), context.SimpleQueue()

    def make(folder):
        inside.set()
        assert list(folder.iterdir()) == []
        (folder / 'maker').write_text(str(os.getpid()))

    def work(name):
        folder = shared_folder(Factory(tmp_path / name), 'made', make)
        result.put(((folder / 'maker').read_text(), str(folder)))

    workers = [context.Process(target=work, args=(name,)) for name in ('gw0', 'gw1', 'gw2')]
    for worker in workers:
        worker.start()
    found = [result.get() for _ in workers]
    for worker in workers:
        worker.join()
    assert inside.is_set() and len(set(found)) == 1
    assert found[0][1] == str(tmp_path / 'made')


def test_what_failed_is_made_again_from_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv('PYTEST_XDIST_WORKER', raising=False)

    def fail(folder):
        (folder / 'half').touch()
        raise OSError('full')

    with pytest.raises(OSError, match='full'):
        shared_folder(Factory(tmp_path / 'own'), 'made', fail)
    folder = shared_folder(Factory(tmp_path / 'own'), 'made', lambda folder: (folder / 'a').touch())
    assert folder == tmp_path / 'own' / 'made'
    assert [path.name for path in folder.iterdir()] == ['a']
