"""Every converted head builds, trains and predicts; wrong settings are clear errors."""

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from handbone.masks import pack, planes_first
from handbone.models.heads import CONVERTED, FUSED, MultilabelDecodeHead, MultilabelPixelShuffleHead
from handbone.models.losses import MultilabelBCELoss, MultilabelDiceLoss, class_by_class_loss

CLASSES = 5
SIDES = (16, 8, 4, 2)
ONE = dict(in_channels=8, in_index=0)
FOUR = dict(in_channels=[8] * 4, in_index=[0, 1, 2, 3])
SETTINGS = {
    'ANNHead': dict(in_channels=[8, 8], in_index=[1, 0], project_channels=4, dropout_ratio=1e-6),
    'APCHead': dict(ONE, pool_scales=(1, 2)),
    'ASPPHead': dict(ONE, dilations=(1, 3)),
    'CCHead': ONE,
    'DAHead': dict(ONE, pam_channels=4),
    'DepthwiseSeparableASPPHead': dict(ONE, dilations=(1, 3), c1_in_channels=8, c1_channels=4),
    'DepthwiseSeparableFCNHead': dict(ONE, num_convs=1, concat_input=False),
    'DMHead': dict(ONE, filter_sizes=(1, 3)),
    'DNLHead': ONE,
    'DPTHead': dict(
        FOUR,
        input_transform='multiple_select',
        embed_dims=8,
        post_process_channels=[4, 4, 4, 4],
        patch_size=4,
    ),
    'EMAHead': dict(ONE, ema_channels=8, num_bases=4, num_stages=2),
    'FCNHead': ONE,
    'FPNHead': dict(FOUR, feature_strides=[4, 8, 16, 32]),
    'GCHead': ONE,
    'ISAHead': dict(ONE, isa_channels=4, down_factor=(4, 4)),
    'LightHamHead': dict(FOUR, ham_channels=8, ham_kwargs=dict(MD_R=4)),
    'LRASPPHead': dict(
        in_channels=(8, 8, 8),
        in_index=(0, 1, 2),
        input_transform='multiple_select',
        branch_channels=(4, 4),
    ),
    'NLHead': ONE,
    'OCRHead': dict(ONE, ocr_channels=4),
    'PSAHead': dict(ONE, mask_size=(16, 16)),
    'PSPHead': dict(ONE, pool_scales=(1, 2)),
    'SegformerHead': FOUR,
    'SETRMLAHead': dict(FOUR, mla_channels=2),
    'SETRUPHead': dict(ONE, norm_layer=dict(type='LN')),
    'UPerHead': dict(FOUR, pool_scales=(1, 2)),
}
COMPILED = ('CCHead', 'PSAHead')


def build(name='MultilabelFCNHead', **settings):
    base = dict(ONE, channels=8, num_classes=CLASSES, norm_cfg=dict(type='BN'), dropout_ratio=0)
    return MODELS.build(base | dict(type=name) | settings)


def build_converted(name):
    if name in COMPILED:
        pytest.importorskip('mmcv._ext', reason='needs the compiled operators of onedl-mmcv')
    head = build(f'Multilabel{name}', **SETTINGS[name])
    head.init_weights()
    return head


def features(name=''):
    generator = torch.Generator().manual_seed(0)
    maps = [torch.randn(2, 8, side, side, generator=generator) for side in SIDES]
    if name == 'DPTHead':
        return [(maps[0], torch.randn(2, 8)) for _ in SIDES]
    if name == 'LRASPPHead':
        return [torch.randn(2, 8, side, side, generator=generator) for side in (50, 50, 50)]
    if name == 'SETRMLAHead':
        return [maps[2]] * 4
    return maps


def make_samples(classes=CLASSES, side=32):
    masks = np.random.default_rng(0).random((2, classes, side, side)) < 0.3
    samples = [SegDataSample(gt_sem_seg=PixelData(data=planes_first(pack(m)))) for m in masks]
    return samples, torch.stack([sample.gt_sem_seg.data for sample in samples])


def arguments(head):
    """What comes between features and samples: a cascade's head takes the logits before it."""
    cascade = type(head).__name__ == 'MultilabelOCRHead'
    return (torch.randn(2, CLASSES, SIDES[0], SIDES[0]),) if cascade else ()


def total(losses):
    """The sum that mmengine differentiates."""
    return sum(value for key, value in losses.items() if 'loss' in key)


def test_all_heads_have_settings():
    assert set(SETTINGS) == {*CONVERTED, *FUSED}


@pytest.mark.parametrize('name', SETTINGS)
def test_head_trains_and_predicts(name):
    torch.manual_seed(0)
    head, maps = build_converted(name), features(name)
    samples, _ = make_samples()
    values = []
    optimizer = torch.optim.SGD(head.parameters(), 0.1)
    for _ in range(2):
        optimizer.zero_grad()
        losses = head.loss(maps, *arguments(head), samples, {})
        loss = total(losses)
        loss.backward()
        values.append(loss.item())
        for layer in head.output_convolutions():
            assert layer.weight.grad.isfinite().all() and layer.weight.grad.any()
        optimizer.step()
    assert np.isfinite(values).all()
    assert values[1] < values[0]
    assert not any('acc' in key for key in losses)
    head.eval()
    with torch.no_grad():
        logits = head.predict(maps, *arguments(head), [{}, {}], {})
    assert logits.shape[:2] == (2, CLASSES)
    assert logits.isfinite().all()


@pytest.mark.parametrize('name', SETTINGS)
def test_output_starts_at_class_frequency(name):
    head, maps = build_converted(name).eval(), features(name)
    frequencies = torch.tensor([0.3, 0.01, 0.002, 0.05, 0.5])
    head.set_output_bias(frequencies)
    for layer in head.output_convolutions():
        nn.init.zeros_(layer.weight)
    with torch.no_grad():
        outputs = head.forward(maps, *arguments(head))
    for logits in outputs if isinstance(outputs, tuple) else (outputs,):
        expected = frequencies.reshape(1, -1, 1, 1).expand_as(logits)
        torch.testing.assert_close(logits.sigmoid(), expected)


def test_frequencies_of_absent_and_ubiquitous_classes():
    head = build()
    head.set_output_bias(np.array([0.0, 1.0, 0.5, 0.5, 0.5]))
    torch.testing.assert_close(
        head.conv_seg.bias.sigmoid(), torch.tensor([1e-4, 0.9, 0.5, 0.5, 0.5])
    )


def test_another_number_of_frequencies():
    with pytest.raises(ValueError, match='MultilabelFCNHead has 5 classes, got 4 frequencies'):
        build().set_output_bias([0.1] * 4)


def test_a_loss_of_the_host_stays():
    """DAHead trains each of its three branches, with keys of their own."""
    head, maps = build_converted('DAHead'), features()
    samples, target = make_samples()
    losses = head.loss(maps, samples, {})
    parts = ('loss_seg', 'bce', 'dice')
    branches = ('pam_cam', 'pam', 'cam')
    assert set(losses) == {f'{branch}.{part}' for branch in branches for part in parts}
    for branch, logits in zip(branches, head.forward(maps), strict=True):
        expected, _ = class_by_class_loss(
            logits, target, [MultilabelBCELoss(), MultilabelDiceLoss()]
        )
        torch.testing.assert_close(losses[f'{branch}.loss_seg'], expected)


def test_losses_by_name():
    """The sum is what is differentiated; losses of one name are added in the log."""
    losses = [
        dict(type='MultilabelBCELoss', loss_weight=0.5),
        dict(type='MultilabelDiceLoss', per_image=True),
        dict(type='MultilabelDiceLoss', loss_weight=2.0),
    ]
    head = build(loss_decode=losses)
    samples, target = make_samples()
    logits = torch.randn(2, CLASSES, 16, 16, requires_grad=True)
    found = head.loss_by_feat(logits, samples)
    each = [class_by_class_loss(logits, target, [loss])[0].detach() for loss in head.loss_decode]
    assert set(found) == {'loss_seg', 'bce', 'dice'}
    torch.testing.assert_close(found['bce'], each[0])
    torch.testing.assert_close(found['dice'], each[1] + each[2])
    torch.testing.assert_close(found['loss_seg'].detach(), sum(each))
    assert found['loss_seg'].requires_grad and not found['bce'].requires_grad


@pytest.mark.parametrize('name', ['dice_loss', 'my_loss_of_bones', 'loss'])
def test_no_part_of_the_loss_counts_twice(name):
    """mmengine adds up whatever has 'loss' in its name."""
    losses = [dict(type='MultilabelDiceLoss', loss_name=name), dict(type='MultilabelBCELoss')]
    samples, _ = make_samples()
    found = build(loss_decode=losses).loss_by_feat(torch.randn(2, CLASSES, 16, 16), samples)
    assert len(found) == 3 and [key for key in found if 'loss' in key] == ['loss_seg']


def test_align_corners_of_the_head_counts():
    samples, target = make_samples()
    logits = torch.randn(2, CLASSES, 16, 16)
    for align_corners in (False, True):
        head = build(align_corners=align_corners, loss_decode=dict(type='MultilabelBCELoss'))
        expected, _ = class_by_class_loss(logits, target, [head.loss_decode], align_corners)
        torch.testing.assert_close(head.loss_by_feat(logits, samples)['loss_seg'], expected)


@pytest.mark.parametrize('classes', [2, 40])
def test_other_class_counts(classes):
    head = build(num_classes=classes)
    samples, _ = make_samples(classes)
    loss = total(head.loss(features(), samples, {}))
    loss.backward()
    assert head.conv_seg.weight.grad.abs().sum((1, 2, 3)).all()


def test_no_classes():
    with pytest.raises(ValueError, match='MultilabelFCNHead: num_classes=0'):
        build(num_classes=0)


def test_pixel_sampler():
    with pytest.raises(ValueError, match='remove `sampler`'):
        build(sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=10))


def test_loss_on_integer_labels():
    for loss in (dict(type='CrossEntropyLoss'), [dict(type='DiceLoss')]):
        with pytest.raises(ValueError, match='does not read packed labels'):
            build(loss_decode=loss)


def test_own_head_by_inheritance():
    """The recipe in the documentation, for a head that is not of mmseg."""

    class Plain(MultilabelDecodeHead):
        def forward(self, inputs):
            return self.cls_seg(self._transform_inputs(inputs))

    head = Plain(8, 8, num_classes=CLASSES, in_index=1)
    samples, _ = make_samples()
    assert total(head.loss(features(), samples, {})).isfinite()


def pixel_shuffle_head(**settings):
    settings = dict(in_channels=8, in_index=2, num_classes=3, upscale=4) | settings
    return MultilabelPixelShuffleHead(**settings)


def test_pixel_shuffle_starts_at_class_frequency():
    """Each class has upscale x upscale outputs of its own, in the order of nn.PixelShuffle."""
    head = pixel_shuffle_head()
    frequencies = torch.tensor([0.2, 0.01, 0.002])
    head.set_output_bias(frequencies)
    nn.init.zeros_(head.to_pixels.weight)
    logits = head(features())
    assert logits.shape == (2, 3, 16, 16)
    expected = frequencies.reshape(1, 3, 1, 1).expand(2, 3, 16, 16)
    torch.testing.assert_close(logits.sigmoid(), expected)


@pytest.mark.parametrize('side', [16, 24])
@pytest.mark.parametrize('classes', [3, 40])
def test_pixel_shuffle_trains(classes, side):
    """Values and gradients are those of the logits in the order of the pixels."""
    head = pixel_shuffle_head(num_classes=classes)
    head.init_weights()
    assert head.to_pixels.weight.std() < 0.02
    samples, target = make_samples(classes, side=side)
    maps = features()

    def gradient(loss):
        head.zero_grad()
        loss.backward()
        return head.to_pixels.weight.grad.clone()

    loss = head.loss(maps, samples, {})['loss_seg']
    expected, _ = class_by_class_loss(head(maps), target, list(head.loss_decode))
    torch.testing.assert_close(loss, expected)
    found = gradient(loss)
    assert found.abs().sum((1, 2, 3)).all()
    torch.testing.assert_close(found, gradient(expected))


def test_pixel_shuffle_dropout():
    head = pixel_shuffle_head(dropout_ratio=0.9)
    samples, _ = make_samples(3, side=16)
    first, second = (head.loss(features(), samples, {})['loss_seg'] for _ in range(2))
    assert first != second


def test_default_losses_in_another_scope():
    """A head made outside a runner finds its losses whatever the default scope is."""
    with DefaultScope.overwrite_default_scope('mmengine'):
        assert len(pixel_shuffle_head().loss_decode) == 2
