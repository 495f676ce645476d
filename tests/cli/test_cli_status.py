"""handbone status: this machine, the others, results, and results of work dirs."""

import json
import os
import subprocess
import sys
import time

import pytest

from handbone.errors import HandboneError
from handbone.sheets.keyed_table import open_table

RESULT = {'run': 'r1', 'state': 'finished', 'config': 'configs/demo.py', 'mDice': 0.94712}


def test_this_machine_and_its_runs(run_command, tmp_path):
    program = tmp_path / 'train.py'
    program.write_text("print('here', flush=True)\ninput()\n")
    process = subprocess.Popen(
        [sys.executable, program, 'configs/demo.py'],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == 'here\n'
        out, _ = run_command('status')
    finally:
        process.communicate('\n')
    assert os.uname().nodename in out and 'train.py configs/demo.py' in out
    assert f' {os.cpu_count()} ' in out


@pytest.mark.parametrize('suffix', ['csv', 'db'])
def test_other_machines_and_results(run_command, tmp_path, suffix):
    target = tmp_path / f'results.{suffix}'
    open_table(target, 'machines').put([{'machine': 'gpu7', 'who': 'anna', 'cpu %': 12.5}])
    open_table(target, 'results').put([RESULT])
    out, _ = run_command('status', target)
    assert 'gpu7' in out and 'anna' in out and os.uname().nodename in out
    assert '0.9471' in out and 'demo.py' in out and 'the last 1 of 1' in out


def test_results_of_work_dirs_are_added_once(run_command, tmp_path):
    target = tmp_path / 'results.csv'
    work = tmp_path / 'work'
    work.mkdir()
    (work / 'result_row.json').write_text(json.dumps(RESULT))
    for _ in range(2):
        run_command('status', target, '--add', work)
    assert [row['run'] for row in open_table(target, 'results').rows()] == ['r1']
    _, err = run_command('status', target, '--add', tmp_path, expected=1)
    assert f'{tmp_path} has no result_row.json' in err
    _, err = run_command('status', '--add', work, expected=1)
    assert '--add needs a table' in err
    (work / 'result_row.json').write_text('{"run": 3}')
    _, err = run_command('status', target, '--add', work, expected=1)
    assert 'result_row.json: run is 3, not a text' in err and err.count('\n') == 1


def test_watching_goes_on_and_writes_this_machine(run_command, tmp_path, monkeypatch):
    target = tmp_path / 'results.csv'
    from handbone.cli import status

    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(status.time, 'sleep', sleep)
    out, err = run_command('status', target, '--watch', '0.5', expected=130)
    assert looks == [0.5] * 3 and err == 'interrupted\n' and os.uname().nodename in out
    (row,) = open_table(target, 'machines').rows()
    assert row['machine'] == os.uname().nodename
    _, err = run_command('status', '--watch', '0', expected=1)
    assert '--watch is more than 0 seconds' in err


def test_a_google_sheet_is_read_within_its_quota(run_command, monkeypatch):
    from handbone.cli import status
    from handbone.sheets import keyed_table

    now, readings = [0.0], []

    class Sheet:
        def rows(self):
            readings.append(now[0])
            raise HandboneError('the quota [/of requests] is used up')

        def put(self, rows):
            pass

    def sleep(seconds):
        now[0] += seconds
        if now[0] >= 60:
            raise KeyboardInterrupt

    monkeypatch.setattr(keyed_table, 'open_table', lambda *_: Sheet())
    monkeypatch.setattr(status.time, 'sleep', sleep)
    monkeypatch.setattr(status.time, 'monotonic', lambda: now[0])
    out, _ = run_command('status', f'{keyed_table.GOOGLE}SHEET', '--watch', expected=130)
    # one failed reading is one of two tables
    assert readings == [0.0, 32.0] and 'the quota [/of requests] is used up' in out
    _, err = run_command('status', '--watch', 'inf', expected=1)
    assert '--watch is more than 0 seconds' in err


def test_times_are_those_of_the_reader(run_command, tmp_path, monkeypatch):
    target = tmp_path / 'results.csv'
    seen = {'seen': '2026-01-01 23:10:00+00:00', 'since': '2026-01-01 20:10:00-03:00'}
    open_table(target, 'machines').put([{'machine': 'gpu7', **seen}])
    open_table(target, 'results').put([{**RESULT, 'begun': '2026-03-01 00:30:00+09:00'}])
    monkeypatch.setenv('TZ', 'Asia/Seoul')
    time.tzset()
    try:
        out, _ = run_command('status', target)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert out.count('2026-01-02 08:10') == 2 and '2026-03-01 00:30' in out


def test_what_is_not_a_table(run_command, tmp_path):
    _, err = run_command('status', tmp_path / 'a.xlsx', expected=1)
    assert 'is not a table' in err and err.count('\n') == 1
