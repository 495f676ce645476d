"""handbone notify: a message, a test, the first tokens of KakaoTalk; and secrets in configs."""

import getpass
import json
import stat

import pytest
from local_services import KAKAO_CLIENT, KAKAO_SECRET, local_services

from handbone.notifications import kakao_login

pytest.importorskip('apprise', reason='needs pip install "handbone[notify]"')
SECRET = 'verysecretword'


@pytest.fixture
def services(monkeypatch, tmp_path):
    monkeypatch.delenv('HANDBONE_NOTIFY', raising=False)
    monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path / 'settings'))
    with local_services() as server:
        yield server


@pytest.fixture
def addresses(services, tmp_path):
    """The default file of addresses."""
    file = tmp_path / 'settings' / 'handbone' / 'notify.txt'
    file.parent.mkdir(parents=True)
    file.write_text(f'# the team\n\njson://127.0.0.1:{services.port}/{SECRET}\n')
    file.chmod(0o600)
    return file


def test_a_test(run_command, services, addresses):
    shown, _ = run_command('notify', '--test')
    assert shown == f'JSON ({addresses}, line 3): sent\n'
    (body,) = services.texts(SECRET)
    assert json.loads(body)['message'].startswith('This is a test.')


def test_a_message_to_named_places(run_command, services, monkeypatch):
    monkeypatch.setenv('TEAM', f'json://127.0.0.1:{services.port}/a json://127.0.0.1:9/{SECRET}')
    words = ('notify', 'The folds are trained.', '--title', 'folds', '--to', '$TEAM')
    shown, _ = run_command(*words, expected=1)
    sent, failed = shown.splitlines()
    assert sent == 'JSON ($TEAM): sent' and failed.startswith('JSON ($TEAM): not sent: ')
    assert SECRET not in shown
    (body,) = services.texts('/a')
    assert json.loads(body)['title'] == 'folds'


@pytest.mark.parametrize(
    ('change', 'fault'),
    [
        (lambda file: file.unlink(), 'no address to send messages to: export HANDBONE_NOTIFY='),
        (lambda file: file.chmod(0o644), 'others can read it (mode 644): chmod 600'),
        (lambda file: file.write_text('# nothing\n'), 'there is no address to send messages to'),
        (lambda file: file.write_text(SECRET), 'must begin with the name of its service'),
        (lambda file: file.write_bytes(b'\xff'), 'not a text in UTF-8'),
        (lambda file: file.write_text(f'slack://{SECRET}'), 'Apprise does not accept this slack'),
    ],
)
def test_bad_files_of_addresses(run_command, addresses, change, fault):
    change(addresses)
    _, errors = run_command('notify', '--test', expected=1)
    assert errors.startswith('error: ') and errors.count('\n') == 1
    assert fault in errors and SECRET not in errors


def test_bad_words(run_command, services):
    _, errors = run_command('notify', expected=2)
    assert 'give a message, or --test' in errors
    _, errors = run_command('notify', 'a', '--to', f'slack://a/b/{SECRET}', expected=1)
    assert 'does not belong into a config' in errors and SECRET not in errors
    _, errors = run_command('notify', 'a', '--to', '$NO_SUCH_VARIABLE', expected=1)
    assert 'the environment has no variable NO_SUCH_VARIABLE' in errors


def test_the_first_tokens_of_kakao(run_command, services, tmp_path, monkeypatch):
    answers = iter([KAKAO_CLIENT, KAKAO_SECRET, 'https://localhost/?code=good-code'])
    monkeypatch.setattr(getpass, 'getpass', lambda question: next(answers))
    for name, path in (('TOKENS', '/oauth/token'), ('FRIENDS', '/v1/api/talk/friends')):
        monkeypatch.setattr(kakao_login, name, f'{services.address}{path}')
    shown, _ = run_command('notify', '--kakao-login', '--kakao-friends')
    file = tmp_path / 'settings' / 'handbone' / 'kakao.json'
    assert f'Tokens: {file}' in shown and 'kakaofile://me\n' in shown
    assert 'https://kauth.kakao.com/oauth/authorize?response_type=code&client_id=' in shown
    assert KAKAO_SECRET not in shown and stat.S_IMODE(file.stat().st_mode) == 0o600
    shown, _ = run_command('notify', '--kakao-friends')
    assert shown == 'friend-uuid-1  Kim\n'


@pytest.mark.parametrize(
    ('option', 'key'),
    [
        (
            f'custom_hooks=[dict(type="NotificationHook",to="slack://a/b/{SECRET}")]',
            'custom_hooks[0].to[0]',
        ),
        (
            f'visualizer.vis_backends.0.tracking_uri=https://me:{SECRET}@tracking.example',
            'visualizer.vis_backends[0].tracking_uri',
        ),
        (f'data_root=https://hooks.slack.com/services/{SECRET}', 'data_root'),
    ],
)
def test_a_secret_in_a_config_is_written_nowhere(run_command, tmp_path, option, key):
    config = tmp_path / 'config.py'
    name, _, value = option.partition('=')
    work_dir = tmp_path / 'work'
    text = f"_base_ = ['{demo_path()}']\n"
    if name == 'custom_hooks':
        text += f'{name} = {value}\n'
    elif name == 'data_root':
        text += f'{name} = "{value}"\n'
    else:
        text += f'_base_.visualizer.vis_backends[0].tracking_uri = "{value}"\n'
    config.write_text(text)
    _, errors = run_command('train', config, '--work-dir', work_dir, expected=1)
    assert errors.startswith(f'error: {key} ') and SECRET not in errors
    assert not work_dir.exists()


def demo_path():
    from handbone.configuration.shipped import config_path

    return config_path('demo')
