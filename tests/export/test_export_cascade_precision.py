"""A cascade in fewer bits: labels like those of 32, and regions in the same place."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from striped_object import (
    LEVELS,
    PARTS,
    ChannelSegmentor,
    build_cascade,
    dice_of,
    grey_image,
    object_matrix,
    object_polygons,
)

onnx = pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')

import handbone  # noqa: E402, F401  registers the models
from handbone.export import Description, Preprocessing, open_exported  # noqa: E402
from handbone.export.files import write_exported  # noqa: E402
from handbone.export.graph import to_graph  # noqa: E402
from handbone.export.precision import quantize, store_half  # noqa: E402
from handbone.export.sessions import open_session  # noqa: E402

pytestmark = pytest.mark.slow
PREPROCESSING = Preprocessing((256, 256), True, 'area', 32, None, (0.0,), (1.0,)).with_fixed_size()


@MODELS.register_module()
class ConvolvedGreySegmentor(ChannelSegmentor):
    """Says that a class is where the image has its grey value, by two convolutions."""

    def __init__(self, **settings):
        super().__init__(**settings)
        levels, number = torch.tensor(LEVELS, dtype=torch.float32), len(LEVELS)
        # how far the grey value lies above and below each level
        self.distances = torch.nn.Conv2d(1, 2 * number, 5, padding=2)
        self.logits = torch.nn.Conv2d(2 * number, number, 3, padding=1)
        with torch.no_grad():
            for layer in (self.distances, self.logits):
                layer.weight.zero_()
            self.distances.weight[:number, :, 2, 2] = 1
            self.distances.weight[number:, :, 2, 2] = -1
            self.distances.bias.copy_(torch.cat([-levels, levels]))
            for index in range(number):
                self.logits.weight[index, [index, number + index], 1, 1] = -0.1
            self.logits.bias.fill_(1.05)  # grey values are whole numbers, and none is at the limit

    def encode_decode(self, inputs, batch_img_metas):
        grey = F.avg_pool2d(inputs[:, :1], self.stride)
        return self.logits(self.distances(grey).relu())


@pytest.fixture(scope='module')
def image():
    return grey_image(object_polygons(object_matrix(0.4, 75, (150, 140))), (300, 280))


@pytest.fixture(scope='module')
def files(image, tmp_path_factory):
    """The cascade in 32, 16 and 8 bits."""
    init_default_scope('mmseg')
    cascade = build_cascade(
        locator=dict(type='ConvolvedGreySegmentor'),
        network=dict(type='ConvolvedGreySegmentor'),
        shrink=2,
    )
    folder = tmp_path_factory.mktemp('precision')
    graph = to_graph(cascade, PREPROCESSING, [0.5] * len(PARTS))
    half = onnx.ModelProto()
    half.CopyFrom(graph)
    store_half(half)
    inputs = inputs_of(image) | dict(size=np.array([1, 1]))
    graphs = dict(fp32=graph, fp16=half, int8=quantize(graph, [inputs]))
    written = {}
    for precision, each in graphs.items():
        written[precision] = folder / f'{precision}.onnx'
        described = Description(
            tuple('abcdef'), ((0, 0, 0),) * 6, (0.5,) * 6, PREPROCESSING, precision
        )
        write_exported(each, described, written[precision], 'onnx')
    return written


def inputs_of(image):
    content = np.array(PREPROCESSING.content(*image.shape))
    return dict(images=PREPROCESSING.prepare(image)[None], content=content)


@pytest.mark.parametrize(('precision', 'agreement'), [('fp16', 0.999), ('int8', 0.9)])
def test_labels_are_those_of_32_bits(files, image, precision, agreement):
    wanted, found = (
        open_exported(files[each], 'cpu', threads=1).predict([image])[0]
        for each in ('fp32', precision)
    )
    assert dice_of(found, wanted).min() > agreement
    places = [
        open_session(files[each], 'logits', 'cpu', 1).run_all(inputs_of(image))
        for each in ('fp32', precision)
    ]
    assert all(outputs['found'].all() for outputs in places)
    first, second = (outputs['place'] for outputs in places)
    np.testing.assert_allclose(second, first, atol=0.02 if precision == 'fp16' else 1.5)


def test_what_makes_logits_and_what_says_where_they_lie_stays_in_32_bits(files):
    half = onnx.load(files['fp16']).graph
    halved = [each.name for each in half.initializer if each.name.endswith('.half')]
    # both networks have the same weights, which the graph holds once
    assert len(halved) == 1 and 'weight' in halved[0]
    whole = onnx.load(files['int8']).graph
    makers = {name: node for node in whole.node for name in node.output}
    convolutions = [node for node in whole.node if node.op_type == 'Conv']
    # the first convolution of each network, and not the last one
    kinds = [
        [makers[name].op_type for name in node.input if name in makers] for node in convolutions
    ]
    assert sorted('DequantizeLinear' in each for each in kinds) == [False, False, True, True]
