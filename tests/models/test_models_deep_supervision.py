"""Auxiliary heads at coarse levels of a U-Net: same network, more gradients, gone when exported."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from loss_definitions import assert_same, bce, dice, make_target
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import handbone.models  # noqa: F401
from handbone.checkpoints.pretrained import drop_pretrained
from handbone.models.heads import MultilabelCoarseHead
from handbone.models.heads.coarse_head import coarse_labels

CLASSES = 5
CONFIGS = Path(__file__).parents[2] / 'configs'
COARSE = dict(type='MultilabelCoarseHead', num_classes=CLASSES)
HEADS = [
    dict(COARSE, in_channels=16, in_index=1, weight=0.5),
    dict(COARSE, in_channels=24, in_index=2, weight=0.25),
]


def build(outputs=3, auxiliary=HEADS):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='MultilabelEncoderDecoder',
            backbone=dict(type='FoldedUNet', channels=(8, 16, 24), fold=4, outputs=outputs),
            decode_head=dict(
                type='MultilabelPixelShuffleHead', in_channels=8, in_index=0, num_classes=CLASSES
            ),
            auxiliary_head=auxiliary,
        )
    )


def samples_of(packed):
    made = []
    for label in packed:
        sample = SegDataSample()
        sample.set_data(dict(gt_sem_seg=PixelData(data=label)))
        made.append(sample)
    return made


@pytest.mark.parametrize('neck', [False, True])
def test_levels_of_the_decoder(neck):
    """Finest first; the finest is what a network without further outputs gives."""
    torch.manual_seed(0)
    if neck:
        maps = [torch.randn(2, 4 * 2**i, 32 // 2**i, 32 // 2**i) for i in range(4)]
        settings = dict(type='UNetNeck', in_channels=(4, 8, 16, 32), channels=(8, 16, 24, 32))
    else:
        maps = torch.randn(2, 1, 128, 128)
        settings = dict(type='FoldedUNet', channels=(8, 16, 24, 32), fold=4)
    one, all_levels = MODELS.build(settings), MODELS.build(dict(settings, outputs=4))
    all_levels.load_state_dict(one.state_dict())
    found = all_levels(maps)
    shapes = [tuple(level.shape) for level in found]
    assert shapes == [(2, w, 32 // 2**i, 32 // 2**i) for i, w in enumerate((8, 16, 24, 32))]
    (finest,) = one(maps)
    assert torch.equal(finest, found[0])
    for wrong in (0, 5):
        with pytest.raises(ValueError, match=f'outputs is from 1 to 4, got {wrong}'):
            MODELS.build(dict(settings, outputs=wrong))


def test_losses_are_those_of_the_shrunk_labels():
    """By the plain definitions, on planes of every second and fourth pixel."""
    packed, target, valid = make_target(2, CLASSES, 64, 64)
    model = build()
    images = torch.randn(2, 1, 64, 64)
    losses = model.loss(images, samples_of(packed))
    features = model.extract_feat(images)
    for index, stride in enumerate((8, 16)):
        logits = model.auxiliary_head[index](features).double()
        middle = slice(stride // 2, None, stride)
        planes, counted = target[:, :, middle, middle], valid[:, :, middle, middle]
        expected = sum(each(logits, planes, counted).mean() for each in (bce, dice))
        found = losses[f'aux_{index}.loss_seg'].double()
        assert_same([found], [0.5 ** (index + 1) * expected], 1e-5, 1e-6)


def test_coarse_levels_get_gradients_of_their_own():
    packed, _, _ = make_target(1, CLASSES, 64, 64)
    model = build()
    losses = model.loss(torch.randn(1, 1, 64, 64), samples_of(packed))
    losses['aux_1.loss_seg'].backward()
    assert model.backbone.encoder[2][0].first.conv.weight.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in model.backbone.decoder[0].parameters())


@pytest.mark.parametrize('size', [(32, 16), (16, 16), (64, 32), (11, 7), (1, 1)])
def test_coarse_labels_are_labels_at_the_centres(size):
    """Those that torch calls nearest-exact, bit for bit."""
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(-(2**31), 2**31, (2, 3, 64, 32), dtype=np.int32))
    found = coarse_labels(labels, size)
    expected = F.interpolate(labels.double(), size, mode='nearest-exact').to(torch.int32)
    assert found.dtype == torch.int32 and torch.equal(found, expected)


def test_predictions_do_not_see_the_heads():
    image = torch.randn(1, 1, 64, 64)
    deep, plain = build().eval(), build(outputs=1, auxiliary=None).eval()
    own = {k: v for k, v in deep.state_dict().items() if not k.startswith('auxiliary_head')}
    plain.load_state_dict(own)
    with torch.no_grad():
        assert torch.equal(deep.encode_decode(image, []), plain.encode_decode(image, []))


def test_exported_files_are_without_the_heads():
    pytest.importorskip('onnx')
    pytest.importorskip('onnxscript')
    from handbone.export import Preprocessing
    from handbone.export.graph import to_graph

    def weights(model):
        preprocessing = Preprocessing((64, 64), False, 'area', 16, None, (127.5,), (64.0,))
        graph = to_graph(model.eval(), preprocessing, (0.5,) * CLASSES, False)
        initializers = graph.graph.initializer
        return sum(int(np.prod(each.dims)) for each in initializers)

    assert weights(build()) == weights(build(outputs=1, auxiliary=None))


@pytest.mark.parametrize(
    'name', ['ablations/deep_supervision', 'jsrt/unet_efficientnet-lite0_384_deep']
)
def test_shipped_configs_train(name):
    """Losses of three scales, halved from one to the next."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    drop_pretrained(cfg)
    model = MODELS.build(cfg.model)
    assert [head.weight for head in model.auxiliary_head] == [0.5, 0.25]
    classes = model.decode_head.num_classes
    packed, _, _ = make_target(2, classes, 128, 128)
    losses = model.loss(torch.randn(2, 1, 128, 128), samples_of(packed))
    summed = {key for key in losses if 'loss' in key}
    assert summed == {'decode.loss_seg', 'aux_0.loss_seg', 'aux_1.loss_seg'}
    assert all(losses[key].isfinite() for key in summed)
    kinds = [[type(each) for each in head.loss_decode] for head in model.auxiliary_head]
    assert kinds == [[type(each) for each in model.decode_head.loss_decode]] * 2


def test_packed_losses_only():
    with pytest.raises(ValueError, match='does not read packed labels'):
        MultilabelCoarseHead(8, num_classes=3, loss_decode=dict(type='CrossEntropyLoss'))
