"""What the hash of a model tells apart: whatever changes its predictions, and nothing else."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from handbone.checkpoints import load_checkpoint_file
from handbone.configuration.prediction_settings import settings_unlike_training
from handbone.errors import HandboneError
from handbone.inference import ImageSources, TorchPredictor
from handbone.inference.run import predict_to_files
from handbone.outputs import WRITERS

DATA = Path(__file__).parents[1] / 'compatibility' / 'data'
CHECKPOINT = DATA / 'work' / 'iter_6.pth'
PIPELINE = 'test_dataloader.dataset.pipeline'
METAINFO = 'test_dataloader.dataset.metainfo'
DIFFERENT = [
    {'model.backbone.norm_cfg': dict(type='BN', eps=3.0)},
    {'model.backbone.norm_cfg': dict(type='BN', eps=5.0)},
    {'model.decode_head.align_corners': True},
    {'model.data_preprocessor.mean': [100.0]},
    {'model.data_preprocessor.test_cfg.size_divisor': 32},
    {'model.test_cfg.threshold': 0.3},
    {'model.test_cfg.postprocess': [dict(type='FillHoles')]},
    {f'{PIPELINE}.1.interpolation': 'bilinear'},
    {f'{PIPELINE}.1.scale': (96, 96)},
    {f'{METAINFO}.palette': [[1, 2, 3], [4, 5, 6], [7, 8, 9]]},
]
SAME = [
    {'model.decode_head.loss_decode': [dict(type='MultilabelBCELoss')]},
    {'model.backbone.init_cfg': None},
    {'model.train_cfg': dict(note=1)},
    {'model.test_cfg.threshold': [0.4, 0.4, 0.4]},
    {'train_dataloader.batch_size': 7},
    {'work_dir': 'elsewhere'},
]


def predictor(options=None, checkpoint=CHECKPOINT, **arguments):
    cfg = Config.fromfile(DATA / 'config.py')
    cfg.merge_from_dict(options or {})
    return TorchPredictor(cfg, checkpoint, 'cpu', **arguments)


@pytest.fixture(scope='module')
def trained():
    return predictor()


def test_options_that_change_predictions_change_the_hash(trained):
    views = [predictor(tta=True), predictor({'tta_views': [dict()]}, tta=True)]
    others = [predictor(options) for options in DIFFERENT] + views
    hashes = [each.model_hash for each in (trained, *others)]
    assert len(set(hashes)) == len(hashes)
    image = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    labels = [each.predict([image])[0] for each in (trained, *others[:2])]
    assert all((labels[0] != each).any() for each in labels[1:])


def test_options_of_the_training_do_not(trained):
    assert {predictor(options).model_hash for options in SAME} == {trained.model_hash}


@pytest.mark.parametrize('name', ['work/iter_6.pth', 'stock/iter_6.pth', 'published.safetensors'])
def test_weights_imply_the_settings_that_they_were_trained_with(name):
    """So hashes, and with them runs and archives of earlier versions, stay as they are."""
    meta = load_checkpoint_file(DATA / name)['meta']
    cfg = Config.fromfile(DATA / 'config.py')
    assert settings_unlike_training(cfg, meta) == []
    cfg.merge_from_dict({'model.decode_head.upscale': 2})
    assert settings_unlike_training(cfg, meta) == [('model.decode_head.upscale', 2)]


def test_weights_that_do_not_tell_their_settings(tmp_path):
    """Then all settings of the network count, and the names of the classes."""
    path = tmp_path / 'bare.pth'
    weights = torch.load(CHECKPOINT, weights_only=True)['state_dict']
    torch.save(dict(state_dict=weights, meta=dict(cfg='import os')), path)
    renamed = {f'{METAINFO}.classes': ('a', 'b', 'c'), f'{METAINFO}.groups.shapes': ('a', 'b')}
    options = [{}, DIFFERENT[0], DIFFERENT[2], renamed]
    hashes = [predictor(each, path).model_hash for each in options]
    assert len(set(hashes)) == len(hashes)


def test_a_run_is_not_continued_with_another_network(trained, images, tmp_path):
    (images / 'ID1' / 'hand2.png').unlink()
    out = tmp_path / 'out'

    def run(each):
        writers = {'csv': WRITERS['csv'](out, each.classes, each.palette)}
        return predict_to_files(each, ImageSources([images]), writers, out, progress=False)

    assert run(trained).images == 5
    shutil.copy(out / 'predictions.csv', tmp_path / 'before.csv')
    for options in DIFFERENT[:3]:
        with pytest.raises(HandboneError, match='holds a run with a different model or different'):
            run(predictor(options))
    assert (out / 'predictions.csv').read_bytes() == (tmp_path / 'before.csv').read_bytes()
    assert run(predictor(SAME[0])).done_before == 5


def test_how_a_cascade_looks_changes_the_hash():
    """Its weights are the same, but not where the hand is found."""
    config = Path(__file__).parents[2] / 'configs' / 'starter' / 'hand.py'
    settings = [{}, {'quarter_turns': False}, {'look_closer_below': 5}, {'shrink': 2}]
    hashes = set()
    for changed in settings:
        cfg = Config.fromfile(config)
        cfg.model.update(changed)
        hashes.add(TorchPredictor(cfg, 'starter', 'cpu').model_hash)
    assert len(hashes) == len(settings)
