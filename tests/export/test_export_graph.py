"""Graphs of transformers, for batches of other sizes than the traced one, against PyTorch."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
onnxruntime = pytest.importorskip('onnxruntime')

import handbone  # noqa: E402, F401  registers the models
from handbone.export import Preprocessing  # noqa: E402
from handbone.export.graph import UnsupportedModelError, to_graph  # noqa: E402
from handbone.masks import logits_to_packed  # noqa: E402

PREPROCESSING = Preprocessing(
    (96, 64), True, 'area', 32, (64, 96), (120.0, 110.0, 100.0), (60.0, 50.0, 55.0)
)
SWIN = dict(
    type='SDPASwinTransformer',
    embed_dims=12,
    depths=(2, 1, 1, 1),  # the second layer shifts its windows
    num_heads=(1, 2, 2, 2),
    window_size=7,
)
UPER = dict(
    type='MultilabelUPerHead',
    in_channels=[12, 24, 48, 96],
    in_index=[0, 1, 2, 3],
    channels=8,
    pool_scales=(1, 2),
    num_classes=3,
    norm_cfg=dict(type='GN', num_groups=2),
    align_corners=False,
)


def build(backbone, head):
    init_default_scope('mmseg')
    torch.manual_seed(0)
    preprocessor = dict(type='SegDataPreProcessor', mean=[0.0], std=[1.0])
    model = dict(type='MultilabelEncoderDecoder', data_preprocessor=preprocessor)
    model.update(backbone=backbone, decode_head=head, test_cfg=dict(mode='whole'))
    return MODELS.build(model).eval()


@pytest.mark.slow
@pytest.mark.parametrize('batch', [1, 3])
def test_swin_with_any_batch(swin_graph, batch):
    graph, segmentor = swin_graph
    generator = torch.Generator().manual_seed(batch)
    images = 255 * torch.rand((batch, 1, 64, 96), generator=generator)
    content = (60, 91)
    mean, std = (
        torch.tensor(values)[None, :, None, None]
        for values in (PREPROCESSING.mean, PREPROCESSING.std)
    )
    inputs = (images - mean) / std
    inputs[:, :, content[0] :] = 0
    inputs[:, :, :, content[1] :] = 0
    with torch.no_grad():
        logits = segmentor.encode_decode(inputs, [])
    part = (content[0] / 4, content[1] / 4)
    limits = [0.5, 0.4, 0.6]
    expected = np.stack(
        [logits_to_packed(each, (120, 182), limits, part).numpy() for each in logits]
    )
    feed = dict(images=images.numpy(), content=np.array(content), size=np.array([120, 182]))
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=['CPUExecutionProvider']
    )
    labels = session.run(None, feed)[0]
    assert labels.shape == expected.shape and len(np.unique(expected)) > 3
    assert (labels != expected).mean() < 1e-3


@pytest.fixture(scope='module')
def swin_graph():
    segmentor = build(SWIN, UPER)
    return to_graph(segmentor, PREPROCESSING, (0.5, 0.4, 0.6)), segmentor


class CountingNetwork(torch.nn.Module):
    """A network that decides by the sum of its input, in Python."""

    def inference(self, images, metas):
        return images if images.sum() > 0 else -images


def test_what_cannot_be_exported_is_said():
    with pytest.raises(UnsupportedModelError, match='data-dependent'):
        to_graph(CountingNetwork(), PREPROCESSING, (0.5, 0.4, 0.6))
