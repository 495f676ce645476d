"""Graphs of transformers, for batches of other sizes than the traced one, against PyTorch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
onnxruntime = pytest.importorskip('onnxruntime')

import handbone  # noqa: E402, F401  registers the models
from handbone.export import Preprocessing  # noqa: E402
from handbone.export.graph import (  # noqa: E402
    UnsupportedModelError,
    _forget_the_exporting_machine,
    to_graph,
)
from handbone.masks import logits_to_packed  # noqa: E402

HERE = str(Path(__file__).parents[2]).encode()
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


class Branching(torch.nn.Module):
    """A network whose branch depends on the image."""

    def forward(self, images):
        return torch.cond(images.sum() > 0, torch.sin, lambda each: each.abs() + 1, (images,))


def test_branches_forget_the_exporting_machine():
    """The exporter of PyTorch notes paths and stack traces in the branches of conditions too."""
    program = torch.onnx.export(Branching().eval(), (torch.ones(2, 3),), dynamo=True, verbose=False)
    model = program.model_proto
    branches = [attribute.g for node in model.graph.node for attribute in node.attribute]
    assert any(len(branch.node) for branch in branches) or model.functions
    before = model.SerializeToString()
    assert HERE in before or b'site-packages' in before
    _forget_the_exporting_machine(model)
    after = model.SerializeToString()
    assert HERE not in after and b'site-packages' not in after
    session = onnxruntime.InferenceSession(after, providers=['CPUExecutionProvider'])
    for values in (np.ones((2, 3), np.float32), -np.ones((2, 3), np.float32)):
        (found,) = session.run(None, {session.get_inputs()[0].name: values})
        expected = np.sin(values) if values.sum() > 0 else np.abs(values) + 1
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_every_part_of_a_model_forgets_the_exporting_machine():
    def noted(part):
        part.doc_string = f'{HERE.decode()}/{type(part).__name__}'
        part.metadata_props.add(key='stack', value=part.doc_string)
        return part

    def graph(name, *nodes):
        made = noted(onnx.helper.make_graph(list(map(noted, nodes)), name, [], [noted(value())]))
        made.initializer.append(noted(onnx.helper.make_tensor('weight', 1, [1], [1.0])))
        made.value_info.append(noted(value('between')))
        return made

    def value(name='out'):
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1])

    def node(kind, **attributes):
        return onnx.helper.make_node(kind, ['weight'], ['out'], **attributes)

    inner = graph('inner', node('Loop', body=graph('innermost', node('Identity'))))
    branches = dict(then_branch=inner, else_branch=graph('other', node('Identity')))
    condition = node('If', **branches)
    opset = [onnx.helper.make_opsetid('', 20)]
    body = [noted(node('If', **branches))]
    function = noted(onnx.helper.make_function('own', 'F', ['weight'], ['out'], body, opset))
    function.value_info.append(noted(value('between')))
    model = noted(onnx.helper.make_model(graph('outer', condition), functions=[function]))
    for attribute in condition.attribute:
        attribute.doc_string = HERE.decode()
    assert model.SerializeToString().count(HERE) > 20
    _forget_the_exporting_machine(model)
    assert HERE not in model.SerializeToString()
    assert model.graph.node[0].attribute[0].g.node[0].op_type in ('Loop', 'Identity')
    assert model.functions[0].node[0].attribute[0].g.initializer[0].float_data[:] == [1.0]
