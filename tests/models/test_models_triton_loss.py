"""The fused losses against the plain definitions, by Triton's interpreter or on a GPU.

Without a GPU ``test_models_triton_interpreter.py`` runs this file in a process of its own.
"""

import os

import pytest
import torch
import torch.nn.functional as F
from loss_definitions import (
    CASES,
    IDS,
    assert_same,
    bce,
    dice,
    make_logits,
    make_target,
    make_unknown,
    plain,
)

from handbone.masks import pack, planes_first
from handbone.models.losses import (
    MultilabelBCELoss,
    MultilabelDiceLoss,
    MultilabelFocalLoss,
    MultilabelTverskyLoss,
    class_by_class_loss,
)

pytest.importorskip('triton', reason='Triton is not installed')
INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
DEVICE = 'cuda' if torch.cuda.is_available() and not INTERPRETED else 'cpu'
pytestmark = pytest.mark.skipif(
    DEVICE == 'cpu' and not INTERPRETED,
    reason='no GPU; test_models_triton_interpreter.py runs these tests by the interpreter',
)
#: The interpreter computes in float64 where the logits are; the kernels on a GPU in float32.
DTYPE = torch.float64 if INTERPRETED else torch.float32
TOLERANCE = dict(rtol=1e-9, atol=1e-13) if INTERPRETED else dict(rtol=2e-5, atol=2e-8)


def fused(losses, logits, packed, factor=1.0):
    """Value and gradient by the kernels, on the CPU again."""
    logits = logits.to(DEVICE).requires_grad_()
    total, parts = class_by_class_loss(logits, packed.to(DEVICE), losses, backend='triton')
    assert not any(part.requires_grad for part in parts)
    torch.testing.assert_close(sum(parts), total.detach())
    (gradient,) = torch.autograd.grad(total * factor, logits)
    assert gradient.dtype == logits.dtype and gradient.is_contiguous()
    return total.detach().cpu(), gradient.cpu()


def assert_fused(losses, logits, packed, expected):
    """Compare in the most exact dtype, with the plain definition in float64."""
    found = (one.double() for one in fused(losses, logits.to(DTYPE), packed))
    assert_same(found, expected, **TOLERANCE)


@pytest.mark.parametrize(('loss', 'definition', 'settings'), CASES, ids=IDS)
def test_value_and_gradient(loss, definition, settings):
    packed, target, valid = make_target(2, 5, 13, 18)
    logits = make_logits(2, 5, 4, 6)
    weight = [1.0, 0.0, 2.5, 0.5, 1.0]
    module = loss(class_weight=weight, loss_weight=0.7, **settings)
    value, gradient = plain(definition, settings, logits, target, valid, weight)
    assert_fused([module], logits, packed, (0.7 * value, 0.7 * gradient))


def test_gradcheck():
    """Finite differences, which know nothing of our formulas."""
    if not INTERPRETED:
        pytest.skip('the kernels on a GPU are for float32')
    packed, _, _ = make_target(1, 2, 5, 6)
    logits = make_logits(1, 2, 2, 3).requires_grad_()
    losses = [loss(loss_weight=i + 1, **settings) for i, (loss, _, settings) in enumerate(CASES)]

    def total(logits):
        return class_by_class_loss(logits, packed, losses, backend='triton')[0]

    torch.autograd.gradcheck(total, logits)


# several tiles of both kernels with rests, several blocks a tile, one row, no upsampling, less
SIZES = [
    ((34, 35), (70, 131)),
    ((3, 20), (150, 67)),
    ((2, 3), (300, 41)),
    ((1, 1), (37, 5)),
    ((35, 66), (35, 66)),
    ((50, 40), (23, 31)),
    ((16, 90), (48, 60)),
    ((7, 5), (7, 11)),
]


@pytest.mark.parametrize(('low', 'size'), SIZES)
def test_geometry(low, size):
    packed, target, valid = make_target(1, 2, *size)
    logits = make_logits(1, 2, *low)
    expected = plain(dice, {}, logits, target, valid)
    assert_fused([MultilabelDiceLoss()], logits, packed, expected)


@pytest.mark.parametrize('classes', [31, 33])
def test_planes(classes):
    packed, target, valid = make_target(1, classes, 9, 10)
    logits = make_logits(1, classes, 4, 5)
    expected = plain(bce, {}, logits, target, valid)
    assert_fused([MultilabelBCELoss()], logits, packed, expected)


def test_all_losses_in_one_pass():
    packed, target, valid = make_target(2, 5, 13, 18)
    logits = make_logits(2, 5, 4, 6)
    weight = [1.0, 2.0, 3.0, 4.0, 5.0]
    value, gradient = 0, 0
    for index, (_, definition, settings) in enumerate(CASES):
        result = plain(definition, settings, logits, target, valid, weight)
        value, gradient = value + (index + 1) * result[0], gradient + (index + 1) * result[1]
    losses = [
        loss(class_weight=weight, loss_weight=index + 1, **settings)
        for index, (loss, _, settings) in enumerate(CASES)
    ]
    assert_fused(losses, logits, packed, (value, gradient))


@pytest.mark.parametrize('classes', [5, 40])
@pytest.mark.parametrize('low', [(4, 6), (13, 18)])
def test_unknown_classes(classes, low):
    packed, target, valid = make_target(3, classes, 13, 18)
    unknown, known = make_unknown(3, classes, 13, 18)
    logits = make_logits(3, classes, *low)
    value, gradient = 0, 0
    for _, definition, settings in CASES:
        result = plain(definition, settings, logits, target, valid * known)
        value, gradient = value + result[0], gradient + result[1]
    losses = [loss(**settings) for loss, _, settings in CASES]
    assert_fused(losses, logits, torch.cat([packed, unknown], 1), (value, gradient))


def test_every_part_has_its_own_value():
    packed, target, valid = make_target(2, 3, 9, 10)
    logits = make_logits(2, 3, 4, 5)
    losses = [loss(loss_weight=0.5, **settings) for loss, _, settings in CASES]
    parts = class_by_class_loss(
        logits.to(DEVICE, DTYPE), packed.to(DEVICE), losses, backend='triton'
    )[1]
    for part, (_, definition, settings) in zip(parts, CASES, strict=True):
        expected = plain(definition, settings, logits, target, valid)[0] / 2
        assert_same([part.cpu().double()], [expected], **TOLERANCE)


def test_classes_that_are_nowhere():
    packed, target, valid = make_target(1, 4, 12, 12)
    packed &= ~0b0101
    target[:, ::2] = 0
    logits = make_logits(1, 4, 3, 3)
    for loss, definition, settings in CASES[::4]:
        expected = plain(definition, settings, logits, target, valid)
        assert_fused([loss(**settings)], logits, packed, expected)


def test_ignored_pixels_have_no_say():
    packed, _, valid = make_target(2, 3, 8, 8, ignored=0.3)
    ignored = valid == 0
    other = torch.where(ignored, packed ^ 0b101, packed)
    logits = make_logits(2, 3, 8, 8)
    moved = torch.where(ignored, torch.nan, logits)
    losses = [loss(**settings) for loss, _, settings in CASES]
    value, gradient = fused(losses, logits, packed)
    assert_same(fused(losses, moved, other), (value, gradient))
    assert not gradient[ignored.expand_as(gradient)].any()


def test_everything_ignored():
    packed = torch.full((1, 1, 4, 4), -1, dtype=torch.int32)
    losses = [loss(**kw) for loss, _, kw in CASES if loss is not MultilabelTverskyLoss]
    value, gradient = fused(losses, make_logits(1, 3, 2, 2), packed)
    assert value == 0
    assert not gradient.any()


@pytest.mark.parametrize('scale', [30.0, 1e4])
def test_extreme_logits(scale):
    packed, target, _ = make_target(1, 3, 4, 4, ignored=0)
    for sign in (-1, 1):
        logits = (sign * scale * (1 - 2 * target)).float()
        value, gradient = fused([loss(**kw) for loss, _, kw in CASES], logits, packed)
        assert value.isfinite() and gradient.isfinite().all()
    value, gradient = fused([MultilabelBCELoss()], logits, packed)
    assert value == pytest.approx(scale)
    assert_same([gradient * gradient.numel()], [(1 - 2 * target).float()], 1e-6)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_dtypes_of_mixed_precision(dtype):
    """Half-precision logits are read as float32; only the gradient is rounded, once, scaled."""
    packed, target, valid = make_target(1, 2, 40, 64)
    logits = make_logits(1, 2, 10, 16).to(dtype)
    losses = [MultilabelBCELoss(loss_weight=1e-4), MultilabelDiceLoss(loss_weight=1e-4)]
    value, gradient = (
        1e-4 * (one + other)
        for one, other in zip(
            plain(bce, {}, logits.double(), target, valid),
            plain(dice, {}, logits.double(), target, valid),
            strict=True,
        )
    )
    found, scaled = fused(losses, logits, packed, factor=2.0**16)
    torch.testing.assert_close(found, value.float())
    epsilon = torch.finfo(dtype).eps
    torch.testing.assert_close(
        scaled.double(), gradient * 2**16, rtol=2 * max(epsilon, 1e-5), atol=1e-6
    )


def test_memory_layout():
    packed, target, valid = make_target(2, 5, 12, 16)
    logits = make_logits(2, 5, 6, 8)
    expected = plain(bce, {}, logits, target, valid)
    wide = torch.cat([packed, packed], -1)[..., :16]
    for layout in (torch.contiguous_format, torch.channels_last):
        found = logits.to(memory_format=layout)
        assert_fused([MultilabelBCELoss()], found, wide, expected)


def test_the_same_twice():
    packed, _, _ = make_target(1, 2, 40, 70)
    logits = make_logits(1, 2, 10, 20).float()
    losses = [MultilabelBCELoss(), MultilabelFocalLoss()]
    one, other = (fused(losses, logits, packed) for _ in range(2))
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_without_gradients():
    packed, target, valid = make_target(1, 3, 9, 9)
    logits = make_logits(1, 3, 3, 3)
    with torch.no_grad():
        total = class_by_class_loss(
            logits.to(DEVICE, DTYPE), packed.to(DEVICE), [MultilabelDiceLoss()], backend='triton'
        )[0]
    expected = plain(dice, {}, logits, target, valid)[0]
    assert_same([total.cpu().double()], [expected], **TOLERANCE)


def test_what_is_kept_for_the_gradient():
    """Logits and labels, which are there anyway, and a few numbers a class."""
    packed, _, _ = make_target(1, 2, 40, 40)
    kept = []
    keep = torch.autograd.graph.saved_tensors_hooks(kept.append, lambda each: each)
    with keep:
        class_by_class_loss(
            make_logits(1, 2, 5, 5).to(DEVICE, DTYPE).requires_grad_(),
            packed.to(DEVICE),
            [MultilabelBCELoss(), MultilabelDiceLoss()],
            backend='triton',
        )
    assert [each.shape for each in kept] == [(1, 2, 5, 5), (1, 1, 40, 40), (6, 1, 2)]


@pytest.mark.skipif(DEVICE == 'cpu', reason='needs a GPU')
def test_memory_on_a_gpu():
    """29 classes at 1536 x 1536 in at most 5 % of what the plain loss takes beyond its inputs."""
    masks = torch.rand(29, 1536, 1536) < 0.3
    packed = planes_first(pack(masks.numpy()))[None].to(DEVICE)
    target = masks[None].to(DEVICE)
    logits = torch.randn(1, 29, 384, 384, device=DEVICE, requires_grad=True)

    def plain_step():
        full = F.interpolate(logits, 1536, mode='bilinear')
        probability, truth = full.sigmoid(), target.float()
        both = (probability * truth).sum((0, 2, 3))
        size = probability.sum((0, 2, 3)) + truth.sum((0, 2, 3))
        loss = F.binary_cross_entropy_with_logits(full, truth)
        return loss + (1 - (2 * both + 1) / (size + 1)).mean()

    def our_step():
        losses = [MultilabelBCELoss(), MultilabelDiceLoss()]
        return class_by_class_loss(logits, packed, losses, backend='triton')[0]

    peaks, results = [], []
    for step in (plain_step, our_step):
        for _ in range(2):  # what is made once is not counted
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            loss = step()
            (gradient,) = torch.autograd.grad(loss, logits)
            peak = torch.cuda.max_memory_allocated() - before
            result = loss.detach().cpu(), gradient.cpu()
            del loss, gradient
        peaks.append(peak)
        results.append(result)
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-9)
    assert peaks[1] <= 0.05 * peaks[0], peaks
