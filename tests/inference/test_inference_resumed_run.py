"""Runs that are interrupted or out of space, continue, or meet in one folder."""

import errno
import json
import multiprocessing
import os
import signal

import pytest
from prediction_run import contents, run
from stub_predictor import StubPredictor

from handbone.folder_lock import FolderInUseError
from handbone.outputs import OutputWriter


class Interruption(BaseException):
    """Stands for the end of the process."""


NEVER = 1000


class Interrupting(OutputWriter):
    """Ends the run at its n-th image."""

    def __init__(self, number, error=Interruption):
        self.number, self.error = number, error

    def encode(self, prediction):
        return b''

    def put(self, prediction, content):
        self.number -= 1
        if self.number == 0:
            raise self.error


class Interrupted(StubPredictor):
    """Ends the run at its n-th batch, when all batches before are written."""

    def __init__(self, number):
        super().__init__()
        self.number = number

    def predict(self, images):
        if len(self.calls) + 1 == self.number:
            raise Interruption
        return super().predict(images)


class Waiting(StubPredictor):
    """Waits at its third batch until it is told to continue."""

    def __init__(self, reached, told):
        super().__init__()
        self.reached, self.told = reached, told

    def predict(self, images):
        if len(self.calls) == 2:
            self.reached.set()
            self.told.wait(60)
        return super().predict(images)


@pytest.mark.parametrize('batch_size', [1, 2, 4])
@pytest.mark.parametrize('image', [1, 2, 4, 5])
def test_going_on(images, tmp_path, whole, monkeypatch, image, batch_size):
    """Whatever was interrupted and wherever, the bytes in the end are the same."""
    monkeypatch.setattr('handbone.inference.recorder.SECONDS_BETWEEN', 0.0)
    out = tmp_path / 'out'
    with pytest.raises(Interruption):
        run(images, out, extra=Interrupting(image), batch_size=batch_size)
    assert not (out / 'predictions.csv').exists()
    done = json.loads((out / 'journal.json').read_text())['done']
    assert done <= image and (batch_size > 1 or done >= image - 1)
    summary = run(images, out, extra=Interrupting(NEVER), batch_size=batch_size)
    assert tuple(summary) == (6, 1, done)
    assert contents(out) == whole


def test_going_on_after_the_model_failed(images, tmp_path, whole, monkeypatch):
    monkeypatch.setattr('handbone.inference.recorder.SECONDS_BETWEEN', 0.0)
    with pytest.raises(Interruption):
        run(images, tmp_path / 'out', Interrupted(3))
    predictor = StubPredictor()
    assert run(images, tmp_path / 'out', predictor).done_before >= 2
    assert len(predictor.calls) <= 3
    assert contents(tmp_path / 'out') == whole


def test_going_on_between_two_names(images, tmp_path, whole, monkeypatch):
    """One file has its name, the other has none yet."""

    def stop(table):
        raise Interruption

    with monkeypatch.context() as patched:
        patched.setattr('handbone.outputs.failure_table.FailureTable.finish', stop)
        with pytest.raises(Interruption):
            run(images, tmp_path / 'out')
    assert (tmp_path / 'out' / 'predictions.csv').exists()
    assert not (tmp_path / 'out' / 'failures.csv').exists()
    assert run(images, tmp_path / 'out').done_before == 6
    assert contents(tmp_path / 'out') == whole


def test_a_finished_run_is_not_done_again(images, tmp_path, whole):
    predictor = StubPredictor()
    assert tuple(run(images, tmp_path / 'whole', predictor)) == (6, 1, 6)
    assert not predictor.calls
    assert contents(tmp_path / 'whole') == whole


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(predictor=StubPredictor('other')), 'a different model'),
        (dict(names=('csv',)), r'different formats \(csv, overlays, now csv\)'),
        (dict(images=True), r'different images \(6, now 7\)'),
    ],
)
def test_another_run_is_refused(images, tmp_path, whole, change, message):
    if change.pop('images', False):
        (images / 'more.png').touch()
    with pytest.raises(ValueError, match=f'{message}.*--restart'):
        run(images, tmp_path / 'whole', **change)
    assert contents(tmp_path / 'whole') == whole
    run(images, tmp_path / 'whole', restart=True, **change)


def test_lost_files_of_an_interrupted_run(images, tmp_path, monkeypatch):
    monkeypatch.setattr('handbone.inference.recorder.SECONDS_BETWEEN', 0.0)
    with pytest.raises(Interruption):
        run(images, tmp_path / 'out', extra=Interrupting(3))
    (tmp_path / 'out' / '.predictions.csv.unfinished').unlink()
    with pytest.raises(ValueError, match='is missing'):
        run(images, tmp_path / 'out', extra=Interrupting(NEVER))


def test_damaged_journal(images, tmp_path, whole):
    (tmp_path / 'whole' / 'journal.json').write_text('{"format": 1')
    with pytest.raises(ValueError, match=r'journal\.json: the file is not JSON.*--restart'):
        run(images, tmp_path / 'whole')


def test_full_disk(images, tmp_path, whole):
    full = OSError(errno.ENOSPC, 'No space left on device', 'file')
    with pytest.raises(OSError, match=r'No space left.*\d of 6 images are done.*same command'):
        run(images, tmp_path / 'out', extra=Interrupting(4, full))
    assert not (tmp_path / 'out' / 'predictions.csv').exists()
    run(images, tmp_path / 'out', extra=Interrupting(NEVER))
    assert contents(tmp_path / 'out') == whole


@pytest.fixture
def first_run(images, tmp_path):
    """A run in a process of its own that waits in its middle, and what lets it continue."""
    context = multiprocessing.get_context('fork')
    reached, told = context.Event(), context.Event()
    waiting = Waiting(reached, told)
    process = context.Process(target=run, args=(images, tmp_path / 'out', waiting, ('csv',)))
    process.start()
    assert reached.wait(60)
    yield process, told
    process.kill()
    process.join()


@pytest.mark.parametrize('restart', [False, True])
def test_two_runs_into_one_folder(first_run, images, tmp_path, restart):
    """The second one is refused at once, and the first one writes what it would have alone."""
    process, told = first_run
    predictor = StubPredictor()
    with pytest.raises(FolderInUseError, match=f'process {process.pid} on .*give another folder'):
        run(images, tmp_path / 'out', predictor, ('csv',), restart=restart)
    assert not predictor.calls
    told.set()
    process.join(60)
    assert process.exitcode == 0
    run(images, tmp_path / 'alone', names=('csv',))
    assert contents(tmp_path / 'out') == contents(tmp_path / 'alone')


def test_the_next_run_follows_a_killed_one(first_run, images, tmp_path):
    process, _ = first_run
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    run(images, tmp_path / 'out', names=('csv',))
    run(images, tmp_path / 'alone', names=('csv',))
    assert contents(tmp_path / 'out') == contents(tmp_path / 'alone')
