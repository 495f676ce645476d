"""Losses where classes are unknown, against the plain definitions with one mask per class."""

import numpy as np
import pytest
import torch
from loss_definitions import (
    CASES,
    IDS,
    assert_same,
    make_logits,
    make_target,
    make_unknown,
    ours,
    plain,
)
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.masks import boundary_pixels, join_unknown, pack, planes_first
from handbone.models.losses import class_by_class

SIZE = (13, 18)


@pytest.fixture(params=['all classes at once', 'one class at a time'])
def step(request, monkeypatch):
    if request.param == 'one class at a time':
        monkeypatch.setitem(class_by_class.PIXELS_PER_STEP, 'cpu', 1)


@pytest.mark.parametrize('classes', [5, 40])
@pytest.mark.parametrize(('loss', 'definition', 'settings'), CASES, ids=IDS)
def test_value_and_gradient(loss, definition, settings, classes, step):
    packed, target, valid = make_target(3, classes, *SIZE)
    unknown, known = make_unknown(3, classes, *SIZE)
    logits = make_logits(3, classes, 4, 6)
    weight = [1.0, 2.5, 0.5, 1.0, 3.0] * (classes // 5)
    module = loss(class_weight=weight, loss_weight=0.7, **settings)
    value, gradient = plain(definition, settings, logits, target, valid * known, weight)
    found = ours([module], logits, torch.cat([packed, unknown], dim=1))
    assert_same(found, (0.7 * value, 0.7 * gradient))


@pytest.mark.parametrize(('loss', 'definition', 'settings'), CASES, ids=IDS)
def test_an_unknown_class_is_not_learned(loss, definition, settings):
    """No gradient where a class is unknown; those of the others are as if all were known."""
    packed, target, valid = make_target(2, 4, *SIZE)
    unknown = torch.zeros_like(packed)
    unknown[:] = 0b1010
    logits = make_logits(2, 4, 4, 6)
    _, gradient = ours([loss(**settings)], logits, torch.cat([packed, unknown], dim=1))
    _, complete = ours([loss(**settings)], logits, packed)
    assert not gradient[:, [1, 3]].any()
    assert_same([gradient[:, [0, 2]]], [complete[:, [0, 2]]])


def test_nothing_unknown_is_the_same_as_no_unknown_bits():
    packed, _, _ = make_target(2, 5, *SIZE)
    logits = make_logits(2, 5, 4, 6)
    joined = torch.cat([packed, torch.zeros_like(packed)], dim=1)
    for loss, _, settings in CASES:
        assert_same(
            ours([loss(**settings)], logits, joined), ours([loss(**settings)], logits, packed)
        )


def build(name, **settings):
    torch.manual_seed(0)
    if name != 'PixelShuffleHead':
        settings |= dict(channels=8, norm_cfg=dict(type='BN'), dropout_ratio=0)
    return MODELS.build(dict(type=f'Multilabel{name}', num_classes=3) | settings)


def samples(*unknown, size=(24, 20)):
    """A square of each of three classes in every image; some unknown bits (3, H, W) beside them."""
    masks = np.zeros((3, *size), bool)
    for index in range(3):
        masks[index, 3 + 5 * index : 9 + 5 * index, 4:12] = True
    made = []
    for each in unknown:
        data = planes_first(pack(masks))
        if each is not None:
            data = join_unknown(data, planes_first(pack(np.broadcast_to(each, masks.shape))))
        meta = dict(unknown_planes=0 if each is None else 1)
        made.append(SegDataSample(gt_sem_seg=PixelData(data=data), metainfo=meta))
    return made


SECOND = np.array([False, True, False])[:, None, None]


@pytest.mark.parametrize('name', ['FCNHead', 'PixelShuffleHead'])
def test_batches_of_images_with_and_without_unknown_classes(name):
    """The loss of a head is that of the batch in which every image has a map of unknown bits."""
    settings = dict(in_channels=8)
    settings |= dict(upscale=2) if name == 'PixelShuffleHead' else dict(in_index=0)
    head = build(name, **settings).eval()
    features = (torch.randn(2, 8, 12, 10),)
    mixed = head.loss(features, samples(None, SECOND), {})['loss_seg']
    whole = head.loss(features, samples(np.zeros_like(SECOND), SECOND), {})['loss_seg']
    known = head.loss(features, samples(None, None), {})['loss_seg']
    assert mixed == whole != known


def test_context_loss_leaves_unknown_classes_out():
    head = build('EncHead', in_channels=[8], in_index=[0], num_codes=4)
    mixed = samples(SECOND, None)
    found = head._convert_to_onehot_labels(head._stack_batch_gt(mixed), 3)
    assert found.tolist() == [[1, -1, 1], [1, 1, 1]]
    context = torch.zeros(2, 3, requires_grad=True)
    losses = head.loss_by_feat((torch.zeros(2, 3, 6, 5), context), mixed)
    (gradient,) = torch.autograd.grad(losses['loss_se'], context)
    assert (gradient != 0).tolist() == [[True, False, True], [True, True, True]]


def test_boundaries_of_known_classes_only():
    """Unknown classes have no boundary, and where one may be, none is learned."""
    (known,), (partly,) = samples(None), samples(SECOND)
    labels, unknown = partly.gt_sem_seg.data[None].split(1, dim=1)
    complete = known.gt_sem_seg.data[None]
    found = boundary_pixels(labels, unknown)
    assert torch.equal(found, boundary_pixels(complete & 0b101))
    assert not torch.equal(found, boundary_pixels(complete))
    half = SECOND & (np.arange(20) < 8)
    (cut,) = samples(np.broadcast_to(half, (3, 24, 20)))
    labels, unknown = cut.gt_sem_seg.data[None].split(1, dim=1)
    assert not boundary_pixels(labels & 0b010, unknown)[0, 0, 9:13, 6:10].any()

    head = build('PIDHead', in_channels=8)
    drawn = head.boundary_map(partly.gt_sem_seg.data[None])
    assert set(drawn.unique().tolist()) == {1, 255}
    assert set(head.boundary_map(complete).unique().tolist()) == {0, 1}
    head = build('STDCHead', in_channels=8, in_index=0, num_convs=1, num_classes=2)
    drawn = head.boundary_labels(labels, unknown)
    assert (drawn < 0).any() and (drawn[..., 12:] >= 0).all()
    losses = head.loss_by_feat(torch.zeros(2, 2, 6, 5), [partly, known])
    assert losses['loss_seg'].isfinite()
