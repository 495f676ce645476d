"""LabelMe, CVAT and Label Studio: files as these programs write them, and round trips."""

import base64
import io
import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_images import CLASSES, PALETTE, assert_same, made_image, made_images, masks_of, write_all
from PIL import Image
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.bad_files import BadFiles
from handbone.datasets.formats.catalogue import reader_class, writer_class
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.cvat import CvatReader
from handbone.datasets.formats.label_studio import LabelStudioReader
from handbone.datasets.formats.labelme import LabelMeReader
from handbone.errors import HandboneError
from handbone.masks.label_studio_rle import write_brush

TOOLS = ('labelme', 'cvat', 'label-studio')
SIZE = (20, 28)
TRIANGLE = [[2, 2], [20, 4], [6, 15]]


def drawn(points):
    """A polygon as OpenCV draws it."""
    mask = np.zeros(SIZE, np.uint8)
    cv2.fillPoly(mask, [np.array(points, np.int32)], 1)
    return mask != 0


def boxes(*rectangles):
    mask = np.zeros(SIZE, bool)
    for top, bottom, left, right in rectangles:
        mask[top : bottom + 1, left : right + 1] = True
    return mask


@pytest.mark.parametrize('shapes', ['polygon', 'mask'])
@pytest.mark.parametrize('form', TOOLS)
def test_round_trip(tmp_path, form, shapes):
    images = made_images(tmp_path / 'pictures')
    write_all(writer_class(form)(tmp_path / 'out', CLASSES, PALETTE, shapes=shapes), images)
    reader = reader_class(form)(tmp_path / 'out', tmp_path / 'pictures', ClassChoice(CLASSES))
    assert_same(reader, images)


@settings(max_examples=25, deadline=None)
@given(arrays(bool, (2, 9, 12)), st.sampled_from(TOOLS), st.sampled_from(['polygon', 'mask']))
def test_any_masks_come_back(tmp_path_factory, masks, form, shapes):
    folder = tmp_path_factory.mktemp('tools')
    image = made_image(masks, 'a.png')
    write_png(folder / 'images/a.png', np.zeros(masks.shape[1:], np.uint8))
    write_all(writer_class(form)(folder, CLASSES[:2], shapes=shapes), [image])
    reader = reader_class(form)(folder, folder / 'images', ClassChoice(CLASSES[:2]))
    assert_same(reader, [image], CLASSES[:2])


@pytest.mark.parametrize('form', TOOLS)
def test_shapes_are_polygons_or_masks(tmp_path, form):
    with pytest.raises(HandboneError, match="shapes must be 'polygon' or 'mask'"):
        writer_class(form)(tmp_path, CLASSES, shapes='box')


class TestLabelMe:
    def shape(self, label, points, kind='polygon', **more):
        base = dict(label=label, points=points, group_id=None, description='', shape_type=kind)
        return base | dict(flags={}, mask=None) | more

    def mask_shape(self, label, mask, left, top):
        content = io.BytesIO()
        Image.fromarray(mask).save(content, 'PNG')
        corners = [[left, top], [left + mask.shape[1] - 1, top + mask.shape[0] - 1]]
        text = base64.b64encode(content.getvalue()).decode()
        return self.shape(label, [list(map(float, each)) for each in corners], 'mask', mask=text)

    def write(self, folder, shapes, **more):
        document = dict(version='5.5.0', flags={}, shapes=shapes, imagePath='a.jpg', imageData=None)
        path = folder / 'a.json'
        path.write_text(json.dumps(document | dict(imageHeight=20, imageWidth=28) | more))
        return path

    def test_all_shapes(self, tmp_path):
        hole = np.ones((4, 6), bool)
        hole[1:3, 2:4] = False
        shapes = [
            self.shape('round', TRIANGLE, group_id=1, flags=dict(x=True)),
            self.shape('round', [[20, 17], [10.0, 12]], 'rectangle'),
            self.mask_shape('square', hole, 5, 3),
            self.shape('long', [[10, 10], [13, 10]], 'circle'),
            self.shape('long', [[1, 1], [2, 2]], 'line'),
        ]
        self.write(tmp_path, shapes)
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

    def test_images_are_found_beside_the_file_and_elsewhere(self, tmp_path):
        (tmp_path / 'json').mkdir()
        self.write(
            tmp_path / 'json', [self.shape('round', TRIANGLE)], imagePath='..\\images\\b.png'
        )
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
            (dict(shape_type='mask', points=[[1, 1], [3, 3]], mask='no'), 'no PNG in base64'),
            (dict(shape_type='mask', points=[[1, 1], [3, 3]]), 'no PNG in base64'),
        ],
    )
    def test_bad_shapes(self, tmp_path, shape, fault):
        path = self.write(tmp_path, [self.shape('round', TRIANGLE) | shape])
        with pytest.raises(DatasetError, match=fault) as caught:
            list(LabelMeReader(tmp_path, choice=ClassChoice(CLASSES)))
        assert str(caught.value).startswith(f'{path}: shapes[0]')

    def test_masks_that_do_not_fit(self, tmp_path):
        shape = self.mask_shape('round', np.ones((3, 3), bool), 26, 2)
        self.write(tmp_path, [shape])
        with pytest.raises(DatasetError, match='is not in the image of width 28'):
            list(LabelMeReader(tmp_path))
        shape['points'][1][0] += 1
        self.write(tmp_path, [shape])
        with pytest.raises(DatasetError, match='has width 3 and height 3, but its points say 4'):
            list(LabelMeReader(tmp_path))

    def test_cut_off_files(self, tmp_path):
        path = self.write(tmp_path, [self.shape('round', TRIANGLE)])
        whole = path.read_bytes()
        for length in range(0, len(whole), 37):
            path.write_bytes(whole[:length])
            with pytest.raises(DatasetError, match='a.json'):
                list(LabelMeReader(tmp_path, choice=ClassChoice(CLASSES)))


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><name>hands</name><labels>
    <label><name>square</name><color>#ff0000</color><type>any</type><attributes/></label>
    <label><name>round</name><color>#00ff00</color><type>any</type><attributes/></label>
  </labels></task></meta>
  <image id="0" name="ID1/a.png" width="28" height="20">
    <polygon label="round" source="manual" occluded="1" points="2.00,2.00;20.00,4.00;6.00,15.00"
      z_order="0" group_id="3"><attribute name="quality">good</attribute></polygon>
    <mask label="round" source="manual" occluded="0" rle="1, 2, 2, 1" left="10" top="17" width="3"
      height="2" z_order="1"></mask>
    <box label="square" source="manual" occluded="0" xtl="3.0" ytl="4.0" xbr="8.0" ybr="9.0"/>
    <points label="square" points="1.0,1.0"/>
  </image>
  <image id="1" name="ID1/b.png" width="28" height="20"></image>
</annotations>
"""


class TestCvat:
    def test_all_shapes(self, tmp_path):
        (tmp_path / 'annotations.xml').write_text(CVAT)
        reader = CvatReader(tmp_path)
        assert reader.classes == ('square', 'round') and len(reader) == 2
        found = masks_of(reader)
        square, round_ = found['ID1/a.png']
        np.testing.assert_array_equal(square, boxes((4, 9, 3, 8)))
        expected = drawn(TRIANGLE) | boxes((17, 17, 11, 12), (18, 18, 12, 12))
        np.testing.assert_array_equal(round_, expected)
        assert not found['ID1/b.png'].any()
        assert reader.losses.lines() == [
            'attributes and groups: 2',
            'marks of occluded shapes: 1',
            'shapes that are no polygon, box or mask: 1',
        ]

    @pytest.mark.parametrize(
        ('old', 'new', 'fault'),
        [
            ('label="round"', 'label="rib"', "polygon 0: the label 'rib' is not among"),
            ('points="2.00,', 'points="x,', "polygon 0: 'x' is not a number"),
            (';6.00,15.00', '', 'polygon 0: it has 2 points'),
            ('2.00,2.00', '2.00,2.00,2.00', 'polygon 0: point 0'),
            ('2.00,2.00', 'nan,2.00', 'polygon 0: point 0'),
            ('1, 2, 2, 1', '1, 2, 2, 2', 'mask 1: the lengths add up to 7 pixels, .* has 6'),
            ('1, 2, 2, 1', '', "mask 1: '' is not a number"),
            ('left="10"', 'left="27"', 'mask 1: the mask .* is not in the image'),
            ('width="3"\n      height="2"', 'width="-3" height="-2"', 'is not in the image'),
            ('left="10"', 'left="1.5"', 'mask 1: the mask has a number that is not whole'),
            ('xbr="8.0"', 'xbr=""', "box 2: '' is not a number"),
            ('<points label="square" ', '<blob/><points ', "blob 3: the shape 'blob' is unknown"),
            ('width="28" height="20">\n', 'width="0" height="20">\n', 'lacks its name, height or'),
            ('name="ID1/b.png"', 'name="ID1/a.png"', "'ID1/a.png' occurs twice"),
            ('<?xml version="1.0" encoding="utf-8"?>', '<!DOCTYPE a [<!ENTITY x "y">]>', 'type'),
            ('</annotations>', '', 'the file is not XML'),
        ],
    )
    def test_bad_files(self, tmp_path, old, new, fault):
        assert old in CVAT
        text = CVAT.replace(old, new, 1).replace(
            '</points', '</blob' if 'blob' in new else '</points'
        )
        (tmp_path / 'annotations.xml').write_text(text)
        with pytest.raises(DatasetError, match=fault) as caught:
            list(CvatReader(tmp_path))
        assert str(caught.value).startswith(str(tmp_path / 'annotations.xml'))

    def test_a_report_goes_on_with_the_rest(self, tmp_path):
        (tmp_path / 'annotations.xml').write_text(CVAT.replace('label="round"', 'label="rib"', 1))
        bad_files = BadFiles('report')
        names = [image.name for image in CvatReader(tmp_path, bad_files=bad_files)]
        assert names == ['ID1/b.png'] and len(bad_files.problems) == 1


class TestLabelStudio:
    def result(self, kind, label, **value):
        size = dict(original_width=28, original_height=20, image_rotation=0)
        base = dict(id='x', type=kind, from_name='label', to_name='image')
        return base | size | dict(value=value | {kind: [label]})

    def per_cent(self, points):
        return [[100 * x / 28, 100 * y / 20] for x, y in points]

    def write(self, folder, *results, **more):
        annotation = dict(id=1, result=list(results), was_cancelled=False)
        task = dict(id=1, data=dict(image='/data/upload/3/0a1b2c3d-a.png'))
        task |= dict(annotations=[annotation], predictions=[]) | more
        path = folder / 'export.json'
        path.write_text(json.dumps([task]))
        return path

    def results(self):
        brush = write_brush(np.array([[0, 3], [30, 2]]), 20 * 28)
        return [
            self.result('polygonlabels', 'round', points=self.per_cent(TRIANGLE), closed=True),
            self.result('brushlabels', 'square', format='rle', rle=brush),
            self.result('rectanglelabels', 'round', x=25, y=50, width=25, height=10, rotation=0),
            self.result('keypointlabels', 'square', x=1, y=1, width=1),
        ]

    def test_all_shapes(self, tmp_path):
        path = self.write(tmp_path, *self.results())
        reader = LabelStudioReader(path)
        assert reader.classes == ('round', 'square')
        round_, square = masks_of(reader)['a.png']
        np.testing.assert_array_equal(round_, drawn(TRIANGLE) | boxes((10, 12, 7, 14)))
        assert np.flatnonzero(square).tolist() == [0, 1, 2, 30, 31]
        assert reader.losses.lines() == ['results that are no polygon, rectangle or brush: 1']

    @pytest.mark.parametrize(
        'address',
        ['/data/upload/3/0a1b2c3d-a.png', '/data/local-files/?d=hands/a.png', 's3://bucket/a.png'],
    )
    def test_images_are_found_by_their_names(self, tmp_path, address):
        write_png(tmp_path / 'images/hands/a.png', np.zeros(SIZE, np.uint8))
        path = self.write(tmp_path, *self.results(), data=dict(image=address))
        (image,) = LabelStudioReader(path, tmp_path / 'images')
        assert image.path == tmp_path / 'images/hands/a.png'

    def test_several_annotations(self, tmp_path):
        first, second, third, _ = self.results()
        annotations = [
            dict(result=[third], was_cancelled=True),
            dict(result=[first]),
            dict(result=[second]),
        ]
        path = self.write(tmp_path, annotations=annotations)
        with pytest.raises(DatasetError, match='task 0: it has 2 annotations. Say which one'):
            list(LabelStudioReader(path, choice=ClassChoice(['round', 'square'])))
        for which, expected in (('first', 'round'), ('last', 'square')):
            reader = LabelStudioReader(path, annotation=which)
            assert reader.classes == (expected,) and next(iter(reader)).labels.present() == [0]
        with pytest.raises(HandboneError, match='annotation must be one of'):
            LabelStudioReader(path, annotation='all')

    @pytest.mark.parametrize(
        ('result', 'fault'),
        [
            (dict(value=dict(polygonlabels=['rib'])), "label 'rib' is not among"),
            (dict(value=dict(polygonlabels=[])), r'its labels are \[\]'),
            (dict(value=dict(polygonlabels=['round'], points=[[1, 2]])), 'it has 1 points'),
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
                    value=dict(rectanglelabels=['round'], x=1, y=1, width=9, height=9, rotation=30),
                ),
                'is rotated',
            ),
            (dict(type=3), 'type is 3'),
        ],
    )
    def test_bad_results(self, tmp_path, result, fault):
        path = self.write(tmp_path, self.results()[0] | result)
        with pytest.raises(DatasetError, match=fault) as caught:
            list(LabelStudioReader(path, choice=ClassChoice(CLASSES)))
        assert str(caught.value).startswith(str(path)) and 'task 0' in str(caught.value)

    def test_results_of_images_of_several_sizes(self, tmp_path):
        first, second, *_ = self.results()
        path = self.write(tmp_path, first, second | dict(original_width=14))
        with pytest.raises(DatasetError, match='task 0, result 1: .* of another size'):
            list(LabelStudioReader(path))

    def test_cut_off_files(self, tmp_path):
        path = self.write(tmp_path, *self.results())
        whole = path.read_bytes()
        for length in range(0, len(whole), 97):
            path.write_bytes(whole[:length])
            with pytest.raises(DatasetError, match='export.json'):
                list(LabelStudioReader(path, choice=ClassChoice(CLASSES)))
