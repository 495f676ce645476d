"""Every model configuration of mmseg becomes multilabel: a training step, a prediction, RLE."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.models import decode_heads
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.checkpoints.pretrained import drop_pretrained
from handbone.masks import decode, encode, pack, planes_first, planes_last, unpack
from handbone.models.heads import ADAPTED, CONVERTED, FUSED, NOT_MULTILABEL
from handbone.models.zoo import (
    WITH_MORE_PACKAGES,
    WITHOUT_MULTILABEL,
    base_models,
    multilabel_model,
)

pytestmark = pytest.mark.slow

CLASSES = 5
SIDES = {'lraspp_m-v3-d8': 400}  # pools over 49 x 49 pixels at an eighth of the resolution
# Backbones, and with them heads and necks, that get a quarter of their channels.
THIN = ('ResNet', 'SwinTransformer', 'VisionTransformer', 'BEiT', 'MAE', 'PCPVT')
WIDTHS = ('channels', 'embed_dim', 'embed_dims')
SHALLOW = dict(backbone=dict(num_layers=4, out_indices=(0, 1, 2, 3)))
# What makes large models quick to build, and what the base files leave to whole configurations:
# sizes of heads and necks that are those of another backbone, and of images.
CHANGES = {
    'dpt_vit-b16': SHALLOW,
    'fpn_poolformer_s12': dict(neck=dict(in_channels=[64, 128, 320, 512])),
    'segmenter_vit-b16_mask': dict(backbone=dict(num_layers=2)),
    'setr_mla': SHALLOW,
    'setr_naive': SHALLOW,
    'setr_pup': SHALLOW,
    'upernet_beit': dict(backbone=SHALLOW['backbone'] | dict(img_size=(64, 64))),
    'upernet_convnext': dict(auxiliary_head=dict(in_channels=512)),
    'upernet_mae': dict(
        backbone=SHALLOW['backbone'] | dict(img_size=(64, 64), embed_dims=96, num_heads=6),
        neck=dict(embed_dim=96),
    ),
    'upernet_vit-b16_ln_mln': SHALLOW,
}


def available(module):
    try:
        importlib.import_module(module)
    except (ImportError, RuntimeError):
        return False
    return True


def quartered(part, key=''):
    """A quarter of all channels: thin networks are quick to build and to train."""
    if isinstance(part, dict):
        return type(part)({name: quartered(value, name) for name, value in part.items()})
    if isinstance(part, (list, tuple)):
        return type(part)(quartered(value, key) for value in part)
    return part // 4 if key.endswith(WIDTHS) and part > 3 else part  # images have three


def small_model(name):
    config = Config.fromfile(base_models()[name])
    config.model = multilabel_model(config.model, CLASSES)
    drop_pretrained(config)
    if config.model.backbone.type.startswith(THIN):
        config.model = quartered(config.model)
        if config.model.backbone.type.startswith('ResNet'):
            config.model.backbone.update(base_channels=16, stem_channels=16)
    for part, changes in CHANGES.get(name, {}).items():
        config.model[part].update(changes)
    torch.manual_seed(0)
    return MODELS.build(config.model)


def make_batch(side, classes=CLASSES):
    rng = np.random.default_rng(0)
    images = [torch.from_numpy(rng.integers(0, 256, (3, side, side), dtype=np.uint8))] * 2
    samples = []
    for _ in images:
        masks = np.zeros((classes, side, side), bool)
        for index, mask in enumerate(masks):
            mask[index * side // 8 : index * side // 8 + side // 3, side // 4 : side // 2] = True
        meta = dict(ori_shape=(50, 70), img_shape=(side, side), img_path='a.png')
        sample = SegDataSample(gt_sem_seg=PixelData(data=planes_first(pack(masks))), metainfo=meta)
        samples.append(sample)
    return dict(inputs=images, data_samples=samples)


def test_every_model_and_head_is_named():
    """A model or head that a new mmseg brings is either multilabel or says why not."""
    named = set(WITHOUT_MULTILABEL) | set(WITH_MORE_PACKAGES)
    assert named <= set(base_models())
    assert len(base_models()) >= 50
    heads = {
        name
        for name, kind in vars(decode_heads).items()
        if isinstance(kind, type) and issubclass(kind, BaseDecodeHead)
    }
    # MaskFormer and its like are no subclasses of BaseDecodeHead
    assert heads | set(NOT_MULTILABEL) == {*CONVERTED, *ADAPTED, *FUSED, *NOT_MULTILABEL}
    assert all(MODELS.get(f'Multilabel{name}') for name in CONVERTED + ADAPTED + FUSED)


@pytest.mark.parametrize('name', base_models())
def test_model_trains_predicts_and_writes_rle(name):
    if name in WITHOUT_MULTILABEL:
        model = Config.fromfile(base_models()[name]).model
        with pytest.raises(ValueError, match='has no multilabel counterpart'):
            multilabel_model(model, CLASSES)
        return
    if name in WITH_MORE_PACKAGES and not available(WITH_MORE_PACKAGES[name][0]):
        pytest.skip(f'needs {WITH_MORE_PACKAGES[name][1]}')
    model = small_model(name)
    batch = make_batch(SIDES.get(name, 64))
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    data = model.data_preprocessor(batch, training=True)
    total, log = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    optimizer.step()
    assert total.isfinite()
    assert not any('acc' in key for key in log)
    outputs = [
        layer
        for module in model.modules()
        if hasattr(module, 'set_output_bias')
        for layer in module.output_convolutions()
    ]
    assert outputs and all(layer.weight.grad.any() for layer in outputs)

    for sample in batch['data_samples']:
        del sample.gt_sem_seg
    model.eval()
    with torch.no_grad():
        results = model.test_step(batch)
    for result in results:
        packed = planes_last(result.pred_sem_seg.data)
        assert packed.shape == (50, 70)
        rows = encode(packed, CLASSES)
        assert len(rows) == CLASSES
        assert np.array_equal(decode(rows, 50, 70), packed)
        assert unpack(packed, CLASSES).shape == (CLASSES, 50, 70)


def test_kernel_head_of_integer_labels_is_refused():
    knet = base_models()['pspnet_r50-d8'].parents[2] / 'knet'
    path = next(Path(knet).glob('knet-s3_r50-d8_fcn*'))
    head = Config.fromfile(path).model.decode_head
    head.type = 'MultilabelIterativeDecodeHead'
    with pytest.raises(ValueError, match='kernel_generate_head is a FCNHead.*MultilabelFCNHead'):
        MODELS.build(head)


@pytest.mark.parametrize(
    'pattern', ['knet/knet-s3_r50-d8_fcn*', 'ddrnet/ddrnet_23-slim*', 'pidnet/pidnet-s*']
)
def test_models_outside_the_base_files(pattern):
    """K-Net, DDRNet and PIDNet have their models in whole configurations."""
    folder = base_models()['pspnet_r50-d8'].parents[2]
    config = Config.fromfile(next(folder.glob(pattern)))
    config.model = multilabel_model(config.model, CLASSES)
    config.model.data_preprocessor.size = (64, 64)
    drop_pretrained(config)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    data = model.data_preprocessor(make_batch(64), training=True)
    total, _ = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    assert total.isfinite()
    model.eval()
    with torch.no_grad():
        assert model.predict(data['inputs'])[0].pred_sem_seg.data.shape == (1, 64, 64)
