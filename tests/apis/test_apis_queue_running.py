"""Running a queue: slots, resumption, cancelling, failures, and who else uses a GPU."""

import os
import shlex
import signal
import subprocess
import sys
import time
from types import ModuleType, SimpleNamespace

import pytest

from handbone.apis import queue_running, training_process
from handbone.apis.queue_running import QueueRun, locked_slots, slot_names
from handbone.cli.command import main
from handbone.errors import HandboneError
from handbone.machine import graphics_cards
from handbone.runs.training_queue import TrainingQueue

#: Stands in for tools/train.py: notes how it was called, then does what its config says.
PROGRAM = """
import os, sys, time
from pathlib import Path
words = sys.argv[1:]
folder = Path(words[words.index('--work-dir') + 1])
folder.mkdir(parents=True, exist_ok=True)
with (folder / 'calls').open('a') as calls:
    calls.write(os.environ.get('CUDA_VISIBLE_DEVICES', '-') + ' ' + ' '.join(words) + chr(10))
print('training', flush=True)
exec(Path(words[0]).read_text())
"""
RUN = """
import handbone_command
handbone_command.running = True
import sys
from pathlib import Path
from handbone.apis import queue_running, training_process
training_process.config_folder = lambda: Path(sys.argv[1]) / 'configs'
queue_running.check_cards = lambda slots: None
queue_running.QueueRun(queue_running.TrainingQueue(Path(sys.argv[2])), ['0']).run()
"""


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """A queue in a folder of its own, whose trainings are small programs."""
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'train.py').write_text(PROGRAM)
    monkeypatch.setattr(training_process, 'config_folder', lambda: tmp_path / 'configs')
    monkeypatch.setattr(queue_running, 'INTERVAL', 0.02)
    monkeypatch.setattr(graphics_cards, 'trainable_cards', lambda: [*'012345'])
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.chdir(tmp_path)
    return TrainingQueue(tmp_path / 'queue.db')


@pytest.fixture
def add(queue, tmp_path):
    """Append a training that does what the code says."""

    def add(name, code='', *arguments):
        (tmp_path / f'{name}.py').write_text(code)
        return queue.add(f'{name}.py', arguments, name)

    return add


def calls(tmp_path, name):
    return (tmp_path / name / 'calls').read_text().splitlines()


def states(queue):
    return [entry.state for entry in queue.entries()]


def wait_until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_trainings_run_on_their_gpus(queue, add, tmp_path, capsys):
    for name in 'abc':
        add(name, 'time.sleep(0.2)', '--precision', 'bf16')
    QueueRun(queue, ['4', '5']).run()
    gpus = set()
    for name in 'abc':
        (line,) = calls(tmp_path, name)
        gpus.add(line[0])
        assert line[2:] == f'{name}.py --work-dir {name} --precision bf16'
        assert (tmp_path / name / 'output.txt').read_text() == 'training\n'
    assert gpus == {'4', '5'} and states(queue) == ['finished'] * 3
    assert 'training 1 begins on GPU 4' in capsys.readouterr().out


def test_a_gpu_that_is_not_there_is_one_line(queue, add):
    add('a')
    with pytest.raises(HandboneError, match=r'there is no GPU 9; name some of these: 0, 1, 2'):
        QueueRun(queue, ['0', '9']).run()
    assert states(queue) == ['waiting']


def test_a_failure_is_told_and_the_others_run(queue, add, tmp_path, capsys):
    add('bad', "sys.exit('no such file')")
    add('good')
    with pytest.raises(HandboneError, match=r'trainings that failed: 1 \(.*bad/output.txt\)'):
        QueueRun(queue).run()
    assert states(queue) == ['failed', 'finished'] and queue.entries()[0].exit_code == 1
    assert 'training 1 failed' in (err := capsys.readouterr().err) and 'no such file' in err
    (tmp_path / 'bad.py').write_text('')
    QueueRun(queue, retry_failed=True).run()
    assert states(queue) == ['finished'] * 2
    assert [line.endswith('--resume') for line in calls(tmp_path, 'bad')] == [False, True]


def test_what_is_not_tried_again_is_told(queue, add, tmp_path, capsys):
    def retry():
        QueueRun(queue, retry_failed=True).run()
        return capsys.readouterr().out

    assert f'{queue.path} has no failed training to try again\n' == retry()
    add('a', 'sys.exit(1)')
    with pytest.raises(HandboneError):
        QueueRun(queue).run()
    capsys.readouterr()
    add('a')
    QueueRun(queue).run()
    assert 'not tried again' not in capsys.readouterr().out
    place = tmp_path / 'a'
    assert f'training 1 is not tried again: {place} is the work dir of training 2 now\n' == retry()
    assert states(queue) == ['failed', 'finished']


def test_a_work_dir_that_is_deleted_stops_no_other_training(queue, add, tmp_path, capsys):
    add('bad', "import shutil; shutil.rmtree('bad'); sys.exit(3)")
    add('good', 'time.sleep(0.5)')
    with pytest.raises(HandboneError, match=r'trainings that failed: 1 '):
        QueueRun(queue, ['0', '1']).run()
    assert states(queue) == ['failed', 'finished']
    assert 'training 1 failed' in (err := capsys.readouterr().err) and '(exit code 3)' in err


def test_two_queues_on_one_gpu(queue):
    with locked_slots(slot_names(['0', '1'])):
        with pytest.raises(HandboneError) as caught:
            QueueRun(queue, ['1']).run()
        message = str(caught.value)
        assert message.startswith('GPU 1 of this machine is taken by another queue (process ')
        assert str(os.getpid()) in message and '\n' not in message
        QueueRun(queue, ['2']).run()
        QueueRun(queue, [None]).run()
    QueueRun(queue, ['1']).run()


def test_a_killed_queue_ends_its_trainings_and_continues_them(queue, add, tmp_path):
    first = "done = folder / 'done'\nif '--resume' not in words: time.sleep(600)\ndone.touch()"
    add('a', first)
    environment = os.environ | dict(XDG_CACHE_HOME=str(tmp_path / 'cache'))
    program = tmp_path / 'run.py'
    program.write_text(RUN)
    process = subprocess.Popen([sys.executable, program, tmp_path, queue.path], env=environment)
    wait_until((tmp_path / 'a' / 'output.txt').exists)
    wait_until(lambda: (tmp_path / 'a' / 'output.txt').read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    words = shlex.join(['a.py', '--work-dir', 'a'])
    wait_until(lambda: not training_processes(words), 10)
    assert states(queue) == ['running']
    QueueRun(queue, ['0']).run()  # the lock of the GPU ended with its process
    assert states(queue) == ['finished'] and (tmp_path / 'a' / 'done').exists()
    assert calls(tmp_path, 'a') == [f'0 {words}', f'0 {words} --resume']


def training_processes(words):
    import psutil

    lines = (' '.join(each.info['cmdline'] or []) for each in psutil.process_iter(['cmdline']))
    return [line for line in lines if words in line]


def test_a_running_training_is_cancelled(queue, add, tmp_path):
    add('a', 'time.sleep(600)')
    run = QueueRun(queue)
    looked = []

    def look():
        looked.append(1)
        if len(looked) == 5:
            assert queue.cancel(1) == 'cancelling'

    cancel = run._cancel
    run._cancel = lambda: (look(), cancel())
    run.run()
    assert states(queue) == ['cancelled']


def test_a_gpu_that_somebody_uses_is_left_alone(queue, add, monkeypatch, capsys):
    add('a')
    users = [['anna (process 7)'], ['anna (process 7)'], []]
    monkeypatch.setattr(queue_running, 'busy_with', lambda gpu: users.pop(0) if users else [])
    QueueRun(queue, ['0']).run()
    assert states(queue) == ['finished'] and not users
    assert capsys.readouterr().err.count('GPU 0 is in use by anna (process 7): waiting') == 1


def test_its_own_training_does_not_keep_a_queue_off_a_gpu(queue, add, tmp_path, monkeypatch):
    """Two at a time: the third begins beside the long one, whose process NVIDIA lists."""
    begun = 'any(Path("c/calls").exists() or time.sleep(0.02) for _ in range(1000))'
    add('long', f'sys.exit(not {begun})')
    add('b')
    add('c')
    run = QueueRun(queue, ['0', '0'])
    listed = lambda gpu: ['me (process 7)'] if run._running else []  # noqa: E731
    monkeypatch.setattr(queue_running, 'busy_with', listed)
    run.run()
    assert states(queue) == ['finished'] * 3


def test_a_training_that_cannot_start_has_failed(queue, add, tmp_path, capsys):
    add('a')
    (tmp_path / 'a').write_text('a file where its work dir should be')
    add('b')
    with pytest.raises(HandboneError, match=r'trainings that failed: 1 \('):
        QueueRun(queue).run()
    assert states(queue) == ['failed', 'finished']
    assert 'training 1 does not start' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('words', 'visible', 'slots'),
    [
        ([], None, ['0', '1']),
        (['--jobs', '3'], None, ['0', '1', '0']),
        ([], '1', ['1']),
        ([], ' 3, GPU-8a7f', ['3', 'GPU-8a7f']),
        ([], '', [None]),
        (['--gpus', '0'], '1', ['0']),
    ],
)
def test_all_gpus_are_used_unless_some_are_named(queue, monkeypatch, words, visible, slots):
    given = []
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if visible is not None:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible)
    monkeypatch.setattr(graphics_cards, 'trainable_cards', lambda: ['0', '1'])
    monkeypatch.setattr(QueueRun, 'run', lambda self: given.append(self.slots))
    monkeypatch.setattr(signal, 'signal', lambda *_: None)
    main(['queue', 'run', *words])
    assert given == [slots]


def test_nvidias_library_tells_who_uses_a_gpu(monkeypatch):
    library = ModuleType('pynvml')
    library.NVMLError = type('NVMLError', (Exception,), {})
    library.nvmlInit = library.nvmlShutdown = lambda: None
    library.nvmlDeviceGetCount = lambda: 1
    library.nvmlDeviceGetHandleByIndex = lambda index: index
    library.nvmlDeviceGetName = lambda handle: b'H200'
    memory = SimpleNamespace(used=2 * 1024**3, total=80 * 1024**3)
    library.nvmlDeviceGetMemoryInfo = lambda handle: memory

    def not_supported(handle):
        raise library.NVMLError

    library.nvmlDeviceGetUtilizationRates = not_supported
    processes = [SimpleNamespace(pid=os.getpid())]
    library.nvmlDeviceGetComputeRunningProcesses = lambda handle: processes
    monkeypatch.setitem(sys.modules, 'pynvml', library)
    from handbone.machine.graphics_cards import busy_with, graphics_cards

    (card,) = graphics_cards()
    assert (card.name, card.busy, card.used, card.total) == ('H200', None, 2.0, 80.0)
    assert busy_with('0')[0].endswith(f'(process {os.getpid()})')
    with pytest.raises(HandboneError, match='there is no GPU 1; name some of these: 0'):
        busy_with('1')
    library.nvmlInit = lambda: not_supported(0)
    assert graphics_cards() == [] and busy_with('0') == []
