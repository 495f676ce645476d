"""What the default hooks put into files, names for MLflow, and tests that trackers do not see."""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.visualization import MLflowVisBackend
from mmengine.visualization.vis_backend import BaseVisBackend
from small_disk import fill_disk, mount_small_disk
from tracking_packages import import_tracker

from handbone.apis.training import train
from handbone.configuration.shipped import config_path
from handbone.engine import ResumableTensorboardVisBackend, ResumableWandbVisBackend
from handbone.engine.reporting_runner import ReportingRunner
from handbone.engine.tracking.tracker import Tracker
from handbone.visualization import MultilabelLocalVisualizer


@pytest.fixture
def trained_with(phantom_root, tmp_path, monkeypatch):
    """Train two iterations, with a validation after each, and a backend."""

    def run(**backend):
        monkeypatch.chdir(tmp_path)
        cfg = Config.fromfile(config_path('demo'))
        for split, key in (('train', 'size'), ('val', 'scale')):
            loader = cfg[f'{split}_dataloader']
            loader.update(num_workers=0, persistent_workers=False)
            loader.dataset.update(data_root=str(phantom_root), num_folds=6)
            loader.dataset.pipeline[1][key] = (128, 128)
        cfg.model.data_preprocessor = dict(
            type='SegDataPreProcessor',
            mean=[127.5],
            std=[64.0],
            size_divisor=128,
            seg_pad_val=0,
        )
        cfg.model.backbone.channels, cfg.model.decode_head.in_channels = (8, 8), 8
        cfg.train_dataloader.batch_size = 2
        cfg.train_cfg.update(max_iters=2, val_interval=1)
        cfg.default_hooks.logger.interval = 1
        cfg.visualizer.vis_backends = [backend]
        cfg.work_dir = str(tmp_path / 'work')
        cfg.experiment_name = cfg.visualizer.name = f'tracking_{tmp_path.name}'
        train(cfg)
        return next((tmp_path / 'work').glob('*/vis_data'))

    return run


def test_local_files(trained_with):
    folder = trained_with(type='LocalVisBackend')
    lines = [json.loads(line) for line in (folder / 'scalars.json').read_text().splitlines()]
    assert [line['step'] for line in lines if 'mDice' in line] == [1, 2]
    pictures = sorted(path.name for path in (folder / 'vis_image').iterdir())
    assert pictures == ['val_worst_1.png', 'val_worst_2.png']
    assert cv2.imread(str(folder / 'vis_image' / pictures[0])).size


class FileLikeMLflow:
    """MLflow's log_image: the name is that of a file, and its extension the format."""

    class MlflowException(Exception):  # noqa: N818
        pass

    def __init__(self):
        self.images = {}

    def log_image(self, image, name):
        if Path(name).suffix not in ('.png', '.jpg'):
            raise ValueError(f'unknown file extension: {Path(name).suffix}')
        self.images[name] = image

    def set_tracking_uri(self, uri):
        pass

    def get_experiment_by_name(self, name):
        return SimpleNamespace(name=name)

    set_experiment = get_experiment_by_name


def test_pictures_have_file_names_for_mlflow(tmp_path, monkeypatch):
    """With mmengine's own backend on MLflow's rules: its run ended at the first validation."""
    stand_in = FileLikeMLflow()
    monkeypatch.setitem(sys.modules, 'mlflow', stand_in)
    visualizer = MultilabelLocalVisualizer(
        'mlflow_rules', vis_backends=[dict(type='MLflowVisBackend')], save_dir=str(tmp_path)
    )
    assert isinstance(visualizer.get_backend('MLflowVisBackend'), MLflowVisBackend)
    picture = np.full((4, 5, 3), 7, np.uint8)
    visualizer.add_image('val_worst', picture, 1000)
    visualizer.add_image('val_worst', picture, 2000)
    assert {*stand_in.images} == {'val_worst_1000.png', 'val_worst_2000.png'}
    with pytest.raises(ValueError, match='unknown file extension'):
        visualizer.get_backend('MLflowVisBackend').add_image('val_worst', picture, 1000)


class RecordingTracker(Tracker, BaseVisBackend):
    """Keeps the names of what it gets."""

    experiment = None

    def __init__(self, save_dir):
        super().__init__(save_dir)
        self.names = []

    def add_numbers(self, values, step):
        self.names += values

    def add_image(self, name, image, step=0, **_):
        self.names.append(name)


@pytest.fixture
def warned(monkeypatch):
    """The warnings of the log."""
    warnings = []
    monkeypatch.setattr(MMLogger, 'warning', lambda _, text: warnings.append(text))
    return warnings


@pytest.mark.parametrize(
    ('package', 'backend', 'name'),
    [
        ('tensorboard', ResumableTensorboardVisBackend, 'tensorboard'),
        ('wandb', ResumableWandbVisBackend, 'wandb.json'),
    ],
)
def test_a_tracker_that_cannot_write_ends_no_training(tmp_path, warned, package, backend, name):
    import_tracker(package)
    where = tmp_path / name
    if package == 'wandb':
        (where / 'x').mkdir(parents=True)  # a folder where its file should be
    else:
        where.write_text('a file where its folder should be')
    tracker = backend(str(tmp_path / 'time' / 'vis_data'))
    for step in (1, 2):
        tracker.add_scalars(dict(loss=0.5), step)
        tracker.add_image('val_worst', np.zeros((4, 4, 3), np.uint8), step)
    tracker.fail()
    tracker.close()
    assert len(warned) == 1 and '\n' not in warned[0]
    assert (
        warned[0].startswith(f'{backend.__name__} gets nothing more (') and str(where) in warned[0]
    )


@pytest.mark.filterwarnings('ignore::pytest.PytestUnhandledThreadExceptionWarning')
def test_a_disk_that_fills_up_ends_tensorboard_alone(tmp_path, warned):
    import_tracker('tensorboard')
    with mount_small_disk(tmp_path / 'disk') as disk:
        if disk is None:
            pytest.skip('a small file system cannot be mounted here')
        tracker = ResumableTensorboardVisBackend(str(disk / 'time' / 'vis_data'))
        tracker.add_scalars(dict(loss=0.5), 1)
        fill_disk(disk, 0)
        picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
        limit = time.monotonic() + 60  # it is a different thread that writes
        while not warned and time.monotonic() < limit:
            tracker.add_image('val_worst', picture, 2)
        tracker.close()
        assert len(warned) == 1 and 'No space left on device' in warned[0]


@pytest.mark.parametrize('validate', [False, True])
def test_a_test_leaves_the_run_of_the_training_alone(mask_runner, tmp_path, validate):
    """It deleted the curves of TensorBoard, and W&B and MLflow went on in a new run."""
    trackers = [RecordingTracker(str(tmp_path))]
    visualizer = dict(
        type='mmseg.MultilabelLocalVisualizer',
        vis_backends=[dict(type='LocalVisBackend'), *trackers],
        save_dir=str(tmp_path / 'pictures'),
    )
    hooks = [dict(type='mmseg.MultilabelVisualizationHook'), dict(type='mmseg.TrackingHook')]
    settings = dict(hooks=hooks, visualizer=visualizer, runner=ReportingRunner, validate=validate)
    runner = mask_runner(count=2, **settings)
    assert (runner.val() if validate else runner.test())['mDice'] > 0
    assert trackers[0].names == []
    pictures = tmp_path / 'pictures' / 'vis_data' / 'vis_image'
    name = 'val' if validate else 'test'
    assert [path.name for path in pictures.iterdir()] == [f'{name}_worst_0.png']
