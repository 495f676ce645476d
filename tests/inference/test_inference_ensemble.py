"""An ensemble reads its images as its members do."""

from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from handbone.checkpoints import write_checkpoint
from handbone.ensembles import Ensemble, EnsembleMember, write_ensemble
from handbone.file_hash import file_hash
from handbone.inference import open_predictor
from handbone.inference.predictor import read_file, sees_colors
from tests.compatibility.tiny_training import CLASSES, make_config

CONFIGS = Path(__file__).parents[2] / 'configs'


def test_networks_that_see_colours_get_them(tmp_path):
    """They got grey images, and nobody was told."""
    cfg = make_config(tmp_path / 'data', tmp_path / 'work', CONFIGS)
    cfg.model.backbone.in_channels = 3
    cfg.test_dataloader.dataset.pipeline[0].color_type = 'color'
    init_default_scope('mmseg')
    torch.manual_seed(0)
    network = MODELS.build(cfg.model)
    torch.nn.init.normal_(network.decode_head.to_pixels.weight, std=0.5)
    checkpoint, config = tmp_path / 'member.pth', tmp_path / 'config.py'
    meta = dict(dataset_meta=dict(classes=CLASSES), config_text=cfg.pretty_text)
    write_checkpoint(checkpoint, network.state_dict(), meta)
    member = EnsembleMember(str(checkpoint), file_hash(checkpoint))
    write_ensemble(tmp_path / 'ensemble.json', Ensemble(CLASSES, (member,), (0.4,) * 3))
    cfg.dump(config)
    blocks = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'image.png'), blocks.repeat(8, axis=0).repeat(8, axis=1))

    def predicted(file):
        predictor = open_predictor(config, file, 'cpu')
        assert sees_colors(predictor)
        read = read_file(predictor, tmp_path / 'image.png').content
        assert read.shape == (64, 64, 3)
        grey = cv2.cvtColor(read, cv2.COLOR_BGR2GRAY)
        return [predictor.predict([each])[0] for each in (read, grey)]

    (found, of_grey), (expected, _) = predicted(tmp_path / 'ensemble.json'), predicted(checkpoint)
    assert (found != expected).mean() < 0.01 < (found != of_grey).mean()
    # the same colours in a file of 16 bits
    cv2.imwrite(
        str(tmp_path / 'deep.png'), cv2.imread(str(tmp_path / 'image.png')) * np.uint16(257)
    )
    deep = open_predictor(config, checkpoint, 'cpu')
    (labels,) = deep.predict([read_file(deep, tmp_path / 'deep.png').content])
    assert (labels != expected).mean() < 0.05
