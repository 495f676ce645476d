"""An exported model with a head of mmseg labels as its segmentor does, one class per pixel."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from PIL import Image

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')

from handbone.apis import MultilabelInferencer  # noqa: E402
from handbone.errors import HandboneError  # noqa: E402
from handbone.export import Description, Preprocessing, open_exported  # noqa: E402
from handbone.export.config_preprocessing import read_preprocessing  # noqa: E402
from handbone.export.files import write_exported  # noqa: E402
from handbone.export.graph import to_graph  # noqa: E402
from handbone.masks import overlapping, planes_first  # noqa: E402

NAMES = ('a', 'b', 'c')
PALETTE = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
HEAD = dict(
    type='mmseg.FCNHead',
    in_channels=8,
    in_index=0,
    channels=8,
    num_convs=0,
    concat_input=False,
    num_classes=4,
)
PREPROCESSING = Preprocessing((64, 64), False, 'area', 16, None, (127.5,), (64.0,))


@pytest.fixture(scope='module')
def segmentor():
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='MultilabelEncoderDecoder',
            backbone=dict(type='FoldedUNet', channels=(8, 8, 8), fold=4),
            decode_head=HEAD,
            test_cfg=dict(decision='exclusive'),
        )
    ).eval()
    torch.nn.init.normal_(model.decode_head.conv_seg.weight, std=2.0)
    return model


@pytest.fixture(scope='module')
def exported(segmentor, tmp_path_factory):
    graph = to_graph(segmentor, PREPROCESSING, (0.5,) * 3, segmentor.exclusive)
    description = Description(NAMES, PALETTE, (0.5,) * 3, PREPROCESSING, exclusive=True)
    path = tmp_path_factory.mktemp('exclusive') / 'model.onnx'
    write_exported(graph, description, path, 'onnx')
    return path


@pytest.mark.parametrize('packing', ['boxes', 'graph'])
def test_labels_are_those_of_the_segmentor(segmentor, exported, packing):
    image = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    found = open_exported(exported, 'cpu', packing=packing).predict([image])[0]
    inputs = (torch.from_numpy(image).float()[None, None] - 127.5) / 64
    with torch.no_grad():
        (sample,) = segmentor.predict(inputs)
    expected = sample.pred_sem_seg.data[0].numpy()
    assert (found == expected).mean() > 0.999  # rounding decides where two classes are close
    assert set(np.unique(found)) <= {0, 1, 2, 4} and len(np.unique(found)) > 2
    assert not overlapping(planes_first(found)[None]).any()


def test_thresholds_are_refused(exported):
    with pytest.raises(HandboneError, match='no thresholds to choose'):
        open_exported(exported, 'cpu', thresholds=(0.5, 0.4, 0.5))


def test_earlier_versions_refuse_the_file():
    texts = Description(NAMES, PALETTE, (0.5,) * 3, PREPROCESSING, exclusive=True).to_texts()
    assert texts['format'] != 'handbone export 1'
    assert Description.from_texts(texts, 'a').exclusive
    assert not Description.from_texts(texts | dict(format='handbone export 1'), 'a').exclusive


@pytest.mark.parametrize(('channels', 'turned'), [('bgr', False), ('rgb', True)])
def test_colours_in_the_order_of_the_means(segmentor, tmp_path, channels, turned):
    """The graph and the model of mmseg, whose preprocessor turns the channels round."""
    means, stds = (100.0, 110.0, 120.0), (50.0, 60.0, 70.0)
    torch.manual_seed(1)
    backbone = dict(type='FoldedUNet', channels=(8, 8, 8), fold=4, in_channels=3)
    model = MODELS.build(
        dict(
            type='MultilabelEncoderDecoder',
            backbone=backbone,
            decode_head=HEAD,
            data_preprocessor=dict(
                type='mmseg.SegDataPreProcessor', mean=means, std=stds, bgr_to_rgb=turned
            ),
            test_cfg=dict(decision='exclusive'),
        )
    ).eval()
    torch.nn.init.normal_(model.decode_head.conv_seg.weight, std=2.0)
    torch.nn.init.zeros_(model.decode_head.conv_seg.bias)
    steps = [
        dict(type='LoadRadiograph', color_type='color'),
        dict(type='Resize', scale=(64, 64)),
        dict(type='PackMultilabelInputs'),
    ]
    settings = dict(type='SegDataPreProcessor', mean=means, std=stds, bgr_to_rgb=turned)
    preprocessing = read_preprocessing(steps, settings | dict(test_cfg=dict(size_divisor=16)))
    assert preprocessing.channels == channels
    graph = to_graph(model, preprocessing, (0.5,) * 3, True)
    description = Description(NAMES, PALETTE, (0.5,) * 3, preprocessing, exclusive=True)
    write_exported(graph, description, tmp_path / 'model.onnx', 'onnx')
    blocks = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = blocks.repeat(8, axis=0).repeat(8, axis=1)
    predictor = open_exported(tmp_path / 'model.onnx', 'cpu')
    found = predictor.predict([image])[0]
    data = model.data_preprocessor(dict(inputs=[torch.from_numpy(image.transpose(2, 0, 1).copy())]))
    with torch.no_grad():
        (sample,) = model.predict(data['inputs'])
    different = (found != sample.pred_sem_seg.data[0].numpy()).mean()
    swapped = predictor.predict([np.ascontiguousarray(image[..., ::-1])])[0]
    assert different < 0.001 < 0.005 < (found != swapped).mean()
    Image.fromarray(image[..., ::-1]).save(tmp_path / 'image.png')
    for given in (image, tmp_path / 'image.png', Image.fromarray(image[..., ::-1])):
        (prediction,) = MultilabelInferencer.of(predictor)(given)
        np.testing.assert_array_equal(prediction.labels, found)
        np.testing.assert_array_equal(prediction.radiograph.image, image[..., ::-1])
