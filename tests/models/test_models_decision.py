"""Classes that exclude each other, from multilabel heads and from the heads of mmseg."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import PixelData
from mmseg.models import FCNHead
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from striped_object import (
    build_cascade,
    build_second_look,
    network_with_background,
    small_part_region,
)

from handbone import masks
from handbone.engine import ClassCountHook
from handbone.ensembles.mean_logits import Decided
from handbone.ensembles.members import decided_by
from handbone.errors import HandboneError
from handbone.models.segmentors import background_heads
from handbone.models.segmentors.viewing import Shown

PLAIN = dict(type='FCNHead', num_classes=6)


def exclusive(build_segmentor, head=None, **test_cfg):
    return build_segmentor(5, head=head, test_cfg=dict(decision='exclusive', **test_cfg))


def predict(model, image, sample):
    with torch.no_grad():
        (result,) = model.test_step(dict(inputs=[image], data_samples=[sample]))
    return result.pred_sem_seg.data


def numbers(packed):
    assert not masks.overlapping(packed[None]).any()
    return masks.index_map(packed[None])[0]


def channels_of(model, image):
    """What the head of a 64 x 96 image gives, background first."""
    with torch.no_grad():
        logits = model.decode_head.forward(model.backbone((image[None] - 127.5) / 64))
    if model.has_background:
        return logits
    return torch.cat([torch.zeros_like(logits[:, :1]), logits], dim=1)


def expected_numbers(channels, size):
    """An argmax of all planes at full size, and where two are close."""
    full = F.interpolate(channels, size, mode='bilinear')[0]
    largest = full.topk(2, dim=0)
    return largest.indices[0], largest.values[0] - largest.values[1] < 1e-4


@pytest.mark.parametrize('head', [None, PLAIN], ids=['multilabel', 'mmseg'])
@pytest.mark.parametrize('original', [(64, 96), (150, 225), (40, 60)])
def test_an_argmax_at_the_size_of_the_file(build_segmentor, make_sample, head, original):
    model = exclusive(build_segmentor, head)
    image, sample = make_sample(64, 96, original)
    expected, close = expected_numbers(channels_of(model, image), original)
    found = numbers(predict(model, image, sample))
    assert torch.equal(found[~close], expected[~close])
    assert close.float().mean() < 0.01
    assert len(found.unique()) > 3


def test_no_head_upsamples_all_channels(build_segmentor, make_sample, largest_tensor):
    model = exclusive(build_segmentor, PLAIN)
    image, sample = make_sample(64, 96, (640, 960))
    with largest_tensor:
        labels = predict(model, image, sample)
    assert largest_tensor.elements <= labels.numel()


def test_a_head_that_predicts_in_its_own_way(build_segmentor, make_sample):
    """Its own prediction is mmseg's, at the size of the image or of a window."""

    class OwnWay(FCNHead):
        def predict_by_feat(self, seg_logits, batch_img_metas):
            return super().predict_by_feat(seg_logits, batch_img_metas)

    image, sample = make_sample(64, 96)
    whole = exclusive(build_segmentor, PLAIN | dict(type=OwnWay))
    expected, close = expected_numbers(channels_of(whole, image), (64, 96))
    found = numbers(predict(whole, image, sample.clone()))
    assert torch.equal(found[~close], expected[~close])
    slides = dict(mode='slide', crop_size=(32, 32), stride=(32, 32))
    windows = exclusive(build_segmentor, PLAIN | dict(type=OwnWay), **slides)
    agree = numbers(predict(windows, image, sample.clone())) == expected
    assert agree.float().mean() > 0.97  # windows do not see their surroundings


def test_windows_give_what_the_whole_gives(build_segmentor, make_sample):
    image, sample = make_sample(64, 96)
    slides = dict(mode='slide', crop_size=(32, 32), stride=(16, 16))
    windows = exclusive(build_segmentor, PLAIN, **slides)
    expected, close = expected_numbers(channels_of(windows, image), (64, 96))
    found = numbers(predict(windows, image, sample))
    assert torch.equal(found[~close], expected[~close])


def test_a_threshold_is_what_the_largest_logit_has_to_exceed(build_segmentor, make_sample):
    model = exclusive(build_segmentor, threshold=0.9)
    image, sample = make_sample(64, 96)
    channels = channels_of(model, image)
    channels[:, 0] = np.log(9)
    expected, close = expected_numbers(channels, (64, 96))
    found = numbers(predict(model, image, sample))
    assert torch.equal(found[~close], expected[~close])


def test_one_class_where_views_of_two_regions_overlap(build_segmentor, make_sample):
    """Pixels that both views show had the classes of both."""
    model = exclusive(build_segmentor)
    image, sample = make_sample(64, 96)

    def seen(*signs):
        def views(inputs, samples):
            samples = [samples[0], *(samples[0].clone() for _ in signs[1:])]
            return Shown(torch.cat([sign * inputs for sign in signs]), samples, [0] * len(signs))

        model.views = views
        return numbers(predict(model, image, sample.clone()))

    one, other = seen(1), seen(-1)
    several = (one > 0) & (other > 0)
    assert (several & (one != other)).any()
    expected = torch.where(several, torch.minimum(one, other), torch.maximum(one, other))
    assert torch.equal(seen(1, -1), expected)


@pytest.mark.parametrize('build', [build_cascade, build_second_look])
def test_a_cascade_has_the_background_of_the_network_that_labels(build):
    """Views and ensembles averaged probabilities that its logits do not stand for."""
    network = network_with_background()
    looks = [dict(network=network, regions=[small_part_region()])]
    part = dict(network=network) if build is build_cascade else dict(first=network, looks=looks)
    assert decided_by(build(**part)) == Decided(exclusive=True, has_background=True)
    assert not build().has_background
    with pytest.raises(HandboneError, match='threshold=0.3 has no meaning here'):
        build(**part, test_cfg=dict(threshold=0.3))


@pytest.mark.parametrize('merge', ['probabilities', 'logits'])
@pytest.mark.parametrize('head', [None, PLAIN], ids=['multilabel', 'mmseg'])
def test_views_are_averaged_as_softmax_or_sigmoid(build_segmentor, make_sample, head, merge):
    model = exclusive(build_segmentor, head)
    views = [dict(), dict(flip='horizontal'), dict(scale=2.0)]
    augmented = MODELS.build(
        dict(type='MultilabelTTAModel', module=model, views=views, merge=merge)
    )
    image, sample = make_sample(64, 96)
    found = predict(augmented, image, sample)
    total = 0
    for scale, flip in ((1, False), (1, True), (2, False)):
        shown = image.flip(-1) if flip else image
        if scale == 2:
            normalised = (image[None] - 127.5) / 64
            shown = F.interpolate(normalised, scale_factor=2, mode='bilinear')[0] * 64 + 127.5
        channels = channels_of(model, shown)
        if scale == 2:
            channels = F.interpolate(channels, (16, 24), mode='bilinear')
        channels = channels.flip(-1) if flip else channels
        if merge == 'probabilities':
            channels = channels.softmax(dim=1) if head else channels.sigmoid()
        total = total + channels / 3
    if merge == 'probabilities':
        total = total.log() if head else total.logit()
    expected, close = expected_numbers(total, (64, 96))
    agree = (numbers(found) == expected)[~close]
    assert agree.float().mean() > 0.99  # the edges of a scaled view are interpolated differently


def test_the_loss_is_that_of_mmseg_on_class_numbers(build_segmentor, make_sample):
    auxiliary = dict(PLAIN, in_channels=3, in_index=0, channels=3, num_convs=0, concat_input=False)
    model = build_segmentor(
        head=PLAIN,
        auxiliary_head=auxiliary | dict(dropout_ratio=0),
        test_cfg=dict(decision='exclusive'),
    )
    image, sample = make_sample(64, 96)
    planes = np.random.default_rng(0).random((5, 64, 96)) < 0.1
    planes &= planes.cumsum(axis=0) == 1
    packed = masks.planes_first(masks.pack(planes, np.arange(64 * 96).reshape(64, 96) % 7 == 0))
    sample.gt_sem_seg = PixelData(data=packed)
    inputs = (image[None] - 127.5) / 64
    losses = model.loss(inputs, [sample])
    full = F.interpolate(model.decode_head(model.backbone(inputs)), (64, 96), mode='bilinear')
    target = torch.from_numpy(np.where(planes.any(axis=0), planes.argmax(axis=0) + 1, 0))
    target[masks.ignore_bits(packed[None])[0]] = 255
    expected = CrossEntropyLoss()(full, target[None], ignore_index=255)
    torch.testing.assert_close(losses['decode.loss_ce'], expected)
    right = (full[0].argmax(dim=0) == target)[target != 255]
    torch.testing.assert_close(losses['decode.acc_seg'][0], 100 * right.float().mean())
    assert 'aux.loss_ce' in losses
    assert torch.equal(sample.gt_sem_seg.data, packed), 'the labels of the sample stay packed'


def test_overlapping_labels_are_said_once(build_segmentor, make_sample, monkeypatch):
    model = exclusive(build_segmentor, PLAIN)
    image, sample = make_sample(64, 96)
    sample.set_metainfo(dict(img_path='a.png'))
    packed = torch.zeros(1, 64, 96, dtype=torch.int32)
    packed[:, :2] = 6
    sample.gt_sem_seg = PixelData(data=packed)
    said, samples = [], []
    monkeypatch.setattr(background_heads, 'print_log', lambda text, **kwargs: said.append(text))
    model.decode_head.loss = lambda inputs, batch, cfg: samples.extend(batch) or {}
    for _ in range(2):
        model.loss(image[None], [sample])
    (text,) = said
    assert text.startswith('a.png: 192 pixels belong to several classes')
    assert samples[0].gt_sem_seg.data.unique().tolist() == [0, 2]


def test_pixels_of_unknown_class_are_ignored():
    labels = torch.tensor([[[0, 0, 2]]], dtype=torch.int32)
    unknown = torch.tensor([[[0, 4, 4]]], dtype=torch.int32)
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=torch.cat([labels, unknown]))
    (made,) = background_heads.IndexMaps(5, 99)([sample])
    assert made.gt_sem_seg.data.tolist() == [[[0, 99, 2]]]


def test_filled_holes_take_no_pixel_from_a_class(build_segmentor, make_sample):
    model = exclusive(build_segmentor, PLAIN, postprocess=[dict(type='FillHoles')])
    _, sample = make_sample(64, 96)
    logits = torch.full((1, 5, 16, 24), -10.0)
    logits[:, 2, 4:12, 4:12] = 10.0  # a ring with another class and background inside
    logits[:, 2, 6:10, 6:10] = -10.0
    logits[:, 4, 7:9, 7:9] = 10.0
    (result,) = model.postprocess_result(logits, [sample])
    found = numbers(result.pred_sem_seg.data)
    assert found[32, 32] == 5
    assert found[26, 26] == 3


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(test_cfg=dict(decision='softmax')), "'independent' or 'exclusive', got 'softmax'"),
        (dict(head=PLAIN), "decode_head is FCNHead, .*'exclusive'.*MultilabelFCNHead"),
        (dict(threshold=[0.5, 0.5, 0.4, 0.5, 0.5]), 'different thresholds'),
        (dict(head=PLAIN, threshold=0.4), r'threshold=0\.4 has no meaning here'),
        (
            dict(head=dict(type='FCNHead', num_classes=2, out_channels=1, threshold=0.3)),
            'num_classes=2 and out_channels=1: a head of mmseg needs a channel for the background',
        ),
        (
            dict(
                head=PLAIN,
                auxiliary_head=dict(
                    type='MultilabelFCNHead', in_channels=3, channels=3, num_classes=5
                ),
            ),
            'decode_head has a channel for the background and MultilabelFCNHead has none',
        ),
    ],
)
def test_what_does_not_fit_is_refused(build_segmentor, settings, message):
    settings = dict(settings)
    threshold = settings.pop('threshold', None)
    is_default = settings == dict(head=PLAIN) and threshold is None
    if 'test_cfg' not in settings and not is_default:
        settings['test_cfg'] = dict(decision='exclusive')
        settings['test_cfg'] |= {} if threshold is None else dict(threshold=threshold)
    with pytest.raises(HandboneError, match=message):
        build_segmentor(**settings)


@pytest.mark.parametrize(
    ('classes', 'message'),
    [
        ('abcd', r'^decode_head of .* num_classes=6, the background .* has 4 classes: .* one more'),
        (('Background', *'abcde'), "names 'Background', but the background is what no class"),
    ],
)
def test_a_class_list_that_does_not_fit_is_refused(build_segmentor, classes, message):
    runner = SimpleNamespace(model=exclusive(build_segmentor, PLAIN))
    dataset = SimpleNamespace(metainfo=dict(classes='abcde'))
    runner.test_dataloader = SimpleNamespace(dataset=dataset)
    ClassCountHook().before_test(runner)
    dataset.metainfo = dict(classes=classes)
    with pytest.raises(HandboneError, match=message):
        ClassCountHook().before_test(runner)
