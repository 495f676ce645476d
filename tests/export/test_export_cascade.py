"""A cascade as one graph: both networks and the way between them, against PyTorch."""

import math

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from striped_object import (
    PARTS,
    build_cascade,
    dice_of,
    grey_image,
    object_matrix,
    object_polygons,
    sample_of,
)

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')
pytest.importorskip('openvino')

import handbone  # noqa: E402, F401  registers the models
from handbone.export import Description, Preprocessing, open_exported  # noqa: E402
from handbone.export.files import FORMATS, write_exported  # noqa: E402
from handbone.export.graph import to_graph  # noqa: E402
from handbone.export.network import ExportedNetwork  # noqa: E402
from handbone.export.sessions import open_session  # noqa: E402
from handbone.masks import planes_last, unpack  # noqa: E402

pytestmark = pytest.mark.slow
PREPROCESSING = Preprocessing((256, 256), True, 'area', 32, None, (0.0,), (1.0,))
#: Share of pixels that rounding may turn.
DIFFERENT = 1e-3


@pytest.fixture(scope='module')
def cascade():
    init_default_scope('mmseg')
    return build_cascade(
        locator=dict(type='UprightGreySegmentor'),
        network=dict(type='GreySegmentor'),
        shrink=2,
        quarter_turns=True,
    )


@pytest.fixture(scope='module')
def exported(cascade, tmp_path_factory):
    """A folder with the cascade as cascade.onnx and cascade.xml."""
    folder = tmp_path_factory.mktemp('cascade')
    graph = to_graph(cascade, PREPROCESSING, [0.5] * len(PARTS))
    names = tuple('abcdef')
    description = Description(names, ((0, 0, 0),) * 6, (0.5,) * 6, PREPROCESSING)
    for kind, suffix in FORMATS.items():
        write_exported(graph, description, folder / f'cascade{suffix}', kind)
    return folder


@pytest.fixture(scope='module')
def images():
    """Objects turned, mirrored, of several sizes, and one image without."""
    places = [
        (object_matrix(0.4, 75, (150, 140)), (300, 280)),
        (object_matrix(-2.1, 70, (130, 160), mirrored=True), (300, 280)),
        (object_matrix(math.pi / 2, 110, (300, 200)), (380, 600)),
    ]
    drawn = [grey_image(object_polygons(matrix), size) for matrix, size in places]
    return [*drawn, np.zeros((200, 260), np.uint8)]


def sample_by_pytorch(cascade, image):
    content = PREPROCESSING.content(*image.shape)
    prepared = PREPROCESSING.prepare(image)[0, : content[0], : content[1]]
    tensor = torch.from_numpy(np.ascontiguousarray(prepared))[None]
    with torch.no_grad():
        data = dict(inputs=[tensor], data_samples=[sample_of(tensor, image.shape)])
        (sample,) = cascade.test_step(data)
    return sample


@pytest.fixture(scope='module')
def expected(cascade, images):
    """What PyTorch says."""
    found = [sample_by_pytorch(cascade, image) for image in images]
    assert [sample.region_found for sample in found] == [True, True, True, False]
    return [planes_last(sample.pred_sem_seg.data) for sample in found]


@pytest.mark.parametrize('packing', ['boxes', 'graph'])
@pytest.mark.parametrize('suffix', FORMATS.values())
def test_labels_are_those_of_pytorch(exported, images, expected, suffix, packing):
    predictor = open_exported(exported / f'cascade{suffix}', 'cpu', threads=1, packing=packing)
    for labels, wanted in zip(predictor.predict(images), expected, strict=True):
        assert labels.shape == wanted.shape and labels.dtype == np.int32
        assert (labels != wanted).mean() < DIFFERENT
    assert all(wanted.any() for wanted in expected[:3])


@pytest.mark.parametrize('suffix', FORMATS.values())
def test_the_graph_says_whether_the_region_was_found(exported, images, suffix):
    session = open_session(exported / f'cascade{suffix}', 'logits', 'cpu', 1)
    for image, wanted in zip(images, [True, True, True, False], strict=True):
        content = np.array(PREPROCESSING.content(*image.shape))
        inputs = dict(images=PREPROCESSING.prepare(image)[None], content=content)
        outputs = session.run_all(inputs)
        assert outputs['found'].tolist() == [wanted]
        assert outputs['place'].shape == (1, 2, 3)


@pytest.mark.parametrize('packing', ['boxes', 'graph'])
@pytest.mark.parametrize('suffix', FORMATS.values())
def test_both_objects_of_an_image_are_labelled(cascade, exported, suffix, packing):
    """Of different sides and sizes, on bright film, beside images of that size with one or none."""
    matrices = [object_matrix(0.4, 60, (105, 150)), object_matrix(-0.3, 75, (345, 160), True)]
    polygons = [part for matrix in matrices for part in object_polygons(matrix)]
    size = (300, 450)
    both, one = (np.maximum(grey_image(each, size), 15) for each in (polygons, polygons[6:]))
    predictor = open_exported(exported / f'cascade{suffix}', 'cpu', threads=1, packing=packing)
    labels, of_one, of_none = predictor.predict([both, one, np.full(size, 15, np.uint8)])
    wanted = planes_last(sample_by_pytorch(cascade, both).pred_sem_seg.data)
    for half in (slice(0, 220), slice(220, None)):
        scores = dice_of(labels[:, half], wanted[:, half])
        assert (scores > 0.95).all() and unpack(labels[:, half], 6).any(axis=(1, 2)).all(), scores
    (alone,) = predictor.predict([one])
    np.testing.assert_array_equal(of_one, alone)
    assert (labels[:, 220:] != of_one[:, 220:]).mean() < 0.005
    assert not of_none.any()


def test_ranks_are_part_of_the_graph():
    init_default_scope('mmseg')
    preprocessor = dict(type='RankDataPreProcessor', test_cfg=dict(size_divisor=32))
    torch.manual_seed(0)
    segmentor = MODELS.build(
        dict(
            type='MultilabelEncoderDecoder',
            data_preprocessor=preprocessor,
            backbone=dict(type='FoldedUNet', channels=(8, 8), fold=4, blocks=(1, 1)),
            decode_head=dict(
                type='MultilabelPixelShuffleHead', in_channels=8, in_index=0, num_classes=3
            ),
        )
    ).eval()
    segmentor.decode_head.to_pixels.weight.data.normal_()
    graph = to_graph(segmentor, PREPROCESSING, [0.5] * 3)  # compares graph and network
    assert any(node.op_type in ('TopK', 'Sort') for node in graph.graph.node)
    image = 255 * torch.rand(1, 1, 90, 120, generator=torch.Generator().manual_seed(1))
    padded = torch.nn.functional.pad(image, (0, 8, 0, 6), value=3.0)
    network = ExportedNetwork(segmentor, PREPROCESSING)
    samples = [sample_of(image[0])]
    batch = segmentor.data_preprocessor(dict(inputs=[image[0]], data_samples=samples), False)
    with torch.no_grad():
        found = network(padded, torch.tensor([90, 120]))
        wanted = segmentor.inference(batch['inputs'], [])
    torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)
