"""An exported model with a head of mmseg labels as its segmentor does, one class per pixel."""

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')

from handbone.errors import HandboneError  # noqa: E402
from handbone.export import Description, Preprocessing, open_exported  # noqa: E402
from handbone.export.files import write_exported  # noqa: E402
from handbone.export.graph import to_graph  # noqa: E402
from handbone.masks import overlapping, planes_first  # noqa: E402

NAMES = ('a', 'b', 'c')
PALETTE = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
PREPROCESSING = Preprocessing((64, 64), False, 'area', 16, None, (127.5,), (64.0,))


@pytest.fixture(scope='module')
def segmentor():
    torch.manual_seed(0)
    head = dict(
        type='mmseg.FCNHead',
        in_channels=8,
        in_index=0,
        channels=8,
        num_convs=0,
        concat_input=False,
        num_classes=4,
    )
    model = MODELS.build(
        dict(
            type='MultilabelEncoderDecoder',
            backbone=dict(type='FoldedUNet', channels=(8, 8, 8), fold=4),
            decode_head=head,
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
