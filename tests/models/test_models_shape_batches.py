"""Images of several sizes in a batch get what each gets alone."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

SIZES = ((64, 64), (128, 64), (64, 64), (64, 96))


@pytest.fixture(scope='module')
def segmentor():
    init_default_scope('mmseg')
    torch.manual_seed(0)
    preprocessor = dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=32))
    return MODELS.build(
        dict(
            type='MultilabelEncoderDecoder',
            data_preprocessor=dict(preprocessor, mean=[0], std=[1]),
            backbone=dict(type='FoldedUNet', channels=(8, 8), fold=4),
            decode_head=dict(
                type='MultilabelPixelShuffleHead',
                in_channels=8,
                in_index=0,
                num_classes=3,
                upscale=4,
            ),
        )
    ).eval()


def batch_of(sizes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inputs = [torch.randint(0, 256, (3, *size), generator=generator) for size in sizes]
    metas = [dict(ori_shape=size, img_shape=size, img_path=str(i)) for i, size in enumerate(sizes)]
    return dict(inputs=inputs, data_samples=[SegDataSample(metainfo=meta) for meta in metas])


def alone(batch, index):
    return {key: values[index : index + 1] for key, values in batch.items()}


@pytest.mark.parametrize('step', ['test_step', 'val_step'])
def test_each_image_as_alone(segmentor, step):
    predict = getattr(segmentor, step)
    with torch.no_grad():
        together = predict(batch_of(SIZES))
        for index, sample in enumerate(together):
            (single,) = predict(alone(batch_of(SIZES), index))
            assert sample.img_path == str(index)
            assert torch.equal(sample.pred_sem_seg.data, single.pred_sem_seg.data)
            assert tuple(sample.pred_sem_seg.data.shape[1:]) == SIZES[index]


def test_each_image_as_alone_with_views(segmentor):
    """Views made on the device, and views made by the pipeline."""
    model = MODELS.build(
        dict(type='MultilabelTTAModel', module=segmentor, views=[{}, dict(flip='horizontal')])
    )
    with torch.no_grad():
        together = model.test_step(batch_of(SIZES))
        for index, sample in enumerate(together):
            (single,) = model.test_step(alone(batch_of(SIZES), index))
            assert torch.equal(sample.pred_sem_seg.data, single.pred_sem_seg.data)
        views = [batch_of(SIZES, seed) for seed in (0, 1)]
        data = {key: [view[key] for view in views] for key in views[0]}
        together = model.test_step(data)
        for index, sample in enumerate(together):
            views = [alone(batch_of(SIZES, seed), index) for seed in (0, 1)]
            (single,) = model.test_step({key: [view[key] for view in views] for key in views[0]})
            assert torch.equal(sample.pred_sem_seg.data, single.pred_sem_seg.data)
