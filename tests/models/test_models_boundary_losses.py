"""Asymmetric, Lovász and boundary losses against their definitions on planes."""

import numpy as np
import pytest
import torch
from loss_definitions import (
    assert_same,
    focal,
    make_logits,
    make_target,
    make_unknown,
    mean_of_images,
    mean_of_known,
    ours,
    plain,
)
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from scipy.ndimage import distance_transform_edt

from handbone.masks import join_unknown
from handbone.models.heads import MultilabelPixelShuffleHead
from handbone.models.losses import (
    MultilabelAsymmetricLoss,
    MultilabelBCELoss,
    MultilabelBoundaryLoss,
    MultilabelDiceLoss,
    MultilabelFocalLoss,
    MultilabelLovaszLoss,
    class_by_class,
    class_by_class_loss,
)
from handbone.models.losses.boundary import signed_distances


def asymmetric(x, t, valid, gamma_positive=0.0, gamma_negative=4.0, margin=0.05, alpha=None):
    p = torch.sigmoid(x)
    q = (p - margin).clamp(min=0)
    weights = (1, 1) if alpha is None else (alpha, 1 - alpha)
    present = -weights[0] * (1 - p) ** gamma_positive * torch.log(p)
    absent = -weights[1] * q**gamma_negative * torch.log(1 - q)
    return mean_of_known(torch.where(t > 0, present, absent), valid)


def jaccard_loss(wrong, present):
    """Of the set of pixels that are wrong: one minus intersection over union."""
    predicted = wrong ^ present
    union = predicted | present
    return 1.0 - (predicted & present).sum() / union.sum() if union.any() else 0.0


def lovasz_of(x, t):
    """The Lovász extension as a sum over chains of sets, pixel by pixel."""
    errors = 1 - x * (2 * t - 1)
    order = torch.argsort(errors.detach(), descending=True)
    present = t.numpy().astype(bool)
    wrong, before, total = np.zeros(len(t), bool), 0.0, x.new_zeros(())
    for index in order.tolist():
        wrong[index] = True
        now = float(jaccard_loss(wrong, present))
        total = total + errors[index].clamp(min=0) * (now - before)
        before = now
    return total


def lovasz(x, t, valid, per_image=False):
    known = valid.expand_as(x) > 0
    if per_image:
        pairs = [
            torch.stack(
                [lovasz_of(x[n, c][known[n, c]], t[n, c][known[n, c]]) for c in range(x.shape[1])]
            )
            for n in range(len(x))
        ]
        return mean_of_images(torch.stack(pairs), valid)
    return torch.stack(
        [lovasz_of(x[:, c][known[:, c]], t[:, c][known[:, c]]) for c in range(x.shape[1])]
    )


def distances(mask):
    """By SciPy: of pixel centres to the nearest one of the other kind, less half a pixel."""
    if mask.all() or not mask.any():
        return np.zeros(mask.shape)
    outside, within = distance_transform_edt(~mask), distance_transform_edt(mask)
    return np.where(mask, 0.5 - within, outside - 0.5) / max(mask.shape)


def boundary(x, t, valid):
    masks = (t * valid).numpy().astype(bool)
    away = np.stack([[distances(mask) for mask in image] for image in masks])
    return mean_of_known(torch.sigmoid(x) * torch.from_numpy(away), valid)


CASES = [
    (MultilabelAsymmetricLoss, asymmetric, {}),
    (MultilabelAsymmetricLoss, asymmetric, dict(gamma_positive=1.0, margin=0.2, alpha=0.7)),
    (MultilabelAsymmetricLoss, asymmetric, dict(gamma_positive=2.5, gamma_negative=1, margin=0)),
    (MultilabelAsymmetricLoss, asymmetric, dict(gamma_negative=0.0, margin=0.1)),
    (MultilabelLovaszLoss, lovasz, {}),
    (MultilabelLovaszLoss, lovasz, dict(per_image=True)),
    (MultilabelBoundaryLoss, boundary, {}),
]
IDS = [f'{case[0].__name__[10:-4]}{i}' for i, case in enumerate(CASES)]
each_case = pytest.mark.parametrize(('loss', 'definition', 'settings'), CASES, ids=IDS)
#: Distances of OpenCV are float32.
CLOSE = dict(rtol=1e-6, atol=1e-7)


@pytest.fixture(params=['all classes at once', 'one class at a time'])
def step(request, monkeypatch):
    """Both ways through the classes; small test images would always take the first."""
    if request.param == 'one class at a time':
        monkeypatch.setitem(class_by_class.PIXELS_PER_STEP, 'cpu', 1)


@each_case
def test_value_and_gradient(loss, definition, settings, step):
    packed, target, valid = make_target(2, 5, 13, 18)
    logits = make_logits(2, 5, 4, 6)
    weight = [1.0, 0.0, 2.5, 0.5, 1.0]
    module = loss(class_weight=weight, loss_weight=0.7, **settings)
    value, gradient = plain(definition, settings, logits, target, valid, weight)
    assert_same(ours([module], logits, packed), (0.7 * value, 0.7 * gradient), **CLOSE)


@each_case
def test_in_the_order_of_the_pixels(loss, definition, settings):
    """A head that need not reorder its logits does where a loss reads the places of pixels."""
    losses = [dict(type=MultilabelBCELoss), dict(type=loss, **settings)]
    head = MultilabelPixelShuffleHead(4, num_classes=5, in_index=0, upscale=2, loss_decode=losses)
    head.double()
    packed, _, _ = make_target(2, 5, 12, 16)
    samples = [SegDataSample(gt_sem_seg=PixelData(data=planes)) for planes in packed]
    maps = make_logits(2, 4, 6, 8)
    weight = head.to_pixels.weight
    found = head.loss([maps], samples, {})['loss_seg']
    expected, _ = class_by_class_loss(head([maps]), packed, list(head.loss_decode))
    gradients = (torch.autograd.grad(value, weight)[0] for value in (found, expected))
    assert_same((found, next(gradients)), (expected, next(gradients)))


@each_case
def test_unknown_classes(loss, definition, settings, step):
    packed, target, valid = make_target(2, 5, 9, 8)
    unknown, known = make_unknown(2, 5, 9, 8)
    both = torch.stack([join_unknown(*pair) for pair in zip(packed, unknown, strict=True)])
    logits = make_logits(2, 5, 4, 6)
    expected = plain(definition, settings, logits, target, valid * known)
    assert_same(ours([loss(**settings)], logits, both), expected, **CLOSE)


@each_case
def test_ignored_pixels_have_no_say(loss, definition, settings):
    packed, _, valid = make_target(2, 3, 8, 8, ignored=0.3)
    ignored = valid == 0
    logits = make_logits(2, 3, 8, 8)
    found = ours([loss(**settings)], logits, packed)
    moved = torch.where(ignored, -logits, logits)
    other = torch.where(ignored, packed ^ 0b101, packed)
    assert_same(ours([loss(**settings)], moved, other), found)
    assert not found[1][ignored.expand_as(logits)].any() and found[1].any()


@each_case
def test_extreme_logits(loss, definition, settings):
    packed, target, _ = make_target(1, 3, 8, 8, ignored=0)
    for scale in (-1e4, -100.0, 100.0, 1e4):
        logits = (scale * (2 * target - 1)).float()
        value, gradient = ours([loss(**settings)], logits, packed)
        assert value.isfinite() and gradient.isfinite().all()
    if loss is not MultilabelBoundaryLoss:  # whose best value is below 0
        assert value == 0 and not gradient.any()


@each_case
def test_other_layouts(loss, definition, settings):
    """Classes in channels-last order, and half-precision logits as mixed precision gives them."""
    packed, target, valid = make_target(2, 5, 12, 16)
    logits = make_logits(2, 5, 6, 8)
    expected = ours([loss(**settings)], logits, packed)
    last = logits.to(memory_format=torch.channels_last)
    assert_same(ours([loss(**settings)], last, packed), expected)
    value, _ = ours([loss(**settings)], logits.bfloat16(), packed)
    assert value.dtype == torch.float32 and value == pytest.approx(float(expected[0]), abs=0.02)


def test_beside_other_losses(step):
    packed, _, _ = make_target(2, 5, 13, 18)
    logits = make_logits(2, 5, 4, 6)
    losses = [MultilabelBCELoss(), MultilabelDiceLoss(), *(loss(**s) for loss, _, s in CASES)]
    apart = [ours([loss], logits, packed) for loss in losses]
    together = ours(losses, logits, packed)
    assert_same(together, [sum(values) for values in zip(*apart, strict=True)])


def test_asymmetric_becomes_focal():
    packed, target, valid = make_target(2, 3, 8, 9)
    logits = make_logits(2, 3, 4, 5)
    settings = dict(gamma_positive=2.0, gamma_negative=2.0, margin=0.0, alpha=0.25)
    expected = ours([MultilabelFocalLoss()], logits, packed)
    assert_same(ours([MultilabelAsymmetricLoss(**settings)], logits, packed), expected)
    assert_same(plain(focal, {}, logits, target, valid), expected)


def test_distances_of_half_planes():
    """To the boundary between pixels: half a pixel on both of its sides."""
    mask = torch.zeros(1, 1, 4, 8)
    mask[..., :3] = 1
    expected = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 4.5]) / 8
    assert_same([signed_distances(mask)], [expected.expand(1, 1, 4, 8)], 1e-6)
    assert not signed_distances(torch.ones(1, 2, 4, 8)).any()
    assert not signed_distances(torch.zeros(1, 2, 4, 8)).any()


def test_lovasz_is_the_jaccard_loss_of_hard_predictions():
    """Errors of 0 and 1 are a set, on which the extension is the function itself."""
    packed, target, _ = make_target(1, 3, 8, 8, ignored=0)
    hard = torch.where(
        torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(2)) < 0.3, 0, 1
    )
    logits = hard * (2 * target - 1)  # an error of 0 where right, of 1 where the logit is 0
    value, _ = ours([MultilabelLovaszLoss()], logits, packed)
    wrong, present = (hard == 0).numpy()[0], target.numpy().astype(bool)[0]
    expected = np.mean([jaccard_loss(*pair) for pair in zip(wrong, present, strict=True)])
    assert float(value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(gamma_positive=0.5), 'gamma_positive is 0 or at least 1, got 0.5'),
        (dict(gamma_negative=-1), 'gamma_negative is 0 or at least 1, got -1'),
        (dict(margin=1.0), 'margin is from 0 to below 1, got 1.0'),
        (dict(alpha=2), 'alpha is from 0 to 1, got 2'),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        MultilabelAsymmetricLoss(**settings)
