"""A second look as one graph: the first stage and every view, against PyTorch."""

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from striped_object import (
    PARTS,
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
from handbone.errors import HandboneError  # noqa: E402
from handbone.export import Description, Preprocessing, open_exported  # noqa: E402
from handbone.export.files import FORMATS, write_exported  # noqa: E402
from handbone.export.graph import UnsupportedModelError, to_graph  # noqa: E402
from handbone.masks import planes_last  # noqa: E402

pytestmark = pytest.mark.slow
PREPROCESSING = Preprocessing((256, 256), True, 'area', 32, None, (0.0,), (1.0,))
FIXED = PREPROCESSING.with_fixed_size()
#: Share of pixels that rounding may turn.
DIFFERENT = 1e-3
NETWORK = dict(type='GreySegmentor')
#: Two regions of one group decide a class both, and another group has views of another size. At
#: the edges of a part, this network sees the darker ones, so the brightest ones say where they are.
#: The region named last takes the logits of e for f, which PyTorch and graph have to do alike,
#: and what the network says of the group after it is not what the first stage says.
LOOKS = (
    dict(
        network=NETWORK,
        regions=[small_part_region(('d', 'e')), small_part_region(('e', 'f'), name='two')],
    ),
    dict(
        network=NETWORK,
        regions=[small_part_region(('f',), (64, 96), 'last', known_as={'f': 'e'})],
        edge=0.3,
    ),
    dict(
        network=NETWORK,
        regions=[small_part_region(('a', 'b'), name='wrong', known_as={'a': 'd', 'b': 'c'})],
        least_agreement=0.5,
    ),
)
FIRST = dict(plain=dict(type='GreySegmentor', stride=8), cascade=grey_cascade(stride=4))


@pytest.fixture(scope='module', params=list(FIRST))
def model(request):
    init_default_scope('mmseg')
    shrink = 2 if request.param == 'plain' else 1
    preprocessor = dict(type='SegDataPreProcessor', test_cfg=dict(size_divisor=32))
    return build_second_look(
        first=FIRST[request.param], looks=LOOKS, shrink=shrink, data_preprocessor=preprocessor
    )


@pytest.fixture(scope='module')
def exported(model, tmp_path_factory):
    """A folder with the segmentor as look.onnx and look.xml."""
    folder = tmp_path_factory.mktemp('look')
    graph = to_graph(model, FIXED, [0.5] * len(PARTS))
    names = tuple('abcdef')
    description = Description(names, ((0, 0, 0),) * 6, (0.5,) * 6, FIXED, looks=True)
    for kind, suffix in FORMATS.items():
        write_exported(graph, description, folder / f'look{suffix}', kind)
    return folder


@pytest.fixture(scope='module')
def images():
    """Objects turned a little, one with two parts alone, and an image without."""
    places = [
        (object_matrix(0.2, 75, (150, 140)), (300, 280), None),
        (object_matrix(-0.1, 90, (170, 120)), (250, 340), None),
        (object_matrix(0.0, 75, (150, 140)), (300, 280), [0, 5]),
    ]
    drawn = [grey_image(object_polygons(matrix, parts), size) for matrix, size, parts in places]
    return [*drawn, np.zeros((200, 260), np.uint8)]


@pytest.fixture(scope='module')
def predicted(model, images):
    """The samples of PyTorch."""
    found = []
    for image in images:
        content = FIXED.content(*image.shape)
        prepared = FIXED.prepare(image)[0, : content[0], : content[1]]
        tensor = torch.from_numpy(np.ascontiguousarray(prepared))[None]
        with torch.no_grad():
            data = dict(inputs=[tensor], data_samples=[sample_of(tensor, image.shape)])
            found += model.test_step(data)
    return found


@pytest.mark.parametrize('packing', ['boxes', 'graph'])
@pytest.mark.parametrize('suffix', FORMATS.values())
def test_labels_are_those_of_pytorch(exported, images, predicted, suffix, packing):
    assert predicted[0].regions_found == ('small', 'two', 'last')
    assert predicted[3].regions_found == ()
    predictor = open_exported(exported / f'look{suffix}', 'cpu', threads=1, packing=packing)
    for labels, sample in zip(predictor.predict(images), predicted, strict=True):
        wanted = planes_last(sample.pred_sem_seg.data)
        assert labels.shape == wanted.shape and labels.dtype == np.int32
        assert (labels != wanted).mean() < DIFFERENT
    assert predicted[0].pred_sem_seg.data.any()


def test_the_second_look_changes_the_labels(model, exported, images, predicted):
    """What the test above compares is not that of the first stage alone."""
    if model.shrink == 1:
        pytest.skip('the first stage alone is that of the plain segmentor')
    with torch.no_grad():
        looks, model.looks = model.looks, torch.nn.ModuleList()
        content = FIXED.content(*images[0].shape)
        prepared = FIXED.prepare(images[0])[0, : content[0], : content[1]]
        tensor = torch.from_numpy(np.ascontiguousarray(prepared))[None]
        samples = [sample_of(tensor, images[0].shape)]
        (alone,) = model.test_step(dict(inputs=[tensor], data_samples=samples))
        model.looks = looks
    changed = alone.pred_sem_seg.data != predicted[0].pred_sem_seg.data
    assert changed.float().mean() > 10 * DIFFERENT


def test_sizes_are_fixed_and_classes_do_not_exclude_each_other(model, monkeypatch):
    with pytest.raises(UnsupportedModelError, match='by a fixed size'):
        to_graph(model, PREPROCESSING, [0.5] * len(PARTS))
    monkeypatch.setitem(model.test_cfg, 'decision', 'exclusive')
    with pytest.raises(HandboneError, match='predict with the checkpoint'):
        to_graph(model, FIXED, [0.5] * len(PARTS), exclusive=True)
