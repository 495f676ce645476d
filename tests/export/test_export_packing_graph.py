"""The packing part of exported graphs, in both runtimes, against PyTorch's own upsampling."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from handbone.masks import pack

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')
openvino = pytest.importorskip('openvino')

from handbone.export.packing_graph import append_packing, without_packing  # noqa: E402
from handbone.export.sessions import SUFFIXES, is_exported, open_session  # noqa: E402

NEAR = 1e-4  # of the threshold: there rounding decides


def identity_model(num_classes):
    """A model whose logits are its images, one pixel for 4 x 4."""
    value = onnx.helper.make_tensor_value_info
    shapes = dict(images=['batch', num_classes, 'rows', 'columns'], content=[2])
    nodes = [
        onnx.helper.make_node(
            'AveragePool', ['images'], ['logits'], 'shrink', kernel_shape=[4, 4], strides=[4, 4]
        )
    ]
    graph = onnx.helper.make_graph(
        nodes,
        'identity',
        [
            value('images', onnx.TensorProto.FLOAT, shapes['images']),
            value('content', onnx.TensorProto.INT64, shapes['content']),
        ],
        [value('logits', onnx.TensorProto.FLOAT, shapes['images'])],
    )
    opset = onnx.helper.make_opsetid('', 20)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10)


def reference(logits, limits, content, size):
    """Upsample with F.interpolate, with scale factors where the content ends inside a logit."""
    cut = logits[:, :, : math.ceil(content[0]), : math.ceil(content[1])]
    # one more row and column, the last ones again, do not change what lies within the content
    longer = F.pad(torch.from_numpy(cut), (0, 1, 0, 1), mode='replicate')
    factors = tuple(full / low for full, low in zip(size, content, strict=True))
    full = F.interpolate(longer, scale_factor=factors, mode='bilinear', align_corners=False)
    return full[:, :, : size[0], : size[1]].numpy() - limits[:, None, None]


@pytest.fixture(
    scope='module', params=[(3, False), (31, False), (40, False), (3, True), (40, True)]
)
def case(request):
    num_classes, exclusive = request.param
    generator = np.random.default_rng(num_classes)
    limits = generator.normal(0, 0.3, num_classes).astype(np.float32)
    if exclusive:
        limits[:] = limits[0]
    model = identity_model(num_classes)
    append_packing(model, limits, exclusive)
    onnx.checker.check_model(model)
    images = generator.normal(0, 1, (2, num_classes, 32, 48)).astype(np.float32)
    return model, limits, images, exclusive


@pytest.fixture(scope='module')
def sessions(case, tmp_path_factory):
    """The product's own sessions of the graph: they compute in float32 on every processor."""
    model = case[0]
    folder = tmp_path_factory.mktemp('graph')
    onnx.save(model, folder / 'graph.onnx')
    graph = openvino.Core().read_model(folder / 'graph.onnx')
    openvino.save_model(graph, folder / 'graph.xml', compress_to_fp16=False)
    return [open_session(folder / f'graph{suffix}', 'labels', 'cpu', 1) for suffix in SUFFIXES]


@pytest.mark.parametrize('content', [(32, 48), (30, 41)])
@pytest.mark.parametrize('size', [(101, 67), (7, 96)])
def test_labels_are_those_of_one_upsampling(case, sessions, content, size):
    _, limits, images, exclusive = case
    inputs = dict(images=images, content=np.array(content), size=np.array(size))
    low = images.reshape(2, len(limits), 8, 4, 12, 4).mean((3, 5))
    full = reference(low, limits, (content[0] / 4, content[1] / 4), size)
    sure = (np.abs(full) > NEAR).all(1)
    if exclusive:
        second, first = np.sort(full, axis=1)[:, -2:].transpose(1, 0, 2, 3)
        sure &= first - second > NEAR
        full = np.where(full == first[:, None], full, -1)
    expected = np.stack([pack(each > 0) for each in full])
    assert sure.mean() > 0.9
    expected = expected.reshape(2, *size, -1).transpose(0, 3, 1, 2)
    for session in sessions:
        labels = session.run(inputs)
        assert labels.dtype == np.int32 and labels.shape == expected.shape
        different = (labels != expected).any(1) & sure
        assert not different.any()


def test_logits_come_back(case, tmp_path):
    model, _, images, _ = case
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    bare = without_packing(bare)
    assert [each.name for each in bare.graph.output] == ['logits']
    onnx.save(bare, tmp_path / 'bare.onnx')
    inputs = dict(images=images, content=np.array([32, 48]))
    inputs = {each.name: inputs[each.name] for each in bare.graph.input}
    logits = open_session(tmp_path / 'bare.onnx', 'logits', 'cpu', 1).run(inputs)
    expected = images.reshape(*images.shape[:2], 8, 4, 12, 4).mean((3, 5))
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_suffixes_in_capitals(tmp_path):
    """What counts as an exported file by its suffix can be opened."""
    onnx.save(identity_model(3), tmp_path / 'MODEL.ONNX')
    graph = openvino.Core().read_model((tmp_path / 'MODEL.ONNX').read_bytes(), b'')
    openvino.save_model(graph, tmp_path / 'model.xml', compress_to_fp16=False)
    (tmp_path / 'model.xml').rename(tmp_path / 'MODEL.XML')
    inputs = dict(images=np.ones((1, 3, 8, 8), np.float32))
    more = {'MODEL.ONNX': dict(content=np.array([8, 8])), 'MODEL.XML': {}}  # there it is unused
    for weights in ('model.bin', 'MODEL.bin', 'MODEL.BIN'):
        present = next(path for path in tmp_path.iterdir() if path.suffix.lower() == '.bin')
        present.rename(tmp_path / weights)
        for name, unused in more.items():
            assert is_exported(tmp_path / name)
            if name.endswith('XML') and weights == 'model.bin':
                with pytest.raises(FileNotFoundError, match=r'MODEL\.bin is missing'):
                    open_session(tmp_path / name, 'labels', 'cpu', 1)
                continue
            session = open_session(tmp_path / name, 'labels', 'cpu', 1)
            np.testing.assert_array_equal(session.run(inputs | unused), np.ones((1, 3, 2, 2)))
    assert not is_exported('config.py')
