"""What arrives at TensorBoard, MLflow and W&B, from a training that was resumed."""

import json
import math
import time
from pathlib import Path

import cv2
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from shared_folder import shared_folder
from tracking_packages import free_port, import_tracker, mlflow_server, wandb_records

from handbone.apis import send_tracking
from handbone.apis.training import train
from handbone.configuration.shipped import config_path
from handbone.engine import ResumableWandbVisBackend
from handbone.errors import HandboneError
from handbone.file_hash import file_hash
from tests.compatibility.tiny_training import CLASSES, make_config, write_data

pytestmark = pytest.mark.slow
LOAD = {'load/cpu', 'load/memory', 'load/memory_left'}


def tracked_config(folder, work_dir, *names, **changes):
    """The tiny training with what the shipped configs of the trackers add."""
    config = make_config(folder / 'data', work_dir, config_path('demo').parent, **changes)
    config.default_hooks.system_load.interval = 1
    config.default_hooks.tracking = dict(type='TrackingHook')
    for name in names:
        added = Config.fromfile(config_path(f'tracking/{name}'))
        assert added.default_hooks.tracking == config.default_hooks.tracking
        config.visualizer.vis_backends.append(added.visualizer.vis_backends[-1])
    config.visualizer.name = config.experiment_name = f'tracked_{work_dir.name}_{changes}'
    return config


@pytest.fixture(scope='module')
def tracked(tmp_path_factory):
    """The folder of a training of six iterations that was interrupted after three."""
    trackers = ['tensorboard', 'mlflow', 'wandb']
    for name in trackers:
        import_tracker(name)

    def make(folder):
        write_data(folder / 'data')
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('WANDB_SILENT', 'true')
            patch.delenv('MLFLOW_TRACKING_URI', raising=False)
            first = {'train_cfg.max_iters': 3, 'default_hooks.visualization.worst': 1}
            train(tracked_config(folder, folder / 'runs' / 'tiny', *trackers, **first))
            first['train_cfg.max_iters'] = 6
            train(tracked_config(folder, folder / 'runs' / 'tiny', *trackers, resume=True, **first))

    return shared_folder(tmp_path_factory, 'tracked', make) / 'runs'


def last_dice(runs):
    """Dice of the classes at the last validation, from the CSV file of the run."""
    lines = sorted((runs / 'tiny').glob('*/dice_per_class.csv'))[-1].read_text().splitlines()
    rows = [line.split(',') for line in lines[1:]]
    return {f'Dice/{row[1]}': float(row[3]) for row in rows if row[1] in CLASSES}


def best_checkpoint(runs):
    (path,) = (runs / 'tiny').glob('best_mDice_*.pth')
    return path.name, file_hash(path)


def test_tensorboard(tracked):
    import_tracker('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tracked / 'tiny' / 'tensorboard')).Reload()
    assert [each.step for each in events.Scalars('loss')] == [1, 2, 3, 4, 5, 6]
    assert [each.step for each in events.Scalars('mDice')] == [3, 6]
    assert {*events.Tags()['scalars']} >= LOAD | {'lr'}
    for name, score in last_dice(tracked).items():
        assert events.Scalars(name)[-1].value == pytest.approx(score, abs=1e-5)
    (*_, sheet) = events.Images('val_worst')
    assert sheet.step == 6 and sheet.encoded_image_string.startswith(b'\x89PNG')
    texts = {tag: events.Tensors(f'{tag}/text_summary') for tag in ('config', 'checkpoint/best')}
    shown = {tag: each[-1].tensor_proto.string_val[0].decode() for tag, each in texts.items()}
    assert "type='FoldedUNet'" in shown['config']
    name, digest = best_checkpoint(tracked)
    assert shown['checkpoint/best'] == f'{name}, SHA-256 {digest}'


def mlflow_run(uri, experiment='hands'):
    """The client, and the only run of an experiment."""
    client = import_tracker('mlflow').MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name(experiment).experiment_id])
    return client, run


def assert_complete(client, run, runs):
    def history(name):
        return client.get_metric_history(run.info.run_id, name)

    assert run.info.status == 'FINISHED' and run.info.run_name == 'tiny'
    assert [each.step for each in history('loss')] == [1, 2, 3, 4, 5, 6]
    assert [each.step for each in history('mDice')] == [3, 6]
    assert {*run.data.metrics} >= LOAD | {'lr'}
    for name, score in last_dice(runs).items():
        assert history(name)[-1].value == pytest.approx(score, abs=1e-5)
    assert run.data.params['model.backbone.type'] == 'FoldedUNet'
    name, digest = best_checkpoint(runs)
    assert run.data.tags['checkpoint.best'] == name
    assert run.data.tags['checkpoint.best.sha256'] == digest


def test_mlflow_on_sqlite(tracked, tmp_path):
    client, run = mlflow_run(f'sqlite:///{tracked}/mlflow.db')
    assert_complete(client, run, tracked)
    files = {each.path for each in client.list_artifacts(run.info.run_id)}
    assert 'config.py' in files and len([name for name in files if name.startswith('config_')]) == 1
    picture = client.download_artifacts(run.info.run_id, 'images/val_worst_6.png', str(tmp_path))
    assert cv2.imread(picture).size


def test_wandb_offline(tracked):
    import_tracker('wandb')
    history, runs, summary, config = {}, set(), {}, {}
    for file in sorted((tracked / 'tiny' / 'wandb').glob('offline-run-*/run-*.wandb')):
        for record in wandb_records(file):
            items = {
                '/'.join(item.nested_key) or item.key: json.loads(item.value_json)
                for item in record.history.item
            }
            for name, value in items.items():
                history.setdefault(name, []).append((items.get('iteration'), value))
            if record.run.run_id:
                runs.add(record.run.run_id)
            for update in (*record.run.config.update, *record.config.update):
                config[update.key] = json.loads(update.value_json)
            for update in record.summary.update:
                key = '/'.join(update.nested_key) or update.key
                summary[key] = json.loads(update.value_json)
    assert len(runs) == 1
    assert [step for step, _ in history['loss']] == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in history['mDice']] == [3, 6]
    assert {*history} >= LOAD | {'lr'}
    for name, score in last_dice(tracked).items():
        assert history[name][-1][1] == pytest.approx(score, abs=1e-5)
    assert config['model']['backbone']['type'] == 'FoldedUNet'
    name, digest = best_checkpoint(tracked)
    assert summary['checkpoint/best'] == name and summary['checkpoint/best/sha256'] == digest
    pictures = list((tracked / 'tiny' / 'wandb').rglob('val_worst*.png'))
    assert len(pictures) == 2 and cv2.imread(str(pictures[0])).size


def test_wandb_that_cannot_be_reached_is_offline(tmp_path, monkeypatch):
    import_tracker('wandb')
    monkeypatch.setenv('WANDB_BASE_URL', 'http://127.0.0.1:9')
    monkeypatch.setenv('WANDB_API_KEY', 40 * '0')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    warned = []
    monkeypatch.setattr(MMLogger, 'warning', lambda _, text: warned.append(text))
    settings = dict(project='hands', mode='online', settings=dict(init_timeout=2))
    backend = ResumableWandbVisBackend(str(tmp_path / 'time' / 'vis_data'), settings)
    for step in (1, 2):
        backend.add_scalars(dict(loss=0.5), step)
    backend.close()
    assert len(warned) == 1 and 'cannot be reached' in warned[0] and '000000' not in warned[0]
    (file,) = tmp_path.glob('wandb/offline-run-*/run-*.wandb')
    limit = time.monotonic() + 30  # it is a different process that writes
    while (found := history_length(file)) < 2 and time.monotonic() < limit:
        time.sleep(0.1)
    assert found == 2


def history_length(file):
    return sum(record.WhichOneof('record_type') == 'history' for record in wandb_records(file))


def test_a_server_that_is_away_gets_everything_later(tmp_path, monkeypatch, capfd):
    """Against a real server of MLflow, which is started after the training."""
    import_tracker('mlflow')
    monkeypatch.setenv('MLFLOW_HTTP_REQUEST_MAX_RETRIES', '0')
    monkeypatch.delenv('MLFLOW_TRACKING_URI', raising=False)
    folder = tmp_path / 'away'
    write_data(folder / 'data')
    work_dir, port = folder / 'runs' / 'tiny', free_port()
    config = tracked_config(folder, work_dir, 'mlflow', **{'default_hooks.visualization.worst': 1})
    config.visualizer.vis_backends[-1].update(
        tracking_uri=f'http://127.0.0.1:{port}', wait_seconds=0.5, log_checkpoints=True
    )
    train(config)
    shown = capfd.readouterr().out
    assert shown.count('MLflow does not take anything') == 1
    assert f'handbone send-tracking {work_dir}' in shown
    assert math.isfinite(sum(last_dice(folder / 'runs').values()))
    with pytest.raises(HandboneError, match=r'start it, or name it by --tracking-uri'):
        send_tracking(work_dir)
    with mlflow_server(tmp_path, port) as address:
        assert send_tracking(work_dir) == [] and send_tracking(work_dir) == []
        client, run = mlflow_run(address)
        history = client.get_metric_history(run.info.run_id, 'loss')
        assert [each.step for each in history] == [1, 2, 3, 4, 5, 6]
        assert run.info.status == 'FINISHED'
        for name, score in last_dice(folder / 'runs').items():
            assert run.data.metrics[name] == pytest.approx(score, abs=1e-5)
        best, _ = best_checkpoint(folder / 'runs')
        stored = client.download_artifacts(run.info.run_id, f'checkpoints/{best}', str(tmp_path))
        assert file_hash(Path(stored)) == (run.data.tags['checkpoint.best.sha256'])
        files = {each.path for each in client.list_artifacts(run.info.run_id, 'images')}
        assert files == {'images/val_worst_3.png', 'images/val_worst_6.png'}
