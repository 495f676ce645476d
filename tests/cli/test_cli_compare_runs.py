"""tools/compare_runs.py on work dirs that tools/train.py wrote."""

import csv

import pytest

pytestmark = pytest.mark.slow


def test_two_trainings_are_compared(run_tool, tiny_config, trained, tmp_path):
    other = tmp_path / 'slow'
    options = ('--cfg-options', 'optim_wrapper.optimizer.lr=1e-9', 'train_cfg.max_iters=2')
    run_tool('train.py', tiny_config, '--work-dir', other, *options)
    table, picture = tmp_path / 'runs.csv', tmp_path / 'runs.png'
    out, _ = run_tool('compare_runs.py', trained[0], other, '--csv', table, '--plot', picture)
    with table.open(newline='') as file:
        rows = {(kind, name): values for kind, name, *values in csv.reader(file)}
    assert rows['kind', 'name'] == [trained[0].name, 'slow']
    settings = {name: values for (kind, name), values in rows.items() if kind == 'setting'}
    assert settings == {
        'optim_wrapper.optimizer.lr': ['0.024', '1e-09'],
        'train_cfg.max_iters': ['4', '2'],
    }
    assert rows['score', 'last iteration'] == ['4', '2']
    assert len([kind for kind, _ in rows if kind == 'class']) == 29
    assert all(name in out for name in ('optim_wrapper.optimizer.lr', 'Pisiform', 'carpals'))
    assert picture.read_bytes().startswith(b'\x89PNG')
    failed, errors = run_tool('compare_runs.py', tmp_path / 'none', expected=1)
    assert errors.splitlines()[-1] == f'error: {tmp_path / "none"}: no such folder'
    assert not failed and 'Traceback' not in errors
