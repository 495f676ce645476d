"""Ensembles with cascades as one graph, against the mean of what PyTorch keeps of each member."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from striped_object import (
    build_second_look,
    grey_cascade,
    grey_image,
    object_matrix,
    object_polygons,
    sample_of,
    small_part_region,
)

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')
pytest.importorskip('openvino')

import handbone  # noqa: E402, F401  registers the models
from handbone.ensembles.mean_logits import mean_logits  # noqa: E402
from handbone.ensembles.members import logits_only  # noqa: E402
from handbone.export import Description, Preprocessing, open_exported  # noqa: E402
from handbone.export.averaged_network import AveragedNetwork, AveragedPart  # noqa: E402
from handbone.export.files import FORMATS, write_exported  # noqa: E402
from handbone.export.graph import UnsupportedModelError, to_graph  # noqa: E402
from handbone.masks import logits_to_packed, planes_last  # noqa: E402
from handbone.models.segmentors.multilabel_tta import MultilabelTTAModel, make_view  # noqa: E402

pytestmark = pytest.mark.slow
PREPROCESSING = Preprocessing((256, 256), True, 'area', 32, None, (0.0,), (1.0,))
FIXED = PREPROCESSING.with_fixed_size()
PREPROCESSOR = dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=32))
THRESHOLDS = [0.5, 0.4, 0.6, 0.5, 0.5, 0.3]
FLIPPED = [{}, dict(flip='horizontal')]
#: Share of pixels that may differ. Where the padding begins inside a logit, PyTorch resamples what
#: it averages, and the grid on which it puts a region is that of the image.
DIFFERENT = dict(looks=(1e-4, 1e-2, 0, 1e-4), mixed=(2e-3, 1e-2, 0, 1e-2))


def look(edge=0.08, stride=8, **first):
    """A second look at two regions, both of which decide a class."""
    regions = [small_part_region(('d', 'e')), small_part_region(('e', 'f'), name='two')]
    return build_second_look(
        first=first or dict(type='GreySegmentor', stride=stride),
        looks=[dict(network=dict(type='GreySegmentor', stride=2), regions=regions, edge=edge)],
        shrink=1 if first else 2,
        data_preprocessor=PREPROCESSOR,
    )


def members_of(kind):
    """Segmentors, weights and views."""
    if kind == 'looks':
        return [look(), look(0.3, 4)], [0.75, 0.25], [FLIPPED, [{}]]
    plain = MODELS.build(dict(type='GreySegmentor', stride=4, divisor=32)).eval()
    first = grey_cascade(stride=2)
    return (
        [plain, MODELS.build(first).eval(), look(**first)],
        [0.2, 0.4, 0.4],
        [FLIPPED, FLIPPED, [{}]],
    )


@pytest.fixture(scope='module', params=list(DIFFERENT))
def kind(request):
    init_default_scope('mmseg')
    return request.param


@pytest.fixture(scope='module')
def images():
    """An image that fills whole logits, one that does not, one without and one with two objects."""
    objects = [
        grey_image(object_polygons(object_matrix(0.2, 65, (130, 125))), (256, 256)),
        grey_image(object_polygons(object_matrix(-0.1, 90, (170, 120))), (250, 340)),
    ]
    two = [
        polygon
        for middle in ((66, 130), (190, 126))
        for polygon in object_polygons(object_matrix(0.1, 45, middle))
    ]
    return [*objects, np.zeros((200, 260), np.uint8), grey_image(two, (256, 256))]


@pytest.fixture(scope='module')
def predicted(kind, images):
    """Labels of the mean of the logits that PyTorch keeps of each member."""
    logits = [[] for _ in images]
    segmentors, shares, views = members_of(kind)
    for segmentor, seen in zip(segmentors, views, strict=True):
        network = logits_only(segmentor if seen == [{}] else MultilabelTTAModel(segmentor, seen))
        for kept, image in zip(logits, images, strict=True):
            content = FIXED.content(*image.shape)
            prepared = FIXED.prepare(image)[0, : content[0], : content[1]]
            tensor = torch.from_numpy(np.ascontiguousarray(prepared))[None]
            with torch.no_grad():
                data = dict(inputs=[tensor], data_samples=[sample_of(tensor, image.shape)])
                (sample,) = network.test_step(data)
            kept.append(sample.seg_logits.data)
    return [
        planes_last(logits_to_packed(mean_logits(kept, shares), image.shape, THRESHOLDS))
        for kept, image in zip(logits, images, strict=True)
    ]


@pytest.fixture(scope='module')
def averaged(kind):
    segmentors, shares, views = members_of(kind)
    parts = [
        AveragedPart('member', segmentor, share, [make_view(view) for view in seen])
        for segmentor, share, seen in zip(segmentors, shares, views, strict=True)
    ]
    return AveragedNetwork(parts, 'probabilities', PREPROCESSING).eval()


@pytest.fixture(scope='module')
def exported(averaged, tmp_path_factory):
    """A folder with the ensemble as all.onnx and all.xml."""
    folder = tmp_path_factory.mktemp('ensemble')
    graph = to_graph(averaged, FIXED, THRESHOLDS)
    description = Description(tuple('abcdef'), ((0, 0, 0),) * 6, tuple(THRESHOLDS), FIXED)
    for form, suffix in FORMATS.items():
        write_exported(graph, description, folder / f'all{suffix}', form)
    return folder


@pytest.mark.parametrize('packing', ['boxes', 'graph'])
@pytest.mark.parametrize('suffix', FORMATS.values())
def test_labels_are_those_of_pytorch(kind, exported, images, predicted, suffix, packing):
    predictor = open_exported(exported / f'all{suffix}', 'cpu', threads=1, packing=packing)
    found = predictor.predict(images)
    for labels, wanted, most in zip(found, predicted, DIFFERENT[kind], strict=True):
        assert labels.shape == wanted.shape and labels.dtype == np.int32
        assert (labels != wanted).mean() <= most
    assert min((predicted[index] != 0).mean() for index in (0, 1, 3)) > 0.01


def test_sizes_are_fixed(averaged):
    with pytest.raises(UnsupportedModelError, match='by a fixed size'):
        to_graph(averaged, PREPROCESSING, THRESHOLDS)
