"""Label Studio: files as the program writes them."""

import json
import tracemalloc

import numpy as np
import pytest
from made_images import CLASSES, drawn_masks, made_image, masks_of, write_all
from made_shapes import SIZE, TRIANGLE, boxes, drawn
from small_dataset import write_png

from handbone import json_stream
from handbone.datasets import DatasetError
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.corrections import Corrections
from handbone.datasets.formats.label_studio import LabelStudioReader, LabelStudioWriter
from handbone.datasets.polygons import pack_polygons
from handbone.errors import HandboneError
from handbone.masks.label_studio_rle import write_brush


def result_of(kind, label, **value):
    size = dict(original_width=28, original_height=20, image_rotation=0)
    base = dict(id='x', type=kind, from_name='label', to_name='image')
    return base | size | dict(value=value | {kind: [label]})


def per_cent(points):
    return [[100 * x / 28, 100 * y / 20] for x, y in points]


def write(folder, *results, **more):
    annotation = dict(id=1, result=list(results), was_cancelled=False)
    task = dict(id=1, data=dict(image='/data/upload/3/0a1b2c3d-a.png'))
    task |= dict(annotations=[annotation], predictions=[]) | more
    path = folder / 'export.json'
    path.write_text(json.dumps([task]))
    return path


def results():
    brush = write_brush(np.array([[0, 3], [30, 2]]), 20 * 28)
    return [
        result_of('polygonlabels', 'round', points=per_cent(TRIANGLE), closed=True),
        result_of('brushlabels', 'square', format='rle', rle=brush),
        result_of('rectanglelabels', 'round', x=25, y=50, width=25, height=10, rotation=0),
        result_of('keypointlabels', 'square', x=1, y=1, width=1),
    ]


def test_all_shapes(tmp_path):
    path = write(tmp_path, *results())
    reader = LabelStudioReader(path)
    assert reader.classes == ('round', 'square')
    round_, square = masks_of(reader)['a.png']
    np.testing.assert_array_equal(round_, drawn(TRIANGLE) | boxes((10, 12, 7, 14)))
    assert np.flatnonzero(square).tolist() == [0, 1, 2, 30, 31]
    assert reader.losses.lines() == ['results that are no polygon, rectangle, ellipse or brush: 1']


def test_rectangles_and_ellipses_are_turned(tmp_path):
    """Rectangles around their first corner, ellipses around their centre."""
    box = dict(x=25, y=50, width=25, height=10)
    oval = dict(x=50, y=50, radiusX=25, radiusY=10, rotation=90)
    path = write(
        tmp_path,
        result_of('rectanglelabels', 'round', **box, rotation=90),
        result_of('rectanglelabels', 'round', **box, rotation=None),
        result_of('ellipselabels', 'square', **oval),
    )
    parts = next(iter(LabelStudioReader(path))).labels.split()
    (_, turned), (_, upright), (index, points) = parts
    np.testing.assert_allclose(turned, [[7, 10], [7, 17], [5, 17], [5, 10]], atol=1e-9)
    np.testing.assert_allclose(upright, [[7, 10], [14, 10], [14, 12], [7, 12]])
    across, down = (points - (14, 10)).T
    np.testing.assert_allclose((across / 2) ** 2 + (down / 7) ** 2, 1, rtol=1e-5)
    assert index == 1


@pytest.mark.parametrize(
    'address',
    ['/data/upload/3/0a1b2c3d-a.png', '/data/local-files/?d=hands/a.png', 's3://bucket/a.png'],
)
def test_images_are_found_by_their_names(tmp_path, address):
    write_png(tmp_path / 'images/hands/a.png', np.zeros(SIZE, np.uint8))
    path = write(tmp_path, *results(), data=dict(image=address))
    (image,) = LabelStudioReader(path, tmp_path / 'images')
    assert image.path == tmp_path / 'images/hands/a.png'


@pytest.mark.parametrize(
    ('file', 'address'),
    [
        ('손.png', '/data/upload/3/0a1b2c3d-%EC%86%90.png'),
        ('a b.png', '/data/upload/3/0a1b2c3d-a%20b.png'),
        ('a%20b.png', '/data/upload/3/0a1b2c3d-a%20b.png'),
        ('a+b&c.png', '/data/local-files/?d=a%2Bb%26c.png'),
    ],
)
def test_escapes_in_addresses(tmp_path, file, address):
    path = write(tmp_path, *results(), data=dict(image=address))
    write_png(tmp_path / 'images' / file, np.zeros(SIZE, np.uint8))
    (image,) = LabelStudioReader(path, tmp_path / 'images')
    assert image.path == tmp_path / 'images' / file


@pytest.mark.parametrize(
    'name', ['a+b.png', 'a&b.png', 'a b.png', 'a#b?.png', '50%25.png', '손.png']
)
def test_names_come_back_as_they_were(tmp_path, name):
    images = [made_image(drawn_masks(1), f'ID1/{name}')]
    write_all(LabelStudioWriter(tmp_path, CLASSES), images)
    (image,) = LabelStudioReader(tmp_path)
    assert image.name == name
    write_png(tmp_path / 'images/ID1' / name, np.zeros((20, 28), np.uint8))
    (image,) = LabelStudioReader(tmp_path)
    assert image.name == f'ID1/{name}'


@pytest.mark.parametrize('name', ['0a1b2c3d-', '0a1b2c3d-..', '%2e%2e', '%2F'])
def test_uploads_without_a_name_are_no_crash(tmp_path, name):
    path = write(tmp_path, *results(), data=dict(image=f'/data/upload/3/{name}'))
    assert '..' not in next(iter(LabelStudioReader(path))).name.split('/')


def test_several_annotations(tmp_path):
    first, second, third, _ = results()
    annotations = [
        dict(result=[third], was_cancelled=True),
        dict(result=[first]),
        dict(result=[second]),
    ]
    path = write(tmp_path, annotations=annotations)
    with pytest.raises(DatasetError, match='task 0: it has 2 annotations. Say which one'):
        list(LabelStudioReader(path, choice=ClassChoice(['round', 'square'])))
    for which, expected in (('first', 'round'), ('last', 'square')):
        reader = LabelStudioReader(path, annotation=which)
        assert reader.classes == (expected,) and next(iter(reader)).labels.present() == [0]
    with pytest.raises(HandboneError, match="annotation must be 'only', 'first' or 'last'"):
        LabelStudioReader(path, annotation='all')


def test_tasks_that_nobody_has_annotated(tmp_path):
    """They are not images without any class, unless that is asked for."""
    write(tmp_path, *results())
    (whole,) = json.loads((tmp_path / 'export.json').read_text())
    bare = dict(data=dict(image='/data/upload/3/b.png'), predictions=[dict(result=results())])
    empty = [dict(result=[], was_cancelled=False)]
    cancelled = [dict(result=results()[:1], was_cancelled=True)]
    tasks = [
        bare,
        bare | dict(annotations=[]),
        bare | dict(annotations=None),
        bare | dict(annotations=cancelled),
        whole,
        bare | dict(annotations=empty, data=dict(image='/data/upload/3/c.png')),
    ]
    path = tmp_path / 'export.json'
    path.write_text(json.dumps(tasks))
    for name in ('a', 'b', 'c'):
        write_png(tmp_path / f'images/{name}.png', np.zeros(SIZE, np.uint8))
    for choice in (None, ClassChoice(['round', 'square'])):
        reader = LabelStudioReader(path, choice=choice)
        (note,) = reader.notes
        assert note.startswith('4 of 6 tasks are not annotated and are left out. To take them')
        assert reader.names() == ['a.png', 'c.png'] and len(reader) == 2
        present = [image.labels.present() for image in reader]
        assert present == [[0, 1], []]
    path.write_text(json.dumps(tasks[:1] + tasks[4:]))
    reader = LabelStudioReader(path, unlabelled='empty')
    assert [image.labels.present() for image in reader] == [[], [0, 1], []]
    assert reader.notes == []
    path.write_text(json.dumps(tasks[:4]))
    with pytest.raises(DatasetError, match='none of its 4 tasks is annotated.*unlabelled=empty'):
        LabelStudioReader(path)
    with pytest.raises(HandboneError, match="unlabelled must be 'skip' or 'empty'"):
        LabelStudioReader(path, unlabelled='none')


def test_tasks_that_are_not_annotated_correct_nothing(tmp_path):
    write(tmp_path, annotations=[])
    (task,) = json.loads((tmp_path / 'export.json').read_text())
    done = dict(data=dict(image='b.png'), annotations=[dict(result=results()[:1])])
    (tmp_path / 'export.json').write_text(json.dumps([task, done]))
    for name in ('a', 'b'):
        write_png(tmp_path / f'images/{name}.png', np.zeros(SIZE, np.uint8))
    corrections = Corrections(tmp_path, ['round'])
    assert corrections.match(['a.png', 'b.png']) == 1
    labels = pack_polygons([], [])
    former = [AnnotatedImage(f'{name}.png', None, *SIZE, labels) for name in ('a', 'b')]
    assert corrections.of(former[0]) is None
    assert corrections.of(former[1]).labels.present() == [0]


@pytest.mark.parametrize(
    ('result', 'fault'),
    [
        (dict(value=dict(polygonlabels=['rib'])), "label 'rib' is not among"),
        (dict(value=dict(polygonlabels=[])), r'its labels are \[\]'),
        (dict(value=dict(polygonlabels=['round'], points=[[1, 2]])), 'it has 1 point'),
        (dict(value=dict(polygonlabels=['round'])), 'NoneType as points'),
        (dict(image_rotation=90), 'was rotated'),
        (dict(original_width=27, original_height=0), 'the size of the image is 27 x 0'),
        (dict(type='brushlabels', value=dict(brushlabels=['round'], rle=[1, 2])), 'cut off'),
        (dict(type='brushlabels', value=dict(brushlabels=['round'])), 'has the values None'),
        (
            dict(type='rectanglelabels', value=dict(rectanglelabels=['round'], x=1)),
            'the rectangle has the values',
        ),
        (
            dict(
                type='rectanglelabels',
                value=dict(rectanglelabels=['round'], x=1, y=1, width=9, height=9, rotation='a'),
            ),
            'the rectangle has the values',
        ),
        (
            dict(type='ellipselabels', value=dict(ellipselabels=['round'], x=1, y=1, radiusX=1)),
            'the ellipse has the values',
        ),
        (dict(type=3), 'type is 3'),
    ],
)
def test_bad_results(tmp_path, result, fault):
    path = write(tmp_path, results()[0] | result)
    with pytest.raises(DatasetError, match=fault) as caught:
        list(LabelStudioReader(path, choice=ClassChoice(CLASSES)))
    assert str(caught.value).startswith(str(path)) and 'task 0' in str(caught.value)


def test_results_of_images_of_several_sizes(tmp_path):
    first, second, *_ = results()
    path = write(tmp_path, first, second | dict(original_width=14))
    with pytest.raises(DatasetError, match='task 0, result 1: .* of another size'):
        list(LabelStudioReader(path))


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    """Ten times the tasks take the memory of one."""
    monkeypatch.setattr(json_stream, 'PIECE', 2**12)
    drawn = [result_of('polygonlabels', 'round', points=per_cent(TRIANGLE * 40))] * 4
    peaks = []
    for count in (2, 20):
        path = tmp_path / f'{count}.json'
        images = [f'/data/upload/3/{number}.png' for number in range(count)]
        tasks = [dict(data=dict(image=each), annotations=[dict(result=drawn)]) for each in images]
        path.write_text(json.dumps(tasks))
        del tasks
        tracemalloc.start()
        reader = LabelStudioReader(path)
        places = list(reader.entries())
        assert sum(1 for _ in reader) == len(places) == len(reader.names()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_document_that_is_no_list(tmp_path):
    (tmp_path / 'a.json').write_text('{"images": []}')
    with pytest.raises(DatasetError, match='a.json: .*no list. Export it again as "JSON"'):
        LabelStudioReader(tmp_path)


def test_cut_off_files(tmp_path):
    path = write(tmp_path, *results())
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match='export.json'):
            list(LabelStudioReader(path, choice=ClassChoice(CLASSES)))
