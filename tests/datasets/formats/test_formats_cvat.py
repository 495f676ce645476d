"""CVAT for images 1.1: files as the program writes them."""

import re

import cv2
import numpy as np
import pytest
from made_images import CLASSES, assert_same, drawn_masks, made_image, masks_of
from made_shapes import TRIANGLE, boxes, drawn

from handbone.datasets import DatasetError
from handbone.datasets.bad_files import BadFiles
from handbone.datasets.formats.conversion import write_images
from handbone.datasets.formats.cvat import CvatReader, CvatWriter

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


def test_all_shapes(tmp_path):
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
        'shapes that are no polygon, box, ellipse or mask: 1',
    ]


@pytest.mark.parametrize('angle', [0.0, 30.0, 90.0, 340.0])
def test_boxes_are_rotated_as_opencv_rotates_them(tmp_path, angle):
    """OpenCV's rotated rectangles turn clockwise around their middle too."""
    box = f'xtl="6.0" ytl="8.0" xbr="20.0" ybr="12.0" rotation="{angle:.2f}"'
    old = 'xtl="3.0" ytl="4.0" xbr="8.0" ybr="9.0"'
    assert old in CVAT
    text = re.sub('<mask.*?</mask>', '', CVAT.replace(old, box), flags=re.DOTALL)
    (tmp_path / 'annotations.xml').write_text(text)
    image = next(iter(CvatReader(tmp_path)))
    (points,) = (points for index, points in image.labels.split() if index == 0)
    expected = cv2.boxPoints(((13, 10), (14, 4), angle))
    order = [np.lexsort(each.round(3).T) for each in (points, expected)]
    np.testing.assert_allclose(points[order[0]], expected[order[1]], atol=1e-4)


@pytest.mark.parametrize('angle', [0.0, 30.0, 340.0])
def test_ellipses_are_rotated_like_boxes(tmp_path, angle):
    ellipse = f'<ellipse label="square" cx="13" cy="10" rx="8" ry="3" rotation="{angle}"/>'
    text = re.sub(
        '<mask.*?</mask>', '', CVAT.replace('<points', f'{ellipse}<points'), flags=re.DOTALL
    )
    (tmp_path / 'annotations.xml').write_text(text)
    image = next(iter(CvatReader(tmp_path)))
    _, points = (points for index, points in image.labels.split() if index == 0)
    across, down = (points - (13, 10)).T
    long = across * np.cos(np.deg2rad(angle)) + down * np.sin(np.deg2rad(angle))
    short = down * np.cos(np.deg2rad(angle)) - across * np.sin(np.deg2rad(angle))
    np.testing.assert_allclose((long / 8) ** 2 + (short / 3) ** 2, 1, rtol=1e-5)
    assert cv2.contourArea(points.astype(np.float32)) == pytest.approx(24 * np.pi, rel=0.01)


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
        ('ybr="9.0"', 'ybr="9.0" rotation="a"', "box 2: 'a' is not a number"),
        ('<points label="square" ', '<blob/><points ', "blob 3: the shape 'blob' is unknown"),
        ('width="28" height="20">\n', 'width="0" height="20">\n', 'lacks its name, height or'),
        ('name="ID1/b.png"', 'name="ID1/a.png"', "'ID1/a.png' occurs twice"),
        ('<?xml version="1.0" encoding="utf-8"?>', '<!DOCTYPE a [<!ENTITY x "y">]>', 'type'),
        ('</annotations>', '', 'the file is not XML'),
        ('encoding="utf-8"', 'encoding="euc-kr"', 'its encoding .*[.] Save it as UTF-8[.]$'),
    ],
)
def test_bad_files(tmp_path, old, new, fault):
    assert old in CVAT
    text = CVAT.replace(old, new, 1).replace('</points', '</blob' if 'blob' in new else '</points')
    (tmp_path / 'annotations.xml').write_text(text)
    with pytest.raises(DatasetError, match=fault) as caught:
        list(CvatReader(tmp_path))
    assert str(caught.value).startswith(str(tmp_path / 'annotations.xml'))


def test_a_report_goes_on_with_the_rest(tmp_path):
    (tmp_path / 'annotations.xml').write_text(CVAT.replace('label="round"', 'label="rib"', 1))
    bad_files = BadFiles('report')
    names = [image.name for image in CvatReader(tmp_path, bad_files=bad_files)]
    assert names == ['ID1/b.png'] and len(bad_files.problems) == 1


@pytest.mark.parametrize('name', ['a\x01b.png', 'h\udce4nd.png', 'a\uffff.png'])
def test_an_image_whose_name_xml_cannot_hold(tmp_path, name):
    """It is reported, and the file holds the others."""
    images = [made_image(drawn_masks(seed), each) for seed, each in enumerate(['a.png', name, 'b'])]
    bad_files = BadFiles('report')
    assert write_images(images, CvatWriter(tmp_path, CLASSES), bad_files) == (2, 2)
    (problem,) = bad_files.problems
    assert str(problem).startswith(f'{name}: its name: XML has no character ')
    assert str(problem).endswith('. Rename the image.')
    assert_same(CvatReader(tmp_path), [images[0], images[2]])


@pytest.mark.parametrize(
    'name', ['a&<"b.png', "a'b>.png", 'a\tb.png', 'a\nb.png', 'a\rb.png', '손.png']
)
def test_other_names_come_back(tmp_path, name):
    writer = CvatWriter(tmp_path, CLASSES)
    write_images([made_image(drawn_masks(1), name)], writer, BadFiles('stop'))
    assert [image.name for image in CvatReader(tmp_path)] == [name]


def test_a_class_whose_name_xml_cannot_hold(tmp_path):
    with pytest.raises(DatasetError, match='names of the classes: XML has no .* Rename the class'):
        CvatWriter(tmp_path, ['a\x01'])
    assert not list(tmp_path.iterdir())
