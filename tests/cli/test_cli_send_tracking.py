"""handbone send-tracking: what MLflow did not take while a training ran arrives later."""

import pytest
from tracking_packages import import_tracker

from handbone.engine.tracking.journal import Journal


def test_a_work_dir_without_a_journal(run_command, tmp_path):
    _, errors = run_command('send-tracking', tmp_path, expected=1)
    assert errors == (
        f'error: {tmp_path}/mlflow: there is no journal, so nothing waits to be sent. Give the '
        'work dir of a training with BufferedMLflowVisBackend\n'
    )


@pytest.mark.slow
def test_a_journal_is_sent_once_and_refusals_are_told(run_command, tmp_path, monkeypatch):
    mlflow = import_tracker('mlflow')
    monkeypatch.delenv('MLFLOW_TRACKING_URI', raising=False)
    work_dir = tmp_path / 'runs' / 'a'
    journal = Journal(work_dir / 'mlflow' / 'time.jsonl')
    journal.append(do='start', time=1000, experiment='hands', run_name='a')
    for value in ('one', 'another'):  # MLflow lets nobody change a parameter
        journal.append(do='parameters', time=1000, values={'model.type': value})
    journal.append(do='metrics', time=2000, values={'loss@5': 0.5, 'nothing': float('nan')}, step=3)
    journal.append(do='end', time=3000, status='FAILED')
    shown, errors = run_command('send-tracking', work_dir)
    assert shown == f'MLflow has everything of {work_dir}\n'
    assert 'warning: MLflow refuses' in errors and 'model.type' in errors
    assert run_command('send-tracking', work_dir)[0] == shown  # and nothing twice
    client = mlflow.MlflowClient(f'sqlite:///{tmp_path}/runs/mlflow.db')
    (run,) = client.search_runs([client.get_experiment_by_name('hands').experiment_id])
    assert run.data.params == {'model.type': 'one'} and run.data.metrics == {'loss_5': 0.5}
    assert run.info.status == 'FAILED'
    assert run.info.artifact_uri.startswith(f'file://{tmp_path}/runs/mlflow-artifacts/')
