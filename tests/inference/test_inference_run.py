"""Streams of images into files: order, bad files, interruptions and full disks."""

import csv
import errno
import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from stub_predictor import StubPredictor

from handbone.apis.inferencer import make_writers
from handbone.errors import HandboneError
from handbone.folder_lock import FolderInUseError
from handbone.inference import ImageSources
from handbone.inference.run import predict_to_files
from handbone.masks import string_to_runs
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


class Choosy(OutputWriter):
    """Cannot hold the images of one patient."""

    def __init__(self, error):
        self.error = error
        self.written = []

    def encode(self, prediction):
        if 'hand4' in prediction.name:
            raise self.error
        return b'content'

    def put(self, prediction, content):
        assert content == b'content'
        self.written.append(prediction.name)


def run(images, out, predictor=None, names=('csv', 'overlays'), extra=None, **options):
    predictor = predictor or StubPredictor()
    writers = make_writers(names, out, predictor) | ({} if extra is None else {'extra': extra})
    return predict_to_files(
        predictor, ImageSources([images]), writers, out, progress=False, **options
    )


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file() and path.name != 'journal.json'
    }


@pytest.fixture
def whole(images, tmp_path):
    """What an uninterrupted run writes."""
    run(images, tmp_path / 'whole')
    return contents(tmp_path / 'whole')


@pytest.mark.parametrize(('batch_size', 'workers'), [(1, 1), (4, 3), (100, 2)])
def test_outputs(images, tmp_path, whole, batch_size, workers):
    predictor = StubPredictor()
    summary = run(images, tmp_path / 'out', predictor, batch_size=batch_size, workers=workers)
    assert tuple(summary) == (6, 1, 0)
    assert sum(predictor.calls) == 5 and max(predictor.calls) <= batch_size
    assert contents(tmp_path / 'out') == whole
    assert set(whole) == {'predictions.csv', 'failures.csv'} | {
        f'overlays/ID{index // 2}/hand{index}.jpg' for index in (0, 1, 3, 4, 5)
    }


def test_csv_holds_the_masks(images, tmp_path, whole):
    rows = list(csv.DictReader(whole['predictions.csv'].decode().splitlines()))
    assert [row['image_name'] for row in rows] == [
        f'hand{index}.png' for index in (0, 1, 3, 4, 5) for _ in range(2)
    ]
    for row in rows:
        (path,) = images.rglob(row['image_name'])
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        mask = np.zeros(image.size, bool)
        for start, length in string_to_runs(row['rle']):
            mask[start : start + length] = True
        limit = 100 if row['class'] == 'bright' else 200
        np.testing.assert_array_equal(mask.reshape(image.shape), image > limit)


def test_failures_name_file_and_fault(images, whole):
    (row,) = csv.DictReader(whole['failures.csv'].decode().splitlines())
    assert row['file'] == str(images / 'ID1' / 'hand2.png')
    assert 'hand2.png: the file is not an image of a known format' in row['error']


def test_strips_are_failures(images, tmp_path):
    cv2.imwrite(str(images / 'strip.png'), np.zeros((1, 200), np.uint8))
    assert run(images, tmp_path / 'out').failed == 2
    assert 'a strip of 1 x 200 pixels' in (tmp_path / 'out' / 'failures.csv').read_text()


def test_failures_of_an_earlier_run_go(images, tmp_path):
    run(images, tmp_path / 'out')
    shutil.copy(images / 'ID0' / 'hand0.png', images / 'ID1' / 'hand2.png')
    assert run(images, tmp_path / 'out', restart=True).failed == 0
    assert not (tmp_path / 'out' / 'failures.csv').exists()


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


def test_outputs_among_the_images(images):
    with pytest.raises(ValueError, match='would be taken for radiographs'):
        run(images, images / 'out')


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (HandboneError('not in this format'), 'hand4.png: not in this format'),
        (
            ValueError('Null bytes'),
            'hand4.png: the image cannot be written (ValueError: Null bytes)',
        ),
        (cv2.error('bad\n size'), 'hand4.png: the image cannot be written (error: bad size)'),
        (OSError('decoder'), 'hand4.png: the image cannot be written (OSError: decoder)'),
        (AttributeError(), 'hand4.png: the image cannot be written (AttributeError)'),
    ],
)
def test_nothing_is_left_of_an_image_that_a_format_cannot_hold(images, tmp_path, error, text):
    writer, out = Choosy(error), tmp_path / 'out'
    names = ('csv', 'polygons', 'overlays', 'coco', 'table', 'label-png')
    assert run(images, out, names=names, extra=writer).failed == 2
    assert writer.written == ['ID0/hand0', 'ID0/hand1', 'ID1/hand3', 'ID2/hand5']
    failures = list(csv.DictReader((out / 'failures.csv').read_text().splitlines()))
    assert [Path(row['file']).name for row in failures] == ['hand2.png', 'hand4.png']
    assert text in failures[1]['error']
    for path, content in contents(out).items():
        assert 'hand4' not in path
        assert path == 'failures.csv' or b'hand4' not in content
    whole = tmp_path / 'without'
    (images / 'ID2' / 'hand4.png').write_text('no image either')
    run(images, whole, names=names)
    (out / 'failures.csv').unlink(), (whole / 'failures.csv').unlink()
    assert contents(out) == contents(whole)


def test_names_too_long_for_outputs(images, tmp_path):
    long = 'x' * 248 + '.png'
    shutil.copy(images / 'ID0' / 'hand0.png', images / long)
    assert run(images, tmp_path / 'out').failed == 2
    assert 'the name is too long' in (tmp_path / 'out' / 'failures.csv').read_text()
    assert b'xxx' not in contents(tmp_path / 'out')['predictions.csv']


@pytest.mark.parametrize(
    'error', [MemoryError('of the machine'), torch.OutOfMemoryError('of the GPU')]
)
def test_lack_of_memory_while_writing_ends_the_run(images, tmp_path, error):
    with pytest.raises(type(error)):
        run(images, tmp_path / 'out', extra=Choosy(error))
    assert not (tmp_path / 'out' / 'predictions.csv').exists()


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
