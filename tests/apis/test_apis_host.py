"""What mmseg's own functions and data loaders do with a config of ours."""

import cv2
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import inference_model, init_model

from handbone.apis.testing import test as run_test
from handbone.apis.training import train
from handbone.configuration.dataset_configs import dataset_pipeline
from handbone.configuration.shipped import config_names, config_path
from handbone.submissions.image_names import name_images


@pytest.fixture
def trained(small_config):
    """The small config and the checkpoint of its two iterations, whose masks are not empty."""
    small_config.model.test_cfg.threshold = 0.02
    train(small_config)
    return small_config, f'{small_config.work_dir}/iter_2.pth'


def test_inference_model_of_mmseg(trained, phantom_root):
    """A path and an array, as mmseg's users give them, and as our own test predicts."""
    cfg, checkpoint = trained
    cfg.test_pipeline = dataset_pipeline(cfg)
    model = init_model(cfg, checkpoint, device='cpu')
    path = sorted((phantom_root / 'test' / 'DCM').rglob('*.png'))[0]
    result = inference_model(model, str(path))
    size = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).shape
    assert tuple(result.pred_sem_seg.data.shape) == (1, *size)
    assert result.pred_sem_seg.data.dtype == torch.int32 and result.pred_sem_seg.data.any()
    array = cv2.imread(str(path))
    assert torch.equal(inference_model(model, array).pred_sem_seg.data, result.pred_sem_seg.data)


@pytest.mark.parametrize('name', config_names())
def test_test_pipeline_is_the_one_of_the_test_images(name):
    """mmseg's inference_model reads it, and another size would give other masks."""
    cfg = Config.fromfile(config_path(name))
    assert cfg.test_pipeline == cfg.test_dataloader.dataset.pipeline


def test_batches_of_images_of_several_sizes(trained, phantom_root, tmp_path):
    cfg, cfg_checkpoint = trained
    images = sorted((phantom_root / 'test' / 'DCM').rglob('*.png'))[:3]
    for number, (path, side) in enumerate(
        zip([*images, images[0]], (320, 200, 320, 260), strict=True)
    ):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)[:side]
        target = tmp_path / 'data' / f'ID{number}' / f'image{number}.png'
        target.parent.mkdir(parents=True)
        cv2.imwrite(str(target), image)
    written = []
    for batch_size in (1, 4):
        run = Config(cfg.to_dict())
        run.load_from = cfg_checkpoint
        run.test_dataloader.batch_size = batch_size
        run.test_dataloader.dataset.update(
            data_root=str(tmp_path / 'data'), data_prefix=dict(img_path='')
        )
        run.test_evaluator = dict(type='DiceMetric', format_only=True)
        out = tmp_path / f'{batch_size}.csv'
        run.custom_hooks = [dict(type='RLESubmissionHook', out_file=str(out))]
        run.work_dir = str(tmp_path / str(batch_size))
        run.experiment_name = run.visualizer.name = f'{tmp_path.name}_{batch_size}'
        run_test(run)
        written.append(out.read_text())
    assert written[0] == written[1] and len(written[0].splitlines()) == 1 + 4 * 29
    assert sum(not line.endswith(',') for line in written[0].splitlines()[1:]) > 0


def test_a_folder_named_as_relative_and_as_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = ['data/ID1/a.png', str(tmp_path / 'data' / 'ID2' / 'a.png')]
    assert name_images(paths, 'path') == ['ID1/a.png', 'ID2/a.png']
    assert name_images(paths[:1], 'path') == ['a.png']
