"""Losses on packed labels against the plain definitions on unpacked targets, by autograd."""

import pytest
import torch
from loss_definitions import (
    CASES,
    IDS,
    assert_same,
    bce,
    dice,
    make_logits,
    make_target,
    ours,
    plain,
    tversky,
)

from handbone.models.losses import (
    MultilabelBCELoss,
    MultilabelDiceLoss,
    MultilabelFocalLoss,
    MultilabelTverskyLoss,
    class_by_class,
    class_by_class_loss,
)


@pytest.fixture(params=['all classes at once', 'one class at a time'])
def step(request, monkeypatch):
    """Both ways through the classes; small test images would always take the first."""
    if request.param == 'one class at a time':
        monkeypatch.setitem(class_by_class.PIXELS_PER_STEP, 'cpu', 1)


@pytest.mark.parametrize(('loss', 'definition', 'settings'), CASES, ids=IDS)
def test_value_and_gradient(loss, definition, settings, step):
    packed, target, valid = make_target(2, 5, 13, 18)
    logits = make_logits(2, 5, 4, 6)
    weight = [1.0, 0.0, 2.5, 0.5, 1.0]
    module = loss(class_weight=weight, loss_weight=0.7, **settings)
    value, gradient = plain(definition, settings, logits, target, valid, weight)
    assert_same(ours([module], logits, packed), (0.7 * value, 0.7 * gradient))


@pytest.mark.parametrize(('loss', 'definition', 'settings'), CASES, ids=IDS)
def test_gradcheck(loss, definition, settings):
    packed, _, _ = make_target(2, 3, 7, 9)
    logits = make_logits(2, 3, 3, 4).requires_grad_()
    torch.autograd.gradcheck(loss(**settings), (logits, packed))


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('size', [(8, 12), (16, 24), (5, 7)])
def test_geometry(size, align_corners):
    """No upsampling, upsampling and downsampling, in both geometries of mmseg's heads."""
    packed, target, valid = make_target(2, 3, *size)
    logits = make_logits(2, 3, 8, 12)
    expected = plain(dice, {}, logits, target, valid, align_corners=align_corners)
    assert_same(ours([MultilabelDiceLoss()], logits, packed, align_corners), expected)


@pytest.mark.parametrize('classes', [2, 31, 32, 40, 210])
def test_planes(classes, step):
    packed, target, valid = make_target(2, classes, 9, 10)
    logits = make_logits(2, classes, 4, 5)
    assert packed.shape[1] == -(-classes // 31)
    for loss, definition in ((MultilabelBCELoss, bce), (MultilabelTverskyLoss, tversky)):
        expected = plain(definition, {}, logits, target, valid)
        assert_same(ours([loss()], logits, packed), expected)


def test_several_losses_are_their_sum(step):
    packed, _, _ = make_target(2, 5, 13, 18)
    logits = make_logits(2, 5, 4, 6)
    losses = [
        MultilabelBCELoss(loss_weight=0.1),
        MultilabelDiceLoss(per_image=True),
        MultilabelFocalLoss(class_weight=[1, 2, 3, 4, 5]),
        MultilabelTverskyLoss(loss_weight=2.0, gamma=0.75),
    ]
    apart = [ours([loss], logits, packed) for loss in losses]
    together = ours(losses, logits, packed)
    assert_same(together, [sum(values) for values in zip(*apart, strict=True)])
    parts = class_by_class_loss(logits, packed, losses)[1]
    assert_same(parts, [value for value, _ in apart])


def test_ignored_pixels_have_no_say():
    """Other bits and other logits under the ignore bit change neither loss nor gradient there."""
    packed, _, valid = make_target(2, 3, 8, 8, ignored=0.3)
    ignored = valid == 0
    other = torch.where(ignored, packed ^ 0b101, packed)
    logits = make_logits(2, 3, 8, 8)
    moved = torch.where(ignored, -logits, logits)
    for loss, _, settings in CASES:
        value, gradient = ours([loss(**settings)], logits, packed)
        assert_same(ours([loss(**settings)], moved, other), (value, gradient))
        assert not gradient[ignored.expand_as(gradient)].any()
        assert gradient[~ignored.expand_as(gradient)].all()


def test_everything_ignored():
    packed = torch.full((1, 1, 4, 4), -1, dtype=torch.int32)
    for loss, _, settings in CASES:
        value, gradient = ours([loss(**settings)], make_logits(1, 3, 4, 4), packed)
        assert value == 0 or loss is MultilabelTverskyLoss and value < 1e-3
        assert not gradient.any()


def test_extreme_logits():
    """Saturated logits give finite losses and gradients; the wrong ones of BCE stay -1 and 1."""
    packed, target, _ = make_target(1, 3, 4, 4, ignored=0)
    for scale in (100.0, 1e4):
        logits = (scale * (1 - 2 * target)).float()
        for loss, _, settings in CASES:
            value, gradient = ours([loss(**settings)], logits, packed)
            assert value.isfinite() and gradient.isfinite().all()
        value, gradient = ours([MultilabelBCELoss()], logits, packed)
        assert value == pytest.approx(scale)
        assert_same([gradient * gradient.numel()], [(1 - 2 * target).float()])


@pytest.mark.parametrize('layout', [torch.contiguous_format, torch.channels_last])
def test_memory_layout(layout):
    packed, target, valid = make_target(2, 5, 12, 16)
    logits = make_logits(2, 5, 6, 8)
    expected = plain(bce, {}, logits, target, valid)
    assert_same(ours([MultilabelBCELoss()], logits.to(memory_format=layout), packed), expected)


def test_bf16_autocast():
    """Half-precision logits are read as float32; only the gradient is rounded, once."""
    packed, _, _ = make_target(2, 3, 16, 16)
    convolution = torch.nn.Conv2d(4, 3, 1)
    with torch.autocast('cpu', torch.bfloat16):
        logits = convolution(torch.randn(2, 4, 8, 8))
        logits.retain_grad()
        total, _ = class_by_class_loss(logits, packed, [MultilabelBCELoss(), MultilabelDiceLoss()])
    total.backward()
    assert logits.dtype == logits.grad.dtype == torch.bfloat16
    value, gradient = ours(
        [MultilabelBCELoss(), MultilabelDiceLoss()], logits.detach().float(), packed
    )
    assert total.dtype == torch.float32
    assert_same([total.detach(), logits.grad], [value, gradient.bfloat16()], 1e-6)


def test_scaled_gradients_of_float16_do_not_vanish():
    """The scale of mixed precision is applied before the gradient is rounded to float16."""
    packed, _, _ = make_target(1, 4, 64, 64)
    logits = make_logits(1, 4, 64, 64).half().requires_grad_()
    total, _ = class_by_class_loss(logits, packed, [MultilabelBCELoss(loss_weight=1e-4)])
    (total * 2**16).backward()
    _, expected = ours([MultilabelBCELoss(loss_weight=1e-4)], logits.detach().float(), packed)
    torch.testing.assert_close(logits.grad.float(), expected * 2**16, rtol=2e-3, atol=1e-7)


def test_no_tensor_of_full_size(largest_tensor):
    packed, target, valid = make_target(1, 29, 400, 400)
    logits = make_logits(1, 29, 100, 100).float()
    losses = [loss(**settings) for loss, _, settings in CASES[1::2]]
    with largest_tensor:
        ours(losses, logits, packed)
    assert largest_tensor.elements <= class_by_class.PIXELS_PER_STEP['cpu'] < target.numel() / 4
    with largest_tensor:
        plain(bce, {}, logits, target, valid)
    assert largest_tensor.elements >= target.numel()


def test_same_as_monai():
    losses = pytest.importorskip('monai.losses')
    packed, target, _ = make_target(3, 4, 10, 12, ignored=0)
    logits = make_logits(3, 4, 10, 12)
    smooth = dict(sigmoid=True, smooth_nr=0.5, smooth_dr=0.5)
    pairs = [
        (MultilabelDiceLoss(eps=0.5), losses.DiceLoss(batch=True, **smooth)),
        (MultilabelDiceLoss(eps=0.5, per_image=True), losses.DiceLoss(**smooth)),
        (
            MultilabelTverskyLoss(alpha=0.3, beta=0.6, eps=0.5, per_image=True),
            losses.TverskyLoss(alpha=0.3, beta=0.6, **smooth),
        ),
        (MultilabelFocalLoss(gamma=1.5, alpha=0.3), losses.FocalLoss(gamma=1.5, alpha=0.3)),
    ]
    for loss, other in pairs:
        leaf = logits.clone().requires_grad_()
        value = other(leaf, target)
        (gradient,) = torch.autograd.grad(value, leaf)
        assert_same(ours([loss], logits, packed), (value.detach().double(), gradient), 1e-6, 1e-8)


def test_tversky_becomes_dice():
    packed, _, _ = make_target(2, 3, 8, 9)
    logits = make_logits(2, 3, 4, 5)
    halves = MultilabelTverskyLoss(alpha=0.5, beta=0.5, eps=0.5)
    assert_same(ours([halves], logits, packed), ours([MultilabelDiceLoss(eps=1.0)], logits, packed))


def test_target_without_plane_axis():
    packed, _, _ = make_target(2, 3, 8, 9)
    logits = make_logits(2, 3, 4, 5)
    assert_same(
        ours([MultilabelDiceLoss()], logits, packed[:, 0]),
        ours([MultilabelDiceLoss()], logits, packed),
    )


@pytest.mark.parametrize('dtype', [torch.float32, torch.uint8, torch.int64])
def test_labels_of_another_type(dtype):
    packed, _, _ = make_target(2, 3, 8, 8)
    with pytest.raises(ValueError, match=f'int32, got {dtype}'):
        MultilabelBCELoss()(make_logits(2, 3, 4, 4), packed.to(dtype))


def test_labels_of_another_shape():
    packed, _, _ = make_target(2, 70, 8, 8)
    with pytest.raises(ValueError, match=r'\(2, 1, H, W\), got \(2, 3, 8, 8\)'):
        MultilabelBCELoss()(make_logits(2, 31, 4, 4), packed)
    packed, _, _ = make_target(2, 40, 8, 8)
    with pytest.raises(ValueError, match=r'\(1, 2, H, W\), got \(2, 2, 8, 8\)'):
        MultilabelBCELoss()(make_logits(1, 40, 4, 4), packed)


def test_another_number_of_class_weights():
    packed, _, _ = make_target(2, 3, 8, 8)
    with pytest.raises(ValueError, match='MultilabelDiceLoss has 2 class weights for 3 classes'):
        MultilabelDiceLoss(class_weight=[1, 2])(make_logits(2, 3, 4, 4), packed)


def test_pixel_weights():
    packed, _, _ = make_target(2, 3, 8, 8)
    with pytest.raises(ValueError, match='takes no pixel weights'):
        MultilabelDiceLoss()(make_logits(2, 3, 4, 4), packed, weight=torch.ones(2, 8, 8))
