"""Two processes and what follows a training: only the first one writes, and all of it."""

import json
import os

import pytest
from tool_process import REPOSITORY, without_torchrun
from tracking_packages import FOLDER, import_tracker, wandb_records

from handbone.sheets.keyed_table import open_table

pytestmark = pytest.mark.slow

CONFIG = """
_base_ = ['{tiny}']
_base_.visualizer.vis_backends += [
    dict(type='ResumableTensorboardVisBackend'),
    dict(type='BufferedMLflowVisBackend', exp_name='hands'),
    dict(type='ResumableWandbVisBackend', init_kwargs=dict(project='hands', mode='offline')),
]
default_hooks = dict(tracking=dict(type='TrackingHook'))
custom_hooks = [dict(type='ResultSheetHook', table='{table}')]
"""
STEPS, VALIDATED = [1, 2, 3, 4], [2, 4]


@pytest.fixture(scope='module')
def folder(tiny_config, tmp_path_factory):
    """The folder of a training of four iterations in two processes with all trackers."""
    for name in ('tensorboard', 'mlflow', 'wandb'):
        import_tracker(name)
    folder = tmp_path_factory.mktemp('tracked')
    config = folder / 'tracked.py'
    config.write_text(CONFIG.format(tiny=tiny_config, table=folder / 'results.csv'))
    places = os.pathsep.join([str(REPOSITORY), str(FOLDER)])
    without_torchrun(
        config,
        *('--work-dir', folder / 'work'),
        PYTHONPATH=places,
        WANDB_SILENT='true',
        MLFLOW_TRACKING_URI='',
    )
    return folder


def test_tensorboard(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (file,) = (folder / 'work' / 'tensorboard').iterdir()
    events = EventAccumulator(str(file)).Reload()
    assert [each.step for each in events.Scalars('loss')] == STEPS
    assert [each.step for each in events.Scalars('mDice')] == VALIDATED
    assert [each.step for each in events.Scalars('Dice/Radius')] == VALIDATED


def test_mlflow(folder):
    client = import_tracker('mlflow').MlflowClient(f'sqlite:///{folder}/mlflow.db')
    (run,) = client.search_runs([client.get_experiment_by_name('hands').experiment_id])
    assert run.info.status == 'FINISHED'
    for name, steps in (('loss', STEPS), ('mDice', VALIDATED), ('Dice/Radius', VALIDATED)):
        found = client.get_metric_history(run.info.run_id, name)
        assert [each.step for each in found] == steps
    assert len(list((folder / 'work' / 'mlflow').glob('*.jsonl'))) == 1


def test_wandb(folder):
    (file,) = (folder / 'work' / 'wandb').glob('offline-run-*/run-*.wandb')
    found = [
        {'/'.join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}
        for items in (record.history.item for record in wandb_records(file))
    ]
    for name, steps in (('loss', STEPS), ('mDice', VALIDATED)):
        assert [each['iteration'] for each in found if name in each] == steps


def test_table_of_results(folder):
    (row,) = open_table(folder / 'results.csv', 'results').rows()
    assert row['state'] == 'finished' and float(row['mDice']) > 0
    assert len(open_table(folder / 'results.csv', 'machines').rows()) == 1
