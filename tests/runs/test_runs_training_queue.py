"""The queue's file: order, work dirs, interrupted entries, and faults of the disk."""

import os
import signal
import subprocess
import sys

import pytest
from small_disk import fill_disk, mount_small_disk

from handbone.errors import HandboneError
from handbone.runs.training_queue import TrainingQueue

HOLDING = """
import sys, time
from pathlib import Path
import handbone_command
handbone_command.running = True
from handbone.runs.training_queue import TrainingQueue
queue = TrainingQueue(Path(sys.argv[1]))
runner, lock = queue.register()
queue.claim('GPU 0', runner)
print('claimed', flush=True)
time.sleep(60)
"""


@pytest.fixture
def queue(tmp_path):
    return TrainingQueue(tmp_path / 'queue.db')


def states(queue):
    return [entry.state for entry in queue.entries()]


def test_trainings_are_taken_in_their_order(queue, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in 'ab':
        queue.add(f'{name}.py', ['--precision', 'bf16'], f'work/{name}')
    runner, lock = queue.register()
    with lock:
        first = queue.claim('GPU 1', runner)
        assert (first.id, first.arguments, first.path) == (
            1,
            ('--precision', 'bf16'),
            tmp_path / 'work/a',
        )
        assert first.begun is None and states(queue) == ['running', 'waiting']
        queue.end(1, 'finished', 0)
        assert queue.claim('GPU 1', runner).id == 2
        assert queue.claim('GPU 1', runner) is None
        assert queue.entries()[0].slot == 'GPU 1' and queue.entries()[0].ended
        assert queue.release_interrupted() == []  # its runner lives
    assert not (tmp_path / '.queue.db.runners').exists()


def test_two_trainings_do_not_share_a_work_dir(queue):
    queue.add('a.py', [], 'work')
    with pytest.raises(HandboneError, match=r'work is the work dir of training 1.*a\.py, waiting'):
        queue.add('b.py', [], 'work')
    queue.cancel(1)
    assert queue.add('b.py', [], 'work').id == 2


@pytest.mark.parametrize('other', ['./work/', 'x/../work', 'link', 'absolute'])
def test_one_work_dir_by_another_name_is_the_same(queue, tmp_path, monkeypatch, other):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'link').symlink_to('work')
    other = str(tmp_path / 'work') if other == 'absolute' else other
    for first, second in (('work', other), (other, 'work')):
        number = queue.add('a.py', [], first).id
        with pytest.raises(HandboneError, match=f'is the work dir of training {number} of'):
            queue.add('b.py', [], second)
        queue.end(number, 'failed', 1)
    # of failed trainings in one work dir the last one is tried again
    queue.release_interrupted(failed_too=True)
    assert states(queue) == ['failed', 'waiting']
    assert queue.entries()[0].path == tmp_path / 'work'


def test_what_a_killed_queue_was_training_waits_again(queue, tmp_path):
    for name in 'ab':
        queue.add(f'{name}.py', [], name)
    process = subprocess.Popen(
        [sys.executable, '-c', HOLDING, str(queue.path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == 'claimed\n'
    assert queue.release_interrupted() == []
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert [entry.id for entry in queue.release_interrupted()] == [1]
    assert states(queue) == ['waiting', 'waiting']
    runner, lock = queue.register()
    with lock:
        again = queue.claim('CPU 0', runner)
    assert again.id == 1 and again.begun is not None


def test_cancelling(queue):
    queue.add('a.py', [], 'a')
    assert queue.cancel(1) == 'cancelled' and states(queue) == ['cancelled']
    with pytest.raises(HandboneError, match='training 1 is cancelled already'):
        queue.cancel(1)
    with pytest.raises(HandboneError, match='has no training 7'):
        queue.cancel(7)


@pytest.mark.parametrize(
    ('later', 'expected'),
    [('waiting', ['failed', 'waiting']), ('failed', ['failed', 'waiting'])],
)
def test_a_failed_training_whose_work_dir_a_later_one_has_is_not_tried_again(
    queue, later, expected
):
    for config in ('a.py', 'b.py'):
        queue.add(config, [], 'shared')
        if (config, later) != ('b.py', 'waiting'):
            queue.end(len(queue.entries()), 'failed', 1)
    queue.release_interrupted(failed_too=True)
    assert states(queue) == expected


def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path):
    with mount_small_disk(tmp_path / 'disk', '128k') as disk:
        if disk is None:
            pytest.skip('a small file system cannot be mounted here')
        queue = TrainingQueue(disk / 'queue.db')
        queue.add('a.py', [], 'a')
        filler = fill_disk(disk, 0)
        for use in (
            lambda: queue.add('b.py', ['x' * 20_000], 'b'),
            lambda: queue.cancel(1),
        ):
            with pytest.raises(HandboneError) as caught:
                use()
            message = str(caught.value)
            assert str(disk / 'queue.db') in message and '\n' not in message
        filler.unlink()
        assert states(queue) == ['waiting'] and queue.add('b.py', [], 'b').id == 2


def test_a_file_of_something_else_is_one_line(tmp_path):
    path = tmp_path / 'queue.db'
    path.write_text('not a database\n' * 100)
    with pytest.raises(HandboneError, match=r'queue\.db: file is not a database.*another file'):
        TrainingQueue(path).entries()
    assert path.read_text().startswith('not a database')
