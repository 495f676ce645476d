"""One script for the first GPU: each check has a process, a time limit and a result of its own."""

import json
import signal
import sys
import time

import psutil
import pytest

from benchmarks.gpu_check import __main__ as script
from benchmarks.gpu_check.check import Check, run_check
from benchmarks.gpu_check.checks import checks_on_cpu, checks_on_gpu
from benchmarks.gpu_check.report import section, write_report
from benchmarks.gpu_check.whole_commands import CHECKS
from handbone.configuration.shipped import config_path


def check(code, limit=60.0, name='a check'):
    return Check(name, ('-c', code), limit)


def test_a_check_that_passes_tells_its_last_line(tmp_path):
    outcome = run_check(check('print("first"); print("found 3")'), tmp_path, 60)
    assert outcome[:2] == ('a check', 'passed') and outcome.found == 'found 3'
    assert (tmp_path / 'logs' / 'a_check.log').read_text() == 'first\nfound 3\n'


def test_a_check_that_fails_names_its_error(tmp_path):
    outcome = run_check(check('print("begun"); raise ValueError("too far")'), tmp_path, 60)
    assert outcome.state == 'failed' and outcome.found == 'ValueError: too far'


def test_a_crash_ends_its_own_check_alone(tmp_path):
    outcome = run_check(check('import os; os.kill(os.getpid(), 11)'), tmp_path, 60)
    assert outcome.state == 'failed' and outcome.found == 'ended by signal SIGSEGV'


@pytest.mark.parametrize('limits', [(0.5, 60.0), (60.0, 0.5)])
def test_a_check_that_hangs_is_stopped_with_its_workers(tmp_path, limits):
    limit, remaining = limits
    code = (
        'import subprocess, sys, time\n'
        'child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])\n'
        f'open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))\n'
        'time.sleep(60)'
    )
    begin = time.monotonic()
    outcome = run_check(check(code, limit + 0.5), tmp_path, remaining + 0.5)
    assert outcome.state == 'stopped' and time.monotonic() - begin < 30
    worker = int((tmp_path / 'pid').read_text())
    psutil.wait_procs([psutil.Process(worker)] if psutil.pid_exists(worker) else [], timeout=10)
    assert not psutil.pid_exists(worker) or psutil.Process(worker).status() == 'zombie'


def test_a_check_does_not_outlive_the_script(tmp_path):
    code = (
        'import os, signal, time\n'
        f'open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))\n'
        'time.sleep(0.5)  # until the script waits\n'
        'os.kill(os.getppid(), signal.SIGUSR1)\n'
        'time.sleep(60)'
    )
    before = signal.signal(signal.SIGUSR1, lambda number, frame: sys.exit(1))
    try:
        with pytest.raises(SystemExit):
            run_check(check(code), tmp_path, 60)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not psutil.pid_exists(int((tmp_path / 'pid').read_text()))


def test_without_time_a_check_is_left_out(tmp_path):
    assert run_check(check('print(1)'), tmp_path, 0).state == 'left out'


def test_results_are_written_after_each_check(tmp_path, monkeypatch, capsys):
    seen = []
    real = run_check

    def watched(one, out, remaining):
        seen.append((out / 'results.json').exists())
        return real(one, out, remaining)

    checks = [check('1 / 0', name='one'), check('print("fine")', name='two')]
    monkeypatch.setattr(script, 'checks_on_cpu', lambda: checks)
    monkeypatch.setattr(script, 'run_check', watched)
    monkeypatch.setattr('sys.argv', ['gpu_check', '--out', str(tmp_path), '--small'])
    assert script.main() == 1
    assert seen == [False, True]
    results = json.loads((tmp_path / 'results.json').read_text())
    assert [(each['name'], each['state']) for each in results] == [
        ('one', 'failed'),
        ('two', 'passed'),
    ]
    assert 'ZeroDivisionError' in capsys.readouterr().out


def test_the_page_keeps_the_tables_of_rows(tmp_path):
    page = tmp_path / 'performance.md'
    page.write_text('# Performance\n\n## `python -m benchmarks loss`\n\ntable\n')
    step = json.dumps(dict(images=2, seconds=0.5, bytes=3_000_000_000))
    outcomes = [run_check(check(f'print({step!r})'), tmp_path, 60)]
    for _ in range(2):
        write_report(tmp_path, outcomes)
    text = page.read_text()
    assert text.count('## ') == 2 and '\ntable\n' in text
    assert '4.00 images/s in batches of 2, 3.00 GB' in section(outcomes)


@pytest.mark.parametrize('checks', [checks_on_gpu, checks_on_cpu])
def test_the_listed_checks(checks):
    listed = checks()
    assert len({each.name for each in listed}) == len(listed)
    for each in listed:
        if 'benchmarks.studies.model_cost' in each.words:
            config_path(each.words[2])
    assert {each.words[2] for each in listed if each.words[1].endswith('commands')} == set(CHECKS)


def test_without_a_gpu_the_script_says_how_to_try_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)
    monkeypatch.setattr('sys.argv', ['gpu_check', '--out', str(tmp_path)])
    with pytest.raises(SystemExit):
        script.main()
    assert '--small' in capsys.readouterr().err
