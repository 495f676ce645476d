"""Packed predictions against one upsampling of the head's logits and a threshold."""

import math
import tracemalloc

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.registry import MODELS

from handbone.masks import pack, planes_first, planes_last, unpack


def head_logits(model, image):
    """Logits of the padded image, by plain calls of the network's parts."""
    divisor = model.data_preprocessor.size_divisor or 1
    height, width = image.shape[1:]
    padding = (0, -width % divisor, 0, -height % divisor)
    padded = F.pad((image - 127.5) / 64, padding)
    with torch.no_grad():
        return model.decode_head.forward(model.backbone(padded[None]))


def upsample(logits, shown, original):
    """Full-size logits of an image of ``shown`` pixels whose logits are at a quarter of that."""
    factors = [4 * size / side for size, side in zip(original, shown, strict=True)]
    height, width = (math.ceil(side / 4) for side in shown)
    full = F.interpolate(
        logits[:, :, :height, :width],
        scale_factor=factors,
        mode='bilinear',
        recompute_scale_factor=False,
    )
    return full[0, :, : original[0], : original[1]]


def assert_thresholded(prediction, full, threshold=0.5):
    """Compare packed labels with full-size logits, apart from ties within rounding."""
    found = torch.from_numpy(unpack(planes_last(prediction), len(full)))
    limit = torch.logit(torch.as_tensor(threshold, dtype=torch.float64)).reshape(-1, 1, 1)
    assert found.shape == full.shape
    wrong = found != (full > limit)
    assert not (wrong & ((full - limit).abs() > 1e-4)).any()
    assert wrong.float().mean() < 1e-3
    assert 0.05 < found.float().mean() < 0.95


def predict(model, image, sample):
    with torch.no_grad():
        (result,) = model.test_step(dict(inputs=[image], data_samples=[sample]))
    return result


@pytest.mark.parametrize('classes', [2, 5, 31, 40])
@pytest.mark.parametrize('original', [(64, 96), (150, 225), (40, 60)])
def test_one_upsampling_and_a_threshold(build_segmentor, make_sample, classes, original):
    model = build_segmentor(classes)
    image, sample = make_sample(64, 96, original)
    prediction = predict(model, image, sample).pred_sem_seg.data
    assert prediction.dtype == torch.int32
    assert prediction.shape == (-(-classes // 31), *original)
    logits = head_logits(model, image)
    assert_thresholded(prediction, F.interpolate(logits, original, mode='bilinear')[0])


@pytest.mark.parametrize('shown', [(48, 84), (50, 85), (33, 95)])
def test_padding_is_cut_off(build_segmentor, make_sample, shown):
    """Also where the image ends inside a logit pixel."""
    model = build_segmentor()
    original = (3 * shown[0], 3 * shown[1])
    image, sample = make_sample(*shown, original)
    full = upsample(head_logits(model, image), shown, original)
    assert_thresholded(predict(model, image, sample).pred_sem_seg.data, full)


def test_padding_of_the_pipeline(build_segmentor, make_sample):
    """Without padding by the data preprocessor, ``padding_size`` counts; without both, nothing."""
    model = build_segmentor(size_divisor=None)
    model.data_preprocessor.test_cfg = None
    image, _ = make_sample(64, 96)
    _, padded = make_sample(50, 85, (100, 170), pad_shape=(64, 96), padding_size=(0, 11, 0, 14))
    logits = head_logits(model, image)
    full = upsample(logits, (50, 85), (100, 170))
    assert_thresholded(predict(model, image, padded).pred_sem_seg.data, full)
    _, plain = make_sample(64, 96, (128, 192))
    full = upsample(logits, (64, 96), (128, 192))
    assert_thresholded(predict(model, image, plain).pred_sem_seg.data, full)


def test_padding_at_the_left_or_top(build_segmentor, make_sample):
    model = build_segmentor(size_divisor=None)
    model.data_preprocessor.test_cfg = None
    for padding in ((4, 0, 0, 0), (0, 0, 4, 0)):
        image, sample = make_sample(64, 96, pad_shape=(64, 96), padding_size=padding)
        with pytest.raises(ValueError, match='image.png is padded by'):
            predict(model, image, sample)


def test_batch_of_different_originals(build_segmentor, make_sample):
    model = build_segmentor()
    pairs = [make_sample(40, 72, size, seed) for seed, size in enumerate([(80, 144), (120, 216)])]
    with torch.no_grad():
        results = model.test_step(
            dict(inputs=[image for image, _ in pairs], data_samples=[s for _, s in pairs])
        )
    for (image, sample), result in zip(pairs, results, strict=True):
        full = upsample(head_logits(model, image), (40, 72), sample.ori_shape)
        assert_thresholded(result.pred_sem_seg.data, full)


def test_thresholds_of_classes(build_segmentor, make_sample):
    thresholds = [0.2, 0.5, 0.9, 0.7, 0.05]
    image, sample = make_sample(64, 96, (128, 192))
    for threshold in (thresholds, 0.8):
        model = build_segmentor(test_cfg=dict(mode='whole', threshold=threshold))
        full = F.interpolate(head_logits(model, image), (128, 192), mode='bilinear')[0]
        assert_thresholded(predict(model, image, sample).pred_sem_seg.data, full, threshold)


@pytest.mark.parametrize(
    ('threshold', 'message'),
    [
        ([0.5, 0.5], 'lists 2 thresholds for 5 classes'),
        ([0.5, 0.5, 1.0, 0.5, 0.5], r'threshold\[2\] is 1.0'),
        (0, 'threshold is 0'),
    ],
)
def test_bad_thresholds(build_segmentor, threshold, message):
    with pytest.raises(ValueError, match=message):
        build_segmentor(test_cfg=dict(threshold=threshold))


@pytest.mark.parametrize(
    ('direction', 'axes'), [('horizontal', (2,)), ('vertical', (1,)), ('diagonal', (1, 2))]
)
def test_flips_are_undone(build_segmentor, make_sample, direction, axes):
    """Block means commute with a flip, so a flipped view must predict the same."""
    model = build_segmentor(test_cfg=dict(keep_logits=True))
    image, sample = make_sample(48, 84, (96, 168))
    _, flipped = make_sample(48, 84, (96, 168), flip=True, flip_direction=direction)
    expected = predict(model, image, sample)
    found = predict(model, image.flip(axes), flipped)
    # rounding differs in a mirrored interpolation, where a logit is on the threshold
    labels, other = expected.pred_sem_seg.data, found.pred_sem_seg.data
    assert (other != labels).float().mean() < 1e-3
    assert (other != labels.flip(axes)).float().mean() > 0.1
    torch.testing.assert_close(found.seg_logits.data, expected.seg_logits.data)


def test_swapped_classes_are_swapped_back(build_segmentor, make_sample):
    """A mirrored image shows the right lung where the left one belongs."""
    model = build_segmentor(test_cfg=dict(keep_logits=True, threshold=[0.5, 0.6, 0.5, 0.5, 0.5]))
    image, plain = make_sample(64, 96)
    plain = predict(model, image, plain)
    _, swapped = make_sample(64, 96, swap_classes=[(0, 4), (1, 2)])
    swapped = predict(model, image, swapped)
    expected = plain.seg_logits.data[[4, 2, 1, 3, 0]]
    torch.testing.assert_close(swapped.seg_logits.data, expected)
    full = F.interpolate(expected[None], (64, 96), mode='bilinear')[0]
    assert_thresholded(swapped.pred_sem_seg.data, full, [0.5, 0.6, 0.5, 0.5, 0.5])


def test_without_data_samples(build_segmentor, make_sample):
    model = build_segmentor()
    image, sample = make_sample(64, 96)
    with torch.no_grad():
        (result,) = model(((image - 127.5) / 64)[None], mode='predict')
    expected = predict(model, image, sample)
    assert torch.equal(result.pred_sem_seg.data, expected.pred_sem_seg.data)


def test_logits_are_kept_on_demand(build_segmentor, make_sample):
    image, sample = make_sample(48, 84, (96, 168))
    assert 'seg_logits' not in predict(build_segmentor(), image, sample)
    model = build_segmentor(test_cfg=dict(keep_logits=True))
    kept = predict(model, image, sample).seg_logits.data
    torch.testing.assert_close(kept, head_logits(model, image)[0, :, :12, :21])


def test_no_logits_of_full_size(build_segmentor, make_sample, largest_tensor):
    """Neither PyTorch nor NumPy takes the memory of full-size logits of all classes."""
    model = build_segmentor(29)
    image, sample = make_sample(128, 128, (1024, 1024))
    with largest_tensor:
        labels = predict(model, image, sample).pred_sem_seg.data
    assert largest_tensor.elements <= labels.numel()
    tracemalloc.start()
    predict(model, image, sample)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert labels.nbytes < peak < 4 * labels.nbytes


def test_truth_passes_untouched(build_segmentor, make_sample):
    """The packed truth of a sample is neither resized nor padded in testing."""
    image, sample = make_sample(50, 85, (100, 170))
    truth = planes_first(pack(np.random.default_rng(0).random((5, 100, 170)) < 0.3))
    sample.gt_sem_seg = PixelData(data=truth.clone())
    result = predict(build_segmentor(), image, sample)
    assert torch.equal(result.gt_sem_seg.data, truth)


def test_unknown_mode(build_segmentor):
    with pytest.raises(ValueError, match="mode is 'whole' or 'slide', got 'tiles'"):
        build_segmentor(test_cfg=dict(mode='tiles'))


def test_training_pads_images_and_labels(build_segmentor, make_sample):
    """A training step on images of different sizes: their padding is background."""
    model = build_segmentor(40).train()
    images, samples = zip(*[make_sample(*size) for size in ((40, 60), (50, 44))], strict=True)
    for sample in samples:
        masks = np.random.default_rng(0).random((40, *sample.img_shape)) < 0.3
        sample.gt_sem_seg = PixelData(data=planes_first(pack(masks)))
    data = model.data_preprocessor(
        dict(inputs=list(images), data_samples=list(samples)), training=True
    )
    assert data['inputs'].shape == (2, 3, 64, 64)
    target = torch.stack([sample.gt_sem_seg.data for sample in data['data_samples']])
    assert target.shape == (2, 2, 64, 64) and target.dtype == torch.int32
    assert not target[0, :, 40:].any() and not target[1, :, :, 44:].any()
    losses = model(**data, mode='loss')
    total, log = model.parse_losses(losses)
    total.backward()
    assert model.decode_head.conv_seg.weight.grad.any()
    assert set(log) == {'loss', 'decode.loss_seg', 'decode.bce', 'decode.dice'}
    assert log['loss'] == log['decode.loss_seg']
    torch.testing.assert_close(log['loss'], log['decode.bce'] + log['decode.dice'])


def test_auxiliary_heads(build_segmentor, make_sample):
    auxiliary = dict(
        type='MultilabelFCNHead',
        in_channels=3,
        in_index=0,
        channels=4,
        num_convs=1,
        num_classes=5,
        loss_decode=dict(type='MultilabelFocalLoss', loss_weight=0.4),
    )
    model = build_segmentor(auxiliary_head=[auxiliary, auxiliary]).train()
    image, sample = make_sample(64, 96)
    sample.gt_sem_seg = PixelData(data=torch.ones(1, 64, 96, dtype=torch.int32))
    data = model.data_preprocessor(dict(inputs=[image] * 2, data_samples=[sample] * 2), True)
    losses = model(**data, mode='loss')
    keys = {'aux_0.loss_seg', 'aux_0.focal', 'aux_1.loss_seg', 'aux_1.focal'}
    assert keys < set(losses)
    total, _ = model.parse_losses(losses)
    total.backward()
    assert all(head.conv_seg.weight.grad.any() for head in model.auxiliary_head)


def test_cascade(build_segmentor, make_sample):
    """OCRNet: an FCN head, then a head that takes its logits."""
    common = dict(in_channels=3, in_index=0, channels=8, num_classes=5, norm_cfg=dict(type='BN'))
    model = MODELS.build(
        dict(
            type='MultilabelCascadeEncoderDecoder',
            num_stages=2,
            data_preprocessor=dict(
                type='SegDataPreProcessor',
                seg_pad_val=0,
                size_divisor=32,
                test_cfg=dict(size_divisor=32),
            ),
            backbone=dict(type='PoolingBackbone'),
            decode_head=[
                dict(common, type='MultilabelFCNHead', num_convs=1),
                dict(common, type='MultilabelOCRHead', ocr_channels=4),
            ],
        )
    )
    image, sample = make_sample(48, 84, (96, 168))
    image = image / 255
    sample.gt_sem_seg = PixelData(data=torch.full((1, 48, 84), 5, dtype=torch.int32))
    data = model.data_preprocessor(dict(inputs=[image] * 2, data_samples=[sample] * 2), True)
    total, log = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    assert {'decode_0.loss_seg', 'decode_1.loss_seg'} < set(log)
    assert all(head.conv_seg.weight.grad.any() for head in model.decode_head)

    model.eval()
    del sample.gt_sem_seg
    prediction = predict(model, image, sample).pred_sem_seg.data
    with torch.no_grad():
        features = model.backbone(F.pad(image, (0, 12, 0, 16))[None])
        logits = model.decode_head[1](features, model.decode_head[0](features))
    full = upsample(logits, (48, 84), (96, 168))
    found = torch.from_numpy(unpack(planes_last(prediction), 5))
    assert ((found != (full > 0)) & (full.abs() > 1e-4)).sum() == 0
