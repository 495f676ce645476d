"""Test-time augmentation against the mean of the views' probabilities."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmseg.registry import MODELS

from handbone.configuration.shipped import base_path
from handbone.masks import planes_last, unpack

SIZE = (96, 168)


@pytest.fixture
def tta(build_segmentor):
    def make(**settings):
        segmentor = build_segmentor(**settings)
        return MODELS.build(dict(type='MultilabelTTAModel', module=segmentor))

    return make


def run(model, *views):
    """Predict one image from views, each an image and its sample."""
    with torch.no_grad():
        (result,) = model.test_step(
            dict(
                inputs=[[image] for image, _ in views],
                data_samples=[[sample] for _, sample in views],
            )
        )
    return result


def flipped(view, make_sample, direction='horizontal', axis=2, **metainfo):
    image, sample = view
    metainfo = dict(flip=True, flip_direction=direction, **metainfo)
    return image.flip(axis), make_sample(*image.shape[1:], sample.ori_shape, **metainfo)[1]


def probabilities(model, image):
    """Of the padded image at the head's resolution, block means of 4 x 4 pixels."""
    height, width = image.shape[1:]
    padded = F.pad((image - 127.5) / 64, (0, -width % 32, 0, -height % 32))
    features = model.module.backbone(padded[None])
    with torch.no_grad():
        logits = model.module.decode_head(features)
    return logits[0, :, : height // 4, : width // 4].sigmoid()


def assert_same(result, mean, threshold=0.5):
    full = F.interpolate(torch.logit(mean)[None], SIZE, mode='bilinear')[0]
    limit = torch.logit(torch.as_tensor(threshold)).reshape(-1, 1, 1)
    found = torch.from_numpy(unpack(planes_last(result.pred_sem_seg.data), len(full)))
    assert ((found != (full > limit)) & ((full - limit).abs() > 1e-4)).sum() == 0
    assert 0.05 < found.float().mean() < 0.95


def blind_spot(image):
    """Spoil one half, so that a view and its mirror image disagree."""
    image = image.clone()
    image[:, :, : image.shape[2] // 3] *= 0.3
    return image


def test_mean_of_flips(tta, make_sample):
    """Different images pass as views here: only then is a mean seen to be one."""
    model = tta(num_classes=40)
    image, sample = make_sample(48, 84, SIZE)
    mirrored, mirrored_sample = flipped((blind_spot(image), sample), make_sample)
    upside_down, upside_sample = flipped((image * 0.7, sample), make_sample, 'vertical', 1)
    result = run(model, (image, sample), (mirrored, mirrored_sample), (upside_down, upside_sample))
    mean = (
        probabilities(model, image)
        + probabilities(model, blind_spot(image))
        + probabilities(model, image * 0.7)
    ) / 3
    assert_same(result, mean)
    assert result.img_path == 'image.png' and not result.metainfo.get('flip', False)
    assert 'seg_logits' not in result


@pytest.mark.parametrize('own', [True, False])
def test_views_are_normalised_as_the_segmentor_was_trained(own):
    """The runner gives every model the data preprocessor of the top level."""
    module = Config.fromfile(base_path('models/folded_unet.py')).model
    top_level = dict(module.data_preprocessor)
    if own:
        module.data_preprocessor.update(mean=[26.0], std=[54.0])
    else:
        del module.data_preprocessor
    model = MODELS.build(
        dict(type='MultilabelTTAModel', module=module, data_preprocessor=top_level)
    )
    used = model.module.data_preprocessor
    assert (used.mean.item(), used.std.item()) == ((26.0, 54.0) if own else (127.5, 64.0))


def test_thresholds(tta, make_sample):
    threshold = [0.3, 0.5, 0.7, 0.6, 0.45]
    model = tta(test_cfg=dict(threshold=threshold))
    image, sample = make_sample(48, 84, SIZE)
    other = blind_spot(image)
    result = run(model, (image, sample), flipped((other, sample), make_sample))
    mean = (probabilities(model, image) + probabilities(model, other)) / 2
    assert_same(result, mean, threshold)


def test_other_scale(tta, make_sample):
    model = tta()
    image, sample = make_sample(48, 84, SIZE)
    larger, larger_sample = make_sample(64, 112, SIZE)
    result = run(model, (image, sample), (larger, larger_sample))
    logits = torch.logit(probabilities(model, larger))
    resized = F.interpolate(logits[None], (12, 21), mode='bilinear')[0].sigmoid()
    assert_same(result, (probabilities(model, image) + resized) / 2)


def test_swapped_classes(tta, make_sample):
    """Views with right and left swapped are swapped back before averaging."""
    model = tta()
    image, sample = make_sample(48, 84, SIZE)
    swap = [(0, 1), (2, 4)]
    result = run(model, (image, sample), flipped((image, sample), make_sample, swap_classes=swap))
    mean = probabilities(model, image)
    assert_same(result, (mean + mean[[1, 0, 4, 3, 2]]) / 2)


@pytest.mark.parametrize('shown', [(50, 86), (49, 83)])
def test_views_fit_on_each_other(tta, make_sample, shown):
    """The image ends inside a logit pixel, on another side in each view: a mirrored input still
    gives the mirrored prediction."""
    model = tta()
    image, sample = make_sample(*shown, SIZE)
    image = blind_spot(image)
    found = run(model, (image, sample), flipped((image, sample), make_sample))
    mirror, mirror_sample = image.flip(2), make_sample(*shown, SIZE)[1]
    expected = run(model, (mirror, mirror_sample), flipped((mirror, mirror_sample), make_sample))
    different = found.pred_sem_seg.data != expected.pred_sem_seg.data.flip(2)
    assert different.float().mean() < 1e-3


def test_batch(tta, make_sample):
    model = tta()
    views = [make_sample(48, 84, SIZE, seed=seed) for seed in range(2)]
    others = [flipped((blind_spot(image), sample), make_sample) for image, sample in views]
    with torch.no_grad():
        results = model.test_step(
            dict(
                inputs=[[image for image, _ in part] for part in (views, others)],
                data_samples=[[sample for _, sample in part] for part in (views, others)],
            )
        )
    assert len(results) == 2
    for (image, _), result in zip(views, results, strict=True):
        mean = (probabilities(model, image) + probabilities(model, blind_spot(image))) / 2
        assert_same(result, mean)


def test_agreement_of_views(tta, make_sample, monkeypatch):
    """The summary of the mean, and the Dice between the image and its mirror image, which a
    network that shifts its logits every second time sees differently."""
    plain = tta(num_classes=5)
    model = MODELS.build(
        dict(type='MultilabelTTAModel', module=plain.module, views=[{}, dict(flip='horizontal')])
    )
    shift = torch.linspace(0.2, 1, 5)[:, None, None]
    inference, calls = model.module.inference, []

    def shifting(*arguments):
        calls.append(None)
        return inference(*arguments) - shift * (len(calls) % 2 == 0)

    monkeypatch.setattr(model.module, 'inference', shifting)
    image, sample = make_sample(64, 96, (64, 96))
    data = dict(inputs=[blind_spot(image)], data_samples=[sample])
    with torch.no_grad():
        (without,) = model.test_step(data)
        assert 'logit_summary' not in without.metainfo
        labels = without.pred_sem_seg.data
        model.module.test_cfg['summarise'] = {}
        (result,) = model.test_step(data)
    assert torch.equal(result.pred_sem_seg.data, labels)
    summary = result.metainfo['logit_summary']
    seen = blind_spot(image)
    first = probabilities(model, seen)
    second = (torch.logit(probabilities(model, seen.flip(2)).flip(2)) - shift).sigmoid()
    masks = first > 0.5, second > 0.5
    both = 2 * (masks[0] & masks[1]).sum(dim=(1, 2))
    areas = masks[0].sum(dim=(1, 2)) + masks[1].sum(dim=(1, 2))
    torch.testing.assert_close(torch.from_numpy(summary.agreement), (both / areas).double())
    mean = (first + second) / 2
    inside = [each[each > 0.5].mean().item() for each in mean]
    assert summary.confidence.tolist() == pytest.approx(inside, abs=1e-4)
    assert summary.agreement.max() < 1
