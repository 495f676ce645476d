"""Which errors are shown in one line, and what it says."""

import errno
import io
import sys

import pytest
from torch._utils import ExceptionWrapper

from handbone.checkpoints.pretrained import PretrainedWeightsError
from handbone.cli.command import main
from handbone.cli.user_errors import user_errors_in_one_line
from handbone.datasets.errors import DatasetError
from handbone.errors import HandboneError
from handbone.user_message import user_message


@pytest.mark.parametrize(
    'error',
    [
        HandboneError('wrong'),
        FileNotFoundError('wrong'),
        PretrainedWeightsError('wrong'),
        DatasetError('wrong'),
    ],
)
def test_errors_of_the_user(error):
    assert user_message(error) == 'wrong'


def test_a_name_that_the_terminal_cannot_show_ends_no_command(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(written, encoding='ascii'))
    main(['queue', 'list', '--queue', '\udcbc/손.db'])
    sys.stdout.flush()
    assert written.getvalue().startswith(rb'\udcbc/\uc190.db is empty')


def test_faults_of_the_program():
    for error in (
        ValueError('x'),
        RuntimeError('x'),
        KeyError('x'),
        TypeError('x'),
        AssertionError('x'),
    ):
        assert user_message(error) is None


def raised_in_worker(error):
    """What the main process gets when a worker of the data loader raises."""
    try:
        try:
            raise ZeroDivisionError('ValueError: before')
        except ZeroDivisionError:
            raise error from None
    except Exception:
        wrapper = ExceptionWrapper(where='in DataLoader worker process 1')
    with pytest.raises(Exception) as raised:  # noqa: B017, PT011
        wrapper.reraise()
    assert 'Traceback' in str(raised.value)
    return raised.value


@pytest.mark.parametrize('error', [DatasetError, HandboneError, FileNotFoundError])
def test_errors_of_a_worker(error):
    arrived = raised_in_worker(error('a.png: cut off.\nCopy it again: now.'))
    assert user_message(arrived) == 'a.png: cut off.\nCopy it again: now.'


def test_faults_of_a_worker():
    assert user_message(raised_in_worker(RuntimeError('x'))) is None


def test_line_and_exit_code(capsys, monkeypatch):
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    with pytest.raises(SystemExit) as stopped, user_errors_in_one_line():
        raise HandboneError('number 1 is wrong')
    assert stopped.value.code == 1
    assert capsys.readouterr() == ('', 'error: number 1 is wrong\n')


def test_success_and_other_exits_pass(monkeypatch):
    @user_errors_in_one_line()
    def double(number):
        return 2 * number

    assert double(4) == 8
    for code in (0, 3):
        with pytest.raises(SystemExit) as stopped, user_errors_in_one_line():
            raise SystemExit(code)
        assert stopped.value.code == code


def test_a_bare_system_error_says_how_to_see_where():
    assert 'HANDBONE_TRACEBACK=1 shows where' in user_message(OSError(errno.EIO, 'Input/output'))
    named = user_message(OSError(errno.ENOSPC, 'No space left on device', 'masks.csv'))
    assert 'masks.csv' in named and 'HANDBONE_TRACEBACK' not in named


def test_an_interrupt_ends_in_one_word(capsys, monkeypatch):
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    with pytest.raises(SystemExit) as stopped, user_errors_in_one_line():
        raise KeyboardInterrupt
    assert stopped.value.code == 130
    assert capsys.readouterr() == ('', 'interrupted\n')
