"""Messages tell of a training's start and end, errors, NaN, a kill and a hang."""

import os
import re
import signal
import time
from types import SimpleNamespace

import pytest
from local_services import local_services
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from survive_run import make_config, train, train_in_process

from handbone.configuration.shipped import config_path
from handbone.engine import NotificationHook
from handbone.engine.hooks.notification_hook import check_notifications
from handbone.errors import HandboneError
from tests.compatibility.tiny_training import make_config as make_tiny_config
from tests.compatibility.tiny_training import write_data

pytest.importorskip('apprise', reason='needs pip install "handbone[notify]"')
SECRET = 'verysecretword'


@HOOKS.register_module()
class FailHook(Hook):
    """Raise an error at an iteration."""

    def before_train_iter(self, runner, *_, **__):
        if runner.iter == 4:
            raise HandboneError('labels.json, object 3: there is no class "thumb"')


@HOOKS.register_module()
class WaitingHook(Hook):
    """Wait at an iteration, for what a test says."""

    def wait(self):
        raise NotImplementedError

    def before_train_iter(self, runner, *_, **__):
        if runner.iter == 4:
            self.wait()


@pytest.fixture
def services(monkeypatch):
    with local_services() as server:
        monkeypatch.setenv('HANDBONE_NOTIFY', f'json://127.0.0.1:{server.port}/{SECRET}')
        yield server


def config_of(work_dir, *hooks, notification=None, **changes):
    config = make_config(work_dir, **changes)
    config.custom_hooks = [
        dict(type='NotificationHook', **(notification or {})),
        *(dict(type=hook) for hook in hooks),
    ]
    return config


def titles(texts):
    return [re.search(r'"title": "(.*?):', text)[1] for text in texts]


@pytest.mark.slow
def test_start_and_end(services, tmp_path):
    config = config_of(tmp_path)
    train(config)
    first, last = services.wait_for(2)
    assert titles([first, last]) == ['Training starts', 'Training finished']
    assert '7 images, 10 iterations' in first and str(tmp_path) in first
    assert 'mDice 0.5000 after iteration 9' in last and 'best_mDice_iter_9.pth' in last
    no_secrets(tmp_path)


def no_secrets(folder):
    """Neither logs nor dumps nor checkpoints hold what is in the environment."""
    files = [file for file in folder.rglob('*') if file.is_file()]
    assert {file.suffix for file in files} >= {'.log', '.json', '.pth'}
    assert [file for file in files if SECRET.encode() in file.read_bytes()] == []


@pytest.mark.slow
def test_the_end_has_the_dice_of_each_class(services, tmp_path):
    write_data(tmp_path / 'data')
    config = make_tiny_config(tmp_path / 'data', tmp_path / 'work', config_path('demo').parent)
    config.default_hooks.notification = dict(type='NotificationHook')
    train(config)
    _, text = services.wait_for(2)
    lines = re.findall(r'\\n([01]\.\d{4})  (\w+)', text)
    assert [name for _, name in lines] == ['shapes', 'disc', 'bar', 'corner']
    table = next((tmp_path / 'work').glob('*/dice_per_class.csv')).read_text()
    means = {row.split(',')[1]: float(row.split(',')[3]) for row in table.splitlines()[1:]}
    assert {name: float(score) for score, name in lines} == pytest.approx(
        {name: means[name] for _, name in lines}, abs=1e-3
    )


@pytest.mark.slow
def test_an_error_with_its_line(services, tmp_path):
    with pytest.raises(HandboneError):
        train(config_of(tmp_path, 'FailHook'))
    texts = services.wait_for(2)
    assert titles(texts) == ['Training starts', 'Training failed']
    assert 'labels.json, object 3: there is no class \\"thumb\\"\\nAt iteration 4.' in texts[1]
    assert '.log' in texts[1]


@pytest.mark.slow
def test_an_error_before_the_first_iteration(services, tmp_path):
    config = config_of(tmp_path)
    config.train_dataloader.dataset.count = 0
    with pytest.raises(ValueError, match='at least one array'):
        train(config)
    (text,) = services.wait_for(1)
    assert titles([text]) == ['Training failed']
    # a fault of the program has its place
    assert 'ValueError: need at least one array' in text and 'base_dataset.py, line ' in text
    assert 'Before the first iteration.' in text


@pytest.mark.slow
def test_nan(services, tmp_path):
    config = config_of(tmp_path, model=dict(invalid=['image2.png']))
    config.custom_hooks.append(dict(type='InvalidLossHook', action='skip'))
    train(config)
    texts = services.wait_for(3)
    assert titles(texts) == ['Training starts', 'NaN in training', 'Training finished']
    assert 'loss is nan on' in texts[1] and 'image2.png' in texts[1]
    assert re.search(r'\d batches were left out because of NaN', texts[2])


@pytest.mark.slow
def test_early_stopping(services, tmp_path):
    config = config_of(tmp_path)
    config.custom_hooks.append(
        dict(type='ResumableEarlyStoppingHook', monitor='mDice', rule='greater', patience=1)
    )
    train(config)
    texts = services.wait_for(2)
    assert titles(texts)[1] == 'Training stopped early' and 'iteration 6 of 10' in texts[1]


@pytest.mark.slow
@pytest.mark.parametrize('workers', [0, 1])  # workers hold a copy of the pipe
def test_a_kill(services, tmp_path, workers):
    config = config_of(tmp_path, workers=workers)
    config.custom_hooks.append(dict(type='KillHook', iteration=5))
    train_in_process(config, expected=-signal.SIGKILL)
    texts = services.wait_for(2)
    assert titles(texts) == ['Training starts', 'Training was killed']
    assert 'of 10' in texts[1] or 'before the first iteration' in texts[1]


@pytest.mark.slow
def test_a_hang(services, tmp_path, monkeypatch):
    monkeypatch.setattr(WaitingHook, 'wait', lambda _: services.wait_for(2, seconds=60))
    train(config_of(tmp_path, 'WaitingHook', notification=dict(hang_minutes=0.02)))
    texts = services.wait_for(4)
    assert titles(texts) == [
        'Training starts',
        'Training hangs',
        'Training continues',
        'Training finished',
    ]
    assert 'No iteration has ended for' in texts[1]


@pytest.mark.slow
def test_a_dead_service_ends_nothing(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv('HANDBONE_NOTIFY', f'json://127.0.0.1:9/{SECRET}')
    wait = dict(wait_seconds=60.0, give_up_minutes=0.03, retry_seconds=0.1)
    train(config_of(tmp_path, notification=wait))
    shown = capfd.readouterr().out
    assert shown.count('JSON ($HANDBONE_NOTIFY) did not take a message') == 1
    assert shown.count('Not all messages were sent.') == 1
    no_secrets(tmp_path)


class StoppedRunner:
    """What the hook asks of a runner."""

    iter, max_iters, work_dir, cfg = 3, 100, 'work', {}

    def __init__(self):
        self.warnings = []
        self.logger = SimpleNamespace(warning=self.warnings.append, log_file='work/a.log')


def test_a_messenger_that_does_not_read_holds_nothing_up(services):
    """As when the machine has stopped it: the pipe is full after 64 kB."""
    hook, runner = NotificationHook(wait_seconds=0.2, give_up_minutes=0.01), StoppedRunner()
    hook._tell(runner, 'Training starts', 'x' * 5000)
    services.wait_for(1)
    process = hook._messenger._process
    os.kill(process.pid, signal.SIGSTOP)
    begun = time.monotonic()
    for _ in range(500):
        hook._tell(runner, 'again', 'x' * 5000)
        hook._next_beat = 0
        hook.after_train_iter(runner, 0)
    assert time.monotonic() - begun < 5
    assert len(hook._messenger._unwritten) <= 2**20 + 10_000
    hook._end(runner)
    assert 'Not all messages were sent. A process in the background' in runner.warnings[-1]
    process.kill()
    process.wait()


def test_a_messenger_that_was_killed_is_told_once(services):
    hook, runner = NotificationHook(), StoppedRunner()
    hook._tell(runner, 'Training starts', 'x')
    services.wait_for(1)
    hook._messenger._process.kill()
    hook._messenger._process.wait()
    for _ in range(3):
        hook._tell(runner, 'again', 'x')
    hook._end(runner)
    first, last = runner.warnings
    assert 'no more will be sent' in first and last == 'Not all messages were sent.'


@pytest.mark.parametrize(
    'to', ['slack://a/b/c', ['$OK', f'tgram://1:{SECRET}/2/'], f'https://x/{SECRET}']
)
def test_an_address_in_the_config_is_refused(to):
    with pytest.raises(HandboneError, match='does not belong into a config') as caught:
        NotificationHook(to=to)
    assert SECRET not in str(caught.value)


def test_numbers_that_mean_nothing():
    with pytest.raises(HandboneError, match='greater than 0'):
        NotificationHook(hang_minutes=0)


def test_a_file_of_addresses_that_others_can_read(tmp_path):
    path = tmp_path / 'notify.txt'
    path.write_text(f'json://127.0.0.1:9/{SECRET}\n')
    path.chmod(0o644)
    config = config_of(tmp_path / 'work', notification=dict(to=str(path)))
    with pytest.raises(HandboneError, match='others can read it') as caught:
        check_notifications(config)
    assert SECRET not in str(caught.value)
    path.chmod(0o600)
    check_notifications(config)
