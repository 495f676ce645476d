"""Networks of segmentation_models.pytorch against themselves, and names that do not exist."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from handbone.checkpoints.pretrained import drop_pretrained, fetch_pretrained
from handbone.engine import ClassCountHook
from handbone.engine.hooks.model_input_hook import check_input
from handbone.extras import MissingExtraError, import_extra
from handbone.masks import decode, encode, pack, planes_first, planes_last
from handbone.models.losses import MultilabelBCELoss, MultilabelDiceLoss, class_by_class_loss
from handbone.models.segmentors import smp_network

CLASSES = 5
PARTS = ('loss_seg', 'bce', 'dice')
VIT = dict(encoder_name='tu-vit_tiny_patch16_224', dynamic_img_size=True)


def build(arch='Unet', **settings):
    torch.manual_seed(0)
    base = dict(type='SMPSegmentor', arch=arch, encoder_name='resnet18', num_classes=CLASSES)
    return MODELS.build(base | settings)


def make_samples(side=64):
    masks = np.random.default_rng(0).random((2, CLASSES, side, side)) < 0.3
    return [SegDataSample(gt_sem_seg=PixelData(data=planes_first(pack(one)))) for one in masks]


@pytest.mark.parametrize(
    ('arch', 'settings'),
    [
        ('Unet', {}),
        ('UnetPlusPlus', {}),
        ('MAnet', {}),
        ('Linknet', {}),
        ('FPN', {}),
        ('PSPNet', {}),
        ('DeepLabV3', {}),
        ('DeepLabV3Plus', dict(encoder_name='timm-efficientnet-b0')),
        ('PAN', dict(side=128)),
        ('UPerNet', dict(encoder_name='tu-resnet18')),
        ('Segformer', dict(encoder_name='mit_b0')),
        ('DPT', VIT),
    ],
)
def test_every_architecture_trains_predicts_and_writes_rle(smp, arch, settings):
    side = settings.get('side', 64)
    settings = {key: value for key, value in settings.items() if key != 'side'}
    model = build(arch, **settings)
    images, samples = torch.randn(2, 3, side, side), make_samples(side)
    total, log = model.parse_losses(model(images, samples, mode='loss'))
    total.backward()
    assert total.isfinite() and set(log) == {'loss', *(f'decode.{key}' for key in PARTS)}
    (layer,) = model.output_convolutions()
    assert layer.out_channels == CLASSES and layer.weight.grad.any()
    model.eval()
    with torch.no_grad():
        (packed, _) = (planes_last(one.pred_sem_seg.data) for one in model.predict(images))
    assert np.array_equal(decode(encode(packed, CLASSES), side, side), packed)


@pytest.mark.parametrize('arch', ['Unet', 'FPN', 'DeepLabV3Plus'])
@torch.no_grad()
def test_same_as_smp_with_its_weights(smp, arch):
    """smp's checkpoints have our keys less `model.`; only its last upsampling is left out."""
    theirs = smp.create_model(arch, 'resnet18', encoder_weights=None, classes=CLASSES).eval()
    images = torch.randn(1, 3, 96, 64)
    expected = theirs(images)
    whole, low = build(arch, full_size_logits=True).eval(), build(arch).eval()
    for ours in (whole, low):
        ours.model.load_state_dict(theirs.state_dict())
        network = {key for key in ours.state_dict() if not key.startswith('data_preprocessor')}
        assert network == {f'model.{key}' for key in theirs.state_dict()}
    torch.testing.assert_close(whole._forward(images), expected)
    logits = low._forward(images)
    assert logits.shape[2] == (96 if arch == 'Unet' else 24)
    upsampled = F.interpolate(logits, (96, 64), mode='bilinear', align_corners=True)
    torch.testing.assert_close(upsampled, expected, rtol=1e-4, atol=1e-5)


def test_loss_is_that_of_the_heads(smp):
    model, samples = build('FPN').eval(), make_samples()
    images = torch.randn(2, 3, 64, 64)
    losses = model.loss(images, samples)
    target = torch.stack([sample.gt_sem_seg.data for sample in samples])
    expected, _ = class_by_class_loss(
        model._forward(images), target, [MultilabelBCELoss(), MultilabelDiceLoss()]
    )
    torch.testing.assert_close(losses['decode.loss_seg'], expected)


@torch.no_grad()
def test_output_starts_at_class_frequencies(smp):
    model = build('DeepLabV3Plus').eval()
    frequencies = torch.tensor([0.3, 0.01, 0.002, 0.05, 0.5])
    model.set_output_bias(frequencies)
    torch.nn.init.zeros_(model.output_convolutions()[0].weight)
    logits = model._forward(torch.randn(1, 3, 64, 64))
    torch.testing.assert_close(logits.sigmoid().mean((0, 2, 3)), frequencies)


def test_classes_are_counted(smp):
    dataset = SimpleNamespace(metainfo=dict(classes=('a', 'b')))
    runner = SimpleNamespace(model=build(), train_dataloader=SimpleNamespace(dataset=dataset))
    with pytest.raises(ValueError, match='SMPSegmentor of the model has num_classes=5'):
        ClassCountHook().before_train(runner)


def test_inputs_that_it_cannot_take(smp):
    check_input(build(), (1, 3, 64, 64))
    with pytest.raises(ValueError, match='cannot take images of 72 x 64.*96 x 64 would work'):
        check_input(build('UnetPlusPlus'), (1, 3, 72, 64))
    with pytest.raises(ValueError, match='model.decoder.aspp.* batch of 1 '):
        check_input(build('DeepLabV3Plus'), (1, 3, 64, 64))


@pytest.mark.parametrize(
    ('settings', 'words'),
    [
        (dict(arch='Unett'), "no architecture 'Unett'. Nearest: Unet.*There are: .*DeepLabV3Plus"),
        (
            dict(encoder_name='resnet51'),
            "no encoder 'resnet51'. Nearest: .*resnet50.*There are: .*densenet161.*tu-NAME",
        ),
        (dict(encoder_name='tu-hrnet_w63'), "no encoder 'tu-hrnet_w63'. Nearest: .*tu-hrnet_w64"),
        (
            dict(encoder_weights='imagnet'),
            "no weights of resnet18 'imagnet'. Nearest: imagenet.*There are: .*swsl",
        ),
        (
            dict(decoder_chanels=8),
            "no argument of Unet 'decoder_chanels'. Nearest: decoder_channels",
        ),
        (
            dict(arch='UnetPlusPlus', encoder_name='mit_b0'),
            "UnetPlusPlus cannot be built on encoder 'mit_b0'",
        ),
        (dict(decoder_channels=(8, 8)), r'cannot be built .*decoder_channels=\(8, 8\)'),
        (dict(activation='sigmoid'), 'losses and thresholds take logits; remove activation'),
        (dict(num_classes=0), 'num_classes=0; at least 1 class is needed'),
        (dict(loss_decode=dict(type='CrossEntropyLoss')), 'does not read packed labels'),
        (dict(test_cfg=dict(mode='slide')), "test_cfg.mode='slide'"),
    ],
)
def test_wrong_settings(smp, settings, words):
    with pytest.raises(ValueError, match=words):
        build(**settings)


def test_weights_are_those_that_were_downloaded(smp, monkeypatch):
    """Only the encoder's, and only when the weights are initialised."""
    plain = smp_network.build_smp_network
    pretrained = plain('DeepLabV3Plus', 'resnet18', 3, CLASSES)

    def downloaded(*args, encoder_weights=None, **settings):
        return plain(*args, **settings) if encoder_weights is None else pretrained

    monkeypatch.setattr(smp_network, 'build_smp_network', downloaded)
    model = build('DeepLabV3Plus', encoder_weights='imagenet')
    decoder = {key: weight.clone() for key, weight in model.model.decoder.state_dict().items()}
    model.init_weights()
    for key, weight in model.model.encoder.state_dict().items():
        assert torch.equal(weight, pretrained.encoder.state_dict()[key])
    for key, weight in model.model.decoder.state_dict().items():
        assert torch.equal(weight, decoder[key])


def test_weights_without_a_network(smp, monkeypatch):
    def offline(*_, **__):
        raise ConnectionError('Name or service not known\n  and a long story')

    model = build(encoder_weights='imagenet')
    monkeypatch.setattr(smp_network, 'build_smp_network', offline)
    message = "'imagenet' of encoder resnet18 .*not known.*HF_HOME.*--from-scratch"
    with pytest.raises(OSError, match=message) as caught:
        model.init_weights()
    assert 'story' not in str(caught.value)


def test_from_scratch():
    config = Config(dict(model=dict(type='SMPSegmentor', encoder_weights='imagenet')))
    fetch_pretrained(config)  # leaves it to smp
    assert config.model.encoder_weights == 'imagenet'
    drop_pretrained(config)
    assert config.model.encoder_weights is None


def test_missing_extra():
    with pytest.raises(MissingExtraError, match=r'not_there is not installed.*handbone\[smp\]'):
        import_extra('not_there', 'smp')


def test_extra_that_does_not_load(tmp_path, monkeypatch):
    text = "raise RuntimeError('operator torchvision::nms does not exist')\n"
    (tmp_path / 'broken_package.py').write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtraError, match='does not load .*nms.*handbone check'):
        import_extra('broken_package', 'smp')
