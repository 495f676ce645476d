"""Progress of long work: a bar on a terminal, sparse lines in a log."""

import io
import sys
from types import SimpleNamespace

import pytest

from handbone import progress
from handbone.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Seconds that tests let pass."""
    now = [1000.0]
    monkeypatch.setattr(progress.tqdm, '__init__', _with_clock(now))
    return now


def _with_clock(now):
    original = progress.tqdm.__init__

    def make(self, *args, **settings):
        original(self, *args, **settings)
        self._time = lambda: now[0]
        self.start_t = self.last_print_t = now[0]

    return make


def work(clock, seconds, steps=10, **settings):
    for _ in progress_bar(range(steps), 'Reading', **settings):
        clock[0] += seconds / steps


def test_short_work_writes_nothing_into_a_log(clock, capsys):
    work(clock, 59)
    assert capsys.readouterr().err == ''


def test_long_work_writes_a_line_a_minute_and_one_at_the_end(clock, monkeypatch):
    # a stream of its own: objects of earlier tests may write to that of the process meanwhile
    own = io.StringIO()
    monkeypatch.setattr(progress, 'sys', SimpleNamespace(stderr=own, modules=sys.modules))
    work(clock, 300, steps=100)
    written = own.getvalue()
    assert '\r' not in written
    lines = written.splitlines()
    assert lines[0] == 'Reading: 20/100 [01:00<04:00,  3.00s/image]'
    assert [line.split()[1] for line in lines] == [f'{done}/100' for done in range(20, 101, 20)]


def test_work_of_unknown_length(clock, capsys):
    with progress_bar(description='Reading') as bar:
        for _ in range(2):
            clock[0] += 61
            bar.update(5)
    assert capsys.readouterr().err.splitlines()[0] == 'Reading: 5 [01:01, 12.20s/image]'


def test_a_terminal_gets_a_bar_after_three_seconds(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr('sys.stderr', terminal)
    work(clock, 2.9)
    assert terminal.getvalue() == ''
    work(clock, 10)
    assert '\rReading: ' in terminal.getvalue()


def test_other_processes_and_quiet_calls_show_nothing(clock, capsys, monkeypatch):
    work(clock, 300, shown=False)
    monkeypatch.setattr('mmengine.dist.is_main_process', lambda: False)
    work(clock, 300)
    assert capsys.readouterr().err == ''
