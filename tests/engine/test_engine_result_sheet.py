"""The row of a run: what it holds, that it stays one, and that nothing ends the training."""

import json
import time
from pathlib import Path
from socket import gethostname
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger

from handbone.csv_files import csv_bytes
from handbone.engine.hooks import ResultSheetHook, result_sheet_hook
from handbone.sheets.keyed_table import open_table
from handbone.sheets.stopped_runs import sign_of_life


@pytest.fixture
def runner(tmp_path):
    """What the hook reads of a runner."""
    dataset = dict(data_root='data/phantom', fold=1, num_folds=5)
    cfg = Config(dict(train_dataloader=dict(dataset=dataset)), filename='configs/demo.py')
    work, log = tmp_path / 'work', tmp_path / 'work' / 'log'
    log.mkdir(parents=True)
    logger = MMLogger.get_current_instance()
    return SimpleNamespace(cfg=cfg, work_dir=str(work), log_dir=str(log), logger=logger, iter=0)


def validate(hook, runner, iteration, score):
    runner.iter = iteration
    rows = [('kind', 'name', 'dice'), ('class', 'Radius', score), ('group', 'forearm', score)]
    (Path(runner.log_dir) / 'dice_per_class.csv').write_bytes(csv_bytes(rows))
    hook.after_val_epoch(runner, {'mDice': score, 'Dice/forearm': score, 'time': 0.1})


def rows(target, name='results'):
    return open_table(target, name).rows()


def test_the_row_has_the_best_validation(runner, tmp_path):
    target = tmp_path / 'results.csv'
    hook = ResultSheetHook(str(target))
    hook.before_train(runner)
    for iteration, score in ((10, 0.5), (20, 0.75), (30, 0.6), (40, float('nan'))):
        validate(hook, runner, iteration, score)
    hook.after_train(runner)
    (row,) = rows(target)
    expected = {
        'state': 'finished',
        'config': 'configs/demo.py',
        'data': 'data/phantom',
        'fold': '1 of 5',
        'mDice': '0.75',
        'iteration': '20',
        'iterations': '40',
        'Dice/Radius': '0.75',
        'Dice/forearm': '0.75',
        'work dir': str((tmp_path / 'work').resolve()),
    }
    assert expected.items() <= row.items() and 'time' not in row
    (machine,) = rows(target, 'machines')
    assert machine['machine'] == row['machine'] and float(machine['of GB']) > 0


@pytest.mark.parametrize('changes', [dict(fold=None), dict(fold_file='folds.csv')])
def test_a_dataset_that_is_in_no_fold(runner, tmp_path, changes):
    dataset = dict(data_root='data/phantom', num_folds=5)
    runner.cfg.train_dataloader.dataset = dataset | changes
    hook = ResultSheetHook(str(tmp_path / 'results.csv'))
    hook.before_train(runner)
    hook.after_train(runner)
    (row,) = rows(tmp_path / 'results.csv')
    assert not row['fold'] and row['state'] == 'finished'


@pytest.mark.parametrize('resumed', [True, False])
def test_a_resumed_run_keeps_its_row(runner, tmp_path, resumed):
    target = tmp_path / 'results.db'
    first = ResultSheetHook(str(target))
    first.before_train(runner)
    validate(first, runner, 10, 0.75)
    first._end('failed')  # as when the interpreter ends
    assert rows(target)[0]['state'] == 'failed'
    runner.cfg.resume = resumed
    second = ResultSheetHook(str(target))
    second.before_train(runner)
    validate(second, runner, 20, 0.6)
    second.after_train(runner)
    scores = [(row['mDice'], row['iteration'], row['state']) for row in rows(target)]
    if resumed:
        assert scores == [('0.75', '10', 'finished')]
    else:
        assert scores == [('0.75', '10', 'failed'), ('0.6', '20', 'finished')]


@pytest.mark.parametrize(
    'table', ['results.xlsx', 'folder.csv', 'https://docs.google.com/spreadsheets/d/x']
)
def test_a_table_that_cannot_be_written_ends_nothing(runner, tmp_path, monkeypatch, table):
    monkeypatch.delenv('GOOGLE_APPLICATION_CREDENTIALS', raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'folder.csv').mkdir()
    warned = []
    monkeypatch.setattr(runner.logger, 'warning', warned.append)
    hook = ResultSheetHook(table)
    hook.before_train(runner)
    validate(hook, runner, 10, 0.5)
    hook.after_train(runner)
    assert len(warned) == len({*warned}) <= 2 and f'{table} is not written: ' in warned[0]
    row = json.loads((tmp_path / 'work' / 'result_row.json').read_text())
    assert row['mDice'] == 0.5 and row['state'] == 'finished'


def test_a_step_costs_nothing(runner, tmp_path):
    hook = ResultSheetHook(str(tmp_path / 'results.csv'))
    hook.before_train(runner)
    began = time.perf_counter()
    for index in range(1000):
        hook.before_train_iter(runner, index)
        hook.after_train_iter(runner, index)
    assert (time.perf_counter() - began) / 1000 < 0.001
    hook.after_train(runner)


def test_a_damaged_copy_gives_a_new_row(runner, tmp_path, monkeypatch):
    (tmp_path / 'work' / 'result_row.json').write_text('{"run": 1')
    warned = []
    monkeypatch.setattr(runner.logger, 'warning', warned.append)
    runner.cfg.resume = True
    hook = ResultSheetHook(str(tmp_path / 'results.csv'))
    hook.before_train(runner)
    hook.after_train(runner)
    assert len(rows(tmp_path / 'results.csv')) == 1 and 'result_row.json' in warned[0]


def test_the_next_run_says_that_a_killed_one_has_stopped(runner, tmp_path):
    target = tmp_path / 'results.csv'
    gone = {'run': 'r1', 'state': 'running', 'machine': gethostname(), **sign_of_life()}
    pid, start, *rest = gone['process'].split()
    gone['process'] = ' '.join([pid, str(float(start) - 60), *rest])
    open_table(target, 'results').put([gone])
    hook = ResultSheetHook(str(target))
    hook.before_train(runner)
    hook.after_train(runner)
    assert [row['state'] for row in rows(target)] == ['stopped', 'finished']


def test_a_run_says_that_it_goes_on(runner, tmp_path, monkeypatch):
    monkeypatch.setattr(result_sheet_hook, 'BEAT', 0.01)
    signs = []
    monkeypatch.setattr(
        result_sheet_hook, 'sign_of_life', lambda: signs.append(1) or {'seen': str(len(signs))}
    )
    hook = ResultSheetHook(str(tmp_path / 'results.csv'))
    hook.before_train(runner)
    end = time.monotonic() + 20
    while len(signs) < 5 and time.monotonic() < end:
        time.sleep(0.01)
    hook.after_train(runner)
    (row,) = rows(tmp_path / 'results.csv')
    assert int(row['seen']) == len(signs) >= 5 and row['state'] == 'finished'
