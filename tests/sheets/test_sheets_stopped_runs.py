"""Rows of runs that ended without a word: by a kill, on this machine and on others."""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from socket import gethostname

import pytest

from handbone.sheets.keyed_table import open_table
from handbone.sheets.stopped_runs import sign_of_life, with_stopped, write_stopped

REPOSITORY = Path(__file__).parents[2]
#: A run that has written its row and goes on.
RUN = """
import sys
sys.path.insert(0, sys.argv[2])
from handbone.sheets.keyed_table import open_table
from handbone.sheets.result_row import new_row
from handbone.sheets.stopped_runs import sign_of_life
from pathlib import Path
open_table(sys.argv[1], 'results').put([new_row(Path()) | sign_of_life()])
print('runs', flush=True)
input()
"""


def states(target):
    return [row['state'] for row in open_table(target, 'results').rows()]


@pytest.mark.parametrize('suffix', ['csv', 'db'])
@pytest.mark.parametrize('reaped', [True, False])
def test_a_killed_run_has_stopped(tmp_path, suffix, reaped):
    target = tmp_path / f'results.{suffix}'
    table = open_table(target, 'results')
    process = subprocess.Popen(
        [sys.executable, '-c', RUN, target, REPOSITORY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == 'runs\n'
        assert [row['state'] for row in with_stopped(table.rows())] == ['running']
        write_stopped(table, 'mine')
        assert states(target) == ['running']
        process.send_signal(signal.SIGKILL)
        if reaped:
            process.wait()
        else:  # a parent that does not look: the process is a zombie
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert [row['state'] for row in with_stopped(table.rows())] == ['stopped']
        assert states(target) == ['running']
        (row,) = table.rows()
        write_stopped(table, row['run'])
        assert states(target) == ['running']
        write_stopped(table, 'mine')
        assert states(target) == ['stopped']
        assert {**row, 'state': 'stopped'} == table.rows()[0]
    finally:
        process.kill()
        process.communicate()


def row_of(minutes=0, **more):
    """A running row that was seen some minutes ago."""
    seen = datetime.now().astimezone() - timedelta(minutes=minutes)
    row = {'run': 'r', 'state': 'running', 'machine': 'elsewhere', **sign_of_life()}
    return row | {'seen': seen.isoformat(' ', 'seconds')} | more


def is_stopped(row):
    return with_stopped([row])[0]['state'] == 'stopped'


def test_another_machine_has_stopped_when_it_is_silent():
    assert not is_stopped(row_of(10)) and is_stopped(row_of(30))
    assert with_stopped([row_of(30, state='finished')])[0]['state'] == 'finished'


def test_a_process_that_only_has_the_same_number_is_another_one():
    here = gethostname()
    pid, start, *rest = sign_of_life()['process'].split()
    assert not is_stopped(row_of(30, machine=here))
    other = ' '.join([pid, str(float(start) - 60), *rest])
    assert is_stopped(row_of(machine=here, process=other))


def test_a_process_of_another_container_is_judged_by_its_silence():
    here = gethostname()
    assert not is_stopped(row_of(10, machine=here, process='1 5.0 42'))
    assert is_stopped(row_of(30, machine=here, process='1 5.0 42'))


def test_rows_of_earlier_versions_stay_as_they_are():
    row = {'run': 'r', 'state': 'running', 'machine': gethostname(), 'seen': '', 'process': ''}
    assert not is_stopped(row)
    assert not is_stopped({**row, 'seen': 'yesterday', 'process': 'x y'})
