"""Files saved from wrapped, compiled and averaged models, through every tool that takes one."""

from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import ExponentialMovingAverage
from mmseg.registry import MODELS
from safetensors.torch import load_file
from torch import nn
from torch.optim.swa_utils import AveragedModel

from handbone.apis.exporting import export
from handbone.apis.publishing import publish
from handbone.apis.soft_voting import EnsembleModel, soft_vote
from handbone.apis.souping import make_soup
from handbone.apis.testing import test as run_test
from handbone.apis.threshold_tuning import tune_thresholds
from handbone.apis.training import train
from handbone.checkpoints import load_checkpoint_file, newest_checkpoint
from handbone.checkpoints.plain_names import plain_weights
from handbone.inference import TorchPredictor, open_predictor


def in_parts(model):
    """Only the backbone is compiled."""
    model.backbone = torch.compile(model.backbone)
    return model.state_dict()


#: State dicts that frameworks themselves make of a model.
SAVED = dict(
    wrapped=lambda model: nn.DataParallel(model).state_dict(),
    compiled=lambda model: torch.compile(model).state_dict(),
    compiled_in_parts=in_parts,
    wrapped_and_compiled=lambda model: nn.DataParallel(torch.compile(model)).state_dict(),
    averaged=lambda model: AveragedModel(model).state_dict(),
    averaged_by_mmengine=lambda model: ExponentialMovingAverage(model).state_dict(),
)


@pytest.fixture(scope='module')
def files(tiny_work_dir, tmp_path_factory):
    """Two checkpoints with the same weights by way of saving; the first is a training's own."""
    folder = tmp_path_factory.mktemp('saved')
    content = load_checkpoint_file(tiny_work_dir / 'iter_6.pth')
    (text,) = tiny_work_dir.glob('*/vis_data/config.py')
    model = MODELS.build(Config.fromfile(text).model)
    model.load_state_dict(content['state_dict'])
    meta = dict(content['meta'], cfg=content['meta']['config_text'])
    torch.save(dict(meta=meta, state_dict=model.state_dict()), folder / 'plain.pth')
    for name, save in SAVED.items():
        weights = save(deepcopy(model))
        assert not weights.keys() & model.state_dict().keys() or name == 'compiled_in_parts'
        torch.save(dict(meta=meta, state_dict=weights), folder / f'{name}.pth')
    ema = ExponentialMovingAverage(model).state_dict()
    torch.save(dict(meta=meta, ema_state_dict=ema), folder / 'average_alone.pth')
    torch.save(nn.DataParallel(model).state_dict(), folder / 'bare.pth')
    return folder


@pytest.fixture(scope='session')
def images(tiny_data):
    return [cv2.imread(str(path), 0) for path in sorted(tiny_data.glob('test/DCM/*/*.png'))]


@pytest.fixture
def expected(tiny, files, images):
    """What the plain file predicts: something, and not what untrained weights do."""
    predictor = TorchPredictor(tiny(), files / 'plain.pth', 'cpu')
    labels = predictor.predict(images)
    assert all(np.ptp(each) > 0 for each in labels)
    return predictor, labels


every_way = pytest.mark.parametrize('name', [*SAVED, 'average_alone', 'bare'])
#: Where a run takes seconds.
SLOW_WAY = 'wrapped_and_compiled'


@every_way
def test_predict(tiny, files, name, expected, images):
    predictor = TorchPredictor(tiny(), files / f'{name}.pth', 'cpu')
    # bare weights do not say what they were trained with: their hash covers the network's settings
    assert (predictor.model_hash == expected[0].model_hash) == (name != 'bare')
    for found, wanted in zip(predictor.predict(images), expected[1], strict=True):
        assert np.array_equal(found, wanted)


def test_open_for_archives(tiny, files, expected, tmp_path):
    """As workers on other machines open it, from files alone."""
    tiny().dump(tmp_path / 'config.py')
    opened = open_predictor(tmp_path / 'config.py', files / 'averaged.pth', 'meta')
    assert opened.model_hash == expected[0].model_hash


@every_way
def test_uniform_soup(tiny, files, name, tmp_path):
    paths = [str(files / f'{each}.pth') for each in ('plain', name)]
    make_soup(tiny(), paths, tmp_path / 'soup.pth', 'uniform')
    soup = torch.load(tmp_path / 'soup.pth', weights_only=True)['state_dict']
    wanted = torch.load(paths[0], weights_only=True)['state_dict']
    assert soup.keys() == wanted.keys()
    assert all(torch.equal(soup[key], wanted[key]) for key in wanted)


@every_way
def test_publish(tiny, files, name, expected, tmp_path):
    path = str(files / f'{name}.pth')
    if name == 'bare':
        with pytest.raises(ValueError, match=f'{path} does not hold its classes'):
            publish(path)
        return
    published = publish(path, str(tmp_path / 'shared.safetensors'))
    wanted = torch.load(files / 'plain.pth', weights_only=True)['state_dict']
    assert load_file(published).keys() == wanted.keys()


@pytest.mark.slow
def test_test_tune_and_vote(tiny, files, tmp_path):
    """All scores are those of the plain file."""
    plain, saved = (str(files / f'{each}.pth') for each in ('plain', SLOW_WAY))
    scores = run_test(tiny(load_from=plain))
    assert run_test(tiny(load_from=saved)) == scores and scores['mDice'] > 0
    tuned = tune_thresholds(tiny(), [saved], tmp_path / 'thresholds.json')
    assert tuned == tune_thresholds(tiny(), [plain], tmp_path / 'thresholds.json')
    # the first member's weights are put in by the runner, the second one's by the ensemble
    assert soft_vote([EnsembleModel(tiny(), saved), EnsembleModel(tiny(), saved)]) == scores


@pytest.mark.slow
def test_greedy_soup_with_new_statistics(tiny, files, tmp_path):
    paths = [str(files / f'{each}.pth') for each in ('compiled', 'plain')]
    chosen, dice = make_soup(tiny(), paths, tmp_path / 'soup.pth', 'greedy', norm_images=2)
    assert len(chosen) == 2 and dice > 0


@pytest.mark.slow
def test_train_from_it(tiny, files):
    """With a learning rate of 0 the weights stay those of the file."""
    cfg = tiny(load_from=str(files / 'wrapped_and_compiled.pth'))
    cfg.merge_from_dict(dict(train_cfg=dict(max_iters=1, val_interval=1)))
    cfg.optim_wrapper.optimizer.lr = 0.0
    train(cfg)
    end = load_checkpoint_file(newest_checkpoint(cfg.work_dir))['state_dict']
    wanted = torch.load(files / 'plain.pth', weights_only=True)['state_dict']
    assert all(torch.equal(end[key], wanted[key]) for key in wanted if key.endswith('weight'))


@pytest.mark.slow
def test_export(tiny, files, images, expected, tmp_path):
    pytest.importorskip('onnxscript')
    pytest.importorskip('onnxruntime')
    from handbone.export import open_exported

    export(tiny(), str(files / f'{SLOW_WAY}.pth'), tmp_path / 'tiny.onnx')
    found = open_exported(tmp_path / 'tiny.onnx', 'cpu', threads=1).predict(images)
    for labels, wanted in zip(found, expected[1], strict=True):
        assert (labels != wanted).mean() < 1e-3


def test_weights_of_two_names():
    with pytest.raises(ValueError, match=r'a\.pth has the weight bias twice'):
        plain_weights({'bias': torch.ones(1), 'module.bias': torch.ones(1)}, 'a.pth')
