"""LabelMe: files as the program writes them."""

import base64
import io
import json

import numpy as np
import pytest
from made_images import CLASSES, masks_of
from made_shapes import SIZE, TRIANGLE, boxes, drawn
from PIL import Image
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.labelme import LabelMeReader


def shape_of(label, points, kind='polygon', **more):
    base = dict(label=label, points=points, group_id=None, description='', shape_type=kind)
    return base | dict(flags={}, mask=None) | more


def mask_shape(label, mask, left, top):
    content = io.BytesIO()
    Image.fromarray(mask).save(content, 'PNG')
    corners = [[left, top], [left + mask.shape[1] - 1, top + mask.shape[0] - 1]]
    text = base64.b64encode(content.getvalue()).decode()
    return shape_of(label, [list(map(float, each)) for each in corners], 'mask', mask=text)


def write(folder, shapes, **more):
    document = dict(version='5.5.0', flags={}, shapes=shapes, imagePath='a.jpg', imageData=None)
    path = folder / 'a.json'
    path.write_text(json.dumps(document | dict(imageHeight=20, imageWidth=28) | more))
    return path


def test_all_shapes(tmp_path):
    hole = np.ones((4, 6), bool)
    hole[1:3, 2:4] = False
    shapes = [
        shape_of('round', TRIANGLE, group_id=1, flags=dict(x=True)),
        shape_of('round', [[20, 17], [10.0, 12]], 'rectangle'),
        mask_shape('square', hole, 5, 3),
        shape_of('long', [[10, 10], [13, 10]], 'circle'),
        shape_of('long', [[1, 1], [2, 2]], 'line'),
    ]
    write(tmp_path, shapes)
    reader = LabelMeReader(tmp_path)
    assert reader.classes == ('long', 'round', 'square')
    long, circled, square = masks_of(reader)['a.jpg']
    np.testing.assert_array_equal(circled, drawn(TRIANGLE) | boxes((12, 17, 10, 20)))
    np.testing.assert_array_equal(square[3:7, 5:11], hole)
    assert square.sum() == hole.sum()
    y, x = np.mgrid[:20, :28]
    assert long[np.hypot(y - 10, x - 10) < 2.9].all()
    assert not long[np.hypot(y - 10, x - 10) > 3.8].any()
    assert reader.losses.lines() == [
        'flags, groups and descriptions: 2',
        'lines and points: 1',
    ]


def test_four_corners_as_x_anylabeling_saves_them(tmp_path):
    """A rectangle has all four, and one that is turned has a type of its own and its direction."""
    turned = [[10, 4], [16, 10], [10, 16], [4, 10]]
    shapes = [
        shape_of('long', [[2, 3], [9, 3], [9, 6], [2, 6]], 'rectangle', direction=0),
        shape_of('round', turned, 'rotation', direction=0.785),
        shape_of('square', TRIANGLE, 'polygon', score=None, difficult=False, attributes={}),
    ]
    write(tmp_path, shapes, version='2.4.4')
    long, diamond, triangle = masks_of(LabelMeReader(tmp_path))['a.jpg']
    np.testing.assert_array_equal(long, boxes((3, 6, 2, 9)))
    np.testing.assert_array_equal(diamond, drawn(turned))
    np.testing.assert_array_equal(triangle, drawn(TRIANGLE))


def test_a_group_may_have_the_number_zero(tmp_path):
    write(tmp_path, [shape_of('round', TRIANGLE, group_id=0), shape_of('round', TRIANGLE)])
    reader = LabelMeReader(tmp_path)
    list(reader)
    assert reader.losses.lines() == ['flags, groups and descriptions: 1']


def test_images_are_found_beside_the_file_and_elsewhere(tmp_path):
    (tmp_path / 'json').mkdir()
    write(tmp_path / 'json', [shape_of('round', TRIANGLE)], imagePath='..\\images\\b.png')
    write_png(tmp_path / 'images/b.png', np.zeros(SIZE, np.uint8))
    (image,) = LabelMeReader(tmp_path / 'json')
    assert image.path.resolve() == tmp_path / 'images/b.png' and image.name == 'b.png'
    write_png(tmp_path / 'json/a.png', np.zeros(SIZE, np.uint8))
    (image,) = LabelMeReader(tmp_path / 'json')
    assert image.path == tmp_path / 'json/a.png'


@pytest.mark.parametrize(
    ('shape', 'fault'),
    [
        (dict(label='rib'), "the label 'rib' is not among the classes"),
        (dict(points=[[1, 2], [3, 4]]), 'it has 2 points'),
        (dict(points=[[1, 2], [3, 4], [5, 'x']]), r"point 2 \(\[5, 'x'\]\)"),
        (dict(points=[[40, 2], [43, 4], [45, 9]]), 'completely outside'),
        (dict(points=None), r'shapes\[0\].points is None'),
        (dict(shape_type='star'), "the shape 'star' is unknown"),
        (dict(shape_type='rectangle'), 'instead of two'),
        (dict(shape_type='rotation'), 'has 3 points instead of its four corners'),
        (dict(shape_type='mask', points=[[1, 1], [3, 3]], mask='no'), 'no PNG in base64'),
        (dict(shape_type='mask', points=[[1, 1], [3, 3]]), 'no PNG in base64'),
        (dict(shape_type='mask', points=[[1, 1], [3, 3]], mask='é'), 'no PNG in base64'),
        (dict(shape_type='mask', points=[[1, np.nan], [3, 3]]), 'two pairs of finite numbers'),
        (dict(shape_type='circle', points=[[1, 1], [np.inf, 3]]), 'two pairs of finite numbers'),
        (dict(shape_type='rectangle', points=[[1, 1], [10**400, 3]]), 'two pairs of finite'),
    ],
)
def test_bad_shapes(tmp_path, shape, fault):
    path = write(tmp_path, [shape_of('round', TRIANGLE) | shape])
    with pytest.raises(DatasetError, match=fault) as caught:
        list(LabelMeReader(tmp_path, choice=ClassChoice(CLASSES)))
    assert str(caught.value).startswith(f'{path}: shapes[0]')


def test_masks_that_do_not_fit(tmp_path):
    shape = mask_shape('round', np.ones((3, 3), bool), 26, 2)
    write(tmp_path, [shape])
    with pytest.raises(DatasetError, match='is not in the image of width 28'):
        list(LabelMeReader(tmp_path))
    shape['points'][1][0] += 1
    write(tmp_path, [shape])
    with pytest.raises(DatasetError, match='has width 3 and height 3, but its points say 4'):
        list(LabelMeReader(tmp_path))


def test_cut_off_files(tmp_path):
    path = write(tmp_path, [shape_of('round', TRIANGLE)])
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match='a.json'):
            list(LabelMeReader(tmp_path, choice=ClassChoice(CLASSES)))
