"""Heads that read labels in their own ways: context, boundaries, branches."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.masks import IGNORE_BIT, boundary_pixels, pack, planes_first
from handbone.models.losses import MultilabelBCELoss, MultilabelDiceLoss, class_by_class_loss

CLASSES = 40  # two planes


def build(name, **settings):
    base = dict(channels=8, num_classes=CLASSES, norm_cfg=dict(type='BN'), dropout_ratio=0)
    torch.manual_seed(0)
    return MODELS.build(base | dict(type=f'Multilabel{name}') | settings)


def make_labels(size=(24, 20), ignored=True):
    """Overlapping rectangles of some of the classes, and a corner to ignore."""
    rng = np.random.default_rng(0)
    masks = np.zeros((2, CLASSES, *size), bool)
    for image in masks:
        for index in rng.choice(CLASSES, 12, replace=False):
            top, left = rng.integers(0, 16, 2)
            image[index, top : top + 7, left : left + 6] = True
    ignore = np.zeros(size, bool)
    ignore[:5, :9] = ignored
    maps = [planes_first(pack(image, ignore)) for image in masks]
    return [SegDataSample(gt_sem_seg=PixelData(data=one)) for one in maps], masks, ignore


def stack(samples):
    return torch.stack([sample.gt_sem_seg.data for sample in samples])


def plain_boundaries(masks, ignore):
    """Pixel by pixel: one of the eight neighbours has other classes."""
    count, _, height, width = masks.shape
    found = np.zeros((count, 1, height, width), bool)
    for image in range(count):
        for y in range(height):
            for x in range(width):
                for down in (-1, 0, 1):
                    for right in (-1, 0, 1):
                        v, u = y + down, x + right
                        if not (0 <= v < height and 0 <= u < width):
                            continue
                        if ignore[y, x] or ignore[v, u]:
                            continue
                        if (masks[image, :, y, x] != masks[image, :, v, u]).any():
                            found[image, 0, y, x] = True
    return found


def test_boundary_pixels():
    samples, masks, ignore = make_labels()
    found = boundary_pixels(stack(samples)).numpy()
    expected = plain_boundaries(masks, ignore)
    assert expected.any() and not expected.all()
    assert np.array_equal(found, expected)


def test_context_target_is_the_classes_in_the_image():
    samples, masks, ignore = make_labels()
    head = build('EncHead', in_channels=[8], in_index=[0], num_codes=4)
    found = head._convert_to_onehot_labels(stack(samples), CLASSES)
    assert np.array_equal(found.numpy(), (masks & ~ignore).any((2, 3)))
    assert found.any() and not found.all()


def test_context_loss():
    samples, masks, _ = make_labels(ignored=False)
    head = build('EncHead', in_channels=[8], in_index=[0], num_codes=4)
    logits, context = torch.randn(2, CLASSES, 6, 5), torch.randn(2, CLASSES)
    losses = head.loss_by_feat((logits, context), samples)
    present = torch.from_numpy(masks.any((2, 3))).float()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(context, present)
    torch.testing.assert_close(losses['loss_se'], 0.2 * expected)
    assert set(losses) == {'loss_se', 'loss_seg', 'bce', 'dice'}


def test_detail_target_does_not_depend_on_the_numbers_of_classes():
    samples, masks, ignore = make_labels()
    head = build('STDCHead', in_channels=8, in_index=0, num_convs=1, num_classes=2)
    found = head.boundary_labels(stack(samples))
    assert found.shape == (2, 1, 24, 20) and found.dtype == torch.int32
    # boundaries at full and at half resolution are above the threshold, those at a quarter are not
    full = plain_boundaries(masks, ignore)
    half = full[:, :, ::2, ::2].repeat(2, 2).repeat(2, 3)
    expected = np.where(full | half, 2, 1)
    seen = np.broadcast_to(~ignore, expected.shape)
    assert np.array_equal(found.numpy()[seen], expected[seen])
    assert (found.numpy()[~seen] < 0).all()
    swapped = pack(masks[0][::-1], ignore)
    assert torch.equal(head.boundary_labels(planes_first(swapped)[None]), found[:1])


def test_detail_head_has_two_classes():
    with pytest.raises(ValueError, match='num_classes=40.*keeps num_classes=2'):
        build('STDCHead', in_channels=8, in_index=0)
    head = build('STDCHead', in_channels=8, in_index=0, num_classes=2)
    assert head.output_convolutions() == []  # no start at class frequencies, no class count


def expected_loss(logits, target):
    return class_by_class_loss(logits, target, [MultilabelBCELoss(), MultilabelDiceLoss()])[0]


def test_both_branches_of_ddrnet():
    samples, _, _ = make_labels()
    head = build('DDRHead', in_channels=16, spatial_weight=0.3)
    logits = [torch.randn(2, CLASSES, 6, 5) for _ in range(2)]
    losses = head.loss_by_feat(tuple(logits), samples)
    context, spatial = (expected_loss(one, stack(samples)) for one in logits)
    torch.testing.assert_close(losses['context.loss_seg'], context)
    torch.testing.assert_close(losses['spatial.loss_seg'], 0.3 * spatial)
    assert {key for key in losses if 'loss' in key} == {'context.loss_seg', 'spatial.loss_seg'}


def test_three_branches_of_pidnet():
    samples, masks, ignore = make_labels()
    head = build('PIDHead', in_channels=16, boundary_width=4)
    target = stack(samples)
    logits = [torch.randn(2, CLASSES, 24, 20) for _ in range(2)]
    boundary = torch.randn(2, 1, 24, 20) + 1
    losses = head.loss_by_feat((*logits, boundary), samples)
    torch.testing.assert_close(
        losses['proportional.loss_seg'], 0.4 * expected_loss(logits[0], target)
    )
    torch.testing.assert_close(losses['integral.loss_seg'], expected_loss(logits[1], target))
    ignored = target.clone()
    ignored[(boundary.sigmoid() <= 0.8).expand_as(target)] = IGNORE_BIT
    assert 0 < (ignored < 0).float().mean() < 1
    torch.testing.assert_close(losses['boundary.loss_seg'], expected_loss(logits[1], ignored))

    # one pixel more on each side of the two of boundary_pixels
    thin = np.pad(plain_boundaries(masks, ignore), ((0, 0), (0, 0), (1, 1), (1, 1)))
    thick = sum(thin[:, :, y : y + 24, x : x + 20].astype(int) for y in range(3) for x in range(3))
    truth = torch.from_numpy(thick > 0)
    counted = torch.from_numpy(np.broadcast_to(~ignore, truth.shape).copy())
    share = truth[counted].float().mean()
    weight = torch.where(truth, 1 - share, share) * counted
    each = torch.nn.functional.binary_cross_entropy_with_logits(
        boundary, truth.float(), reduction='none'
    )
    torch.testing.assert_close(losses['loss_boundary'], 20 * (weight * each).mean())


def test_no_pixel_is_taken_for_a_boundary():
    samples, _, _ = make_labels()
    head = build('PIDHead', in_channels=16)
    logits = [torch.randn(2, CLASSES, 6, 5, requires_grad=True) for _ in range(2)]
    losses = head.loss_by_feat((*logits, torch.full((2, 1, 6, 5), -9.0)), samples)
    total = sum(value for key, value in losses.items() if 'loss' in key)
    total.backward()
    assert total.isfinite() and logits[1].grad.isfinite().all()


@pytest.mark.parametrize('width', [0, 3])
def test_odd_boundaries(width):
    with pytest.raises(ValueError, match=f'boundary_width={width}.*even number'):
        build('PIDHead', in_channels=16, boundary_width=width)


@pytest.mark.parametrize(
    ('name', 'settings', 'number'),
    [
        ('DDRHead', dict(in_channels=16), 2),
        ('EncHead', dict(in_channels=[8], in_index=[0], num_codes=4), 1),
        ('PIDHead', dict(in_channels=16), 2),
        (
            'SegmenterMaskTransformerHead',
            dict(in_channels=8, embed_dims=8, num_heads=2, num_layers=1, in_index=0),
            1,
        ),
    ],
)
def test_outputs_start_at_class_frequencies(name, settings, number):
    head = build(name, **settings)
    frequencies = torch.linspace(0.01, 0.6, CLASSES)
    head.set_output_bias(frequencies)
    layers = head.output_convolutions()
    assert len(layers) == number
    for layer in layers:
        torch.testing.assert_close(layer.bias.sigmoid(), frequencies)
