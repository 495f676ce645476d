"""Lengths against known geometry and polygons, ratios against outlines, and what is refused."""

import csv
import json

import cv2
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from handbone.bones import CLASSES
from handbone.cli.command import main
from handbone.errors import HandboneError
from handbone.masks import pack, rasterize
from handbone.measuring.image_measures import measure_image
from handbone.measuring.lengths import axis_length
from handbone.measuring.trusted_spacing import Spacing, read_spacing

MM = Spacing((0.5, 0.25), 'given')
CHEST = ('right_lung', 'left_lung', 'heart')


def bar(angle, length=160.0, width=24.0, size=256, stretch=(1.0, 1.0)):
    """A rectangle of a known length in mm at an angle, drawn into pixels of height and width."""
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    corners = [
        (size / 2 + a * length / 2 * along + b * width / 2 * across) / (stretch[1], stretch[0])
        for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))
    ]
    mask = np.zeros((int(size / stretch[0]), int(size / stretch[1])), np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(corners) * 16).astype(int)], 1, shift=4)
    return mask.astype(bool)


@settings(max_examples=30, deadline=None)
@given(angle=st.floats(0, np.pi), tall=st.floats(0.5, 2))
def test_length_of_a_bar_at_any_angle_in_pixels_of_any_shape(angle, tall):
    stretch = (tall, 0.8)
    # pixels that the outline touches are drawn, and counted from corner to corner
    found = axis_length(bar(angle, stretch=stretch), stretch)
    assert 159 <= found <= 160 + 2.5 * np.hypot(*stretch)


def principal_extent(points):
    """Extent of a polygon along the axis of the largest variance of its area."""
    x, y = np.asarray(points, float).T
    nx, ny = np.roll(x, -1), np.roll(y, -1)
    cross = x * ny - nx * y
    area = cross.sum() / 2
    cx, cy = ((x + nx) * cross).sum() / 6 / area, ((y + ny) * cross).sum() / 6 / area
    xx = ((x * x + x * nx + nx * nx) * cross).sum() / 12 / area - cx * cx
    yy = ((y * y + y * ny + ny * ny) * cross).sum() / 12 / area - cy * cy
    mixed = (x * ny + 2 * x * y + 2 * nx * ny + nx * y) * cross
    xy = mixed.sum() / 24 / area - cx * cy
    axis = np.linalg.eigh([[xx, xy], [xy, yy]])[1][:, 1]
    return np.ptp(np.stack([x, y], 1) @ axis)


def rows_of(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def test_lengths_of_phantoms_against_their_polygons(phantom_root, tmp_path, capsys):
    out = tmp_path / 'lengths.csv'
    folder = phantom_root / 'train' / 'outputs_json'
    main(['measure', str(folder), '--spacing', '0.6', '--out', str(out)])
    found = {(row['image_name'], row['class']): row for row in rows_of(out)}
    compared, refused, errors = 0, 0, []
    for file in folder.glob('*/*.json'):
        name = f'{file.parent.name}/{file.stem}'
        for each in json.loads(file.read_text())['annotations']:
            row = found[name, each['label']]
            if row['reason']:
                refused += 1
                continue
            assert row['spacing'] == 'given' and row['unit'] == 'mm'
            expected = 0.6 * principal_extent(each['points'])
            errors.append(float(row['value']) - expected)
            # the masks of bones of a few pixels have an axis of their own
            assert abs(errors[-1]) < 0.6 * 2.5
            compared += 1
    # pixels that an outline touches belong to the mask and count whole
    assert 0.6 < np.mean(errors) < 0.6 * 1.8 and np.std(errors) < 0.6 * 0.5
    assert compared > 200 and refused > 0
    assert 'images: ' in capsys.readouterr().out
    reasons = {row['reason'] for row in found.values() if row['class'] in ('Radius', 'Ulna')}
    assert 'the mask touches the border of the image' in reasons


def chest():
    """A heart from 60 to 140 and lungs from 20 to 220."""
    outlines = [
        [(20, 40), (100, 40), (100, 200), (20, 200)],
        [(130, 40), (220, 40), (220, 200), (130, 200)],
        [(60, 100), (140, 100), (140, 190), (60, 190)],
    ]
    polygons = [(index, np.array(each, float)) for index, each in enumerate(outlines)]
    return rasterize(polygons, 256, 256, 3)


def test_ratio_against_the_outlines():
    *lengths, ratio = measure_image(chest(), CHEST, MM)
    assert ratio.measure == 'cardiothoracic ratio' and ratio.reason == ''
    assert ratio.value == pytest.approx(80 / 200, abs=0.005)
    # it needs no spacing, and lengths do
    *lengths, same = measure_image(chest(), CHEST, Spacing(None, reason='unknown'))
    assert same.value == ratio.value
    assert [each.value for each in lengths] == [None] * 3 and lengths[0].reason == 'unknown'
    assert lengths[0].pixels == pytest.approx(161, abs=1)


def masks(*drawn):
    stack = np.zeros((len(drawn), 100, 100), bool)
    for mask, boxes in zip(stack, drawn, strict=True):
        for top, bottom, left, right in boxes:
            mask[top:bottom, left:right] = True
    return pack(stack)


def test_what_cannot_be_trusted_is_refused():
    whole, speck = (10, 60, 10, 40), (80, 84, 80, 84)
    labels = masks([whole], [whole, (70, 90, 50, 90)], [(0, 60, 10, 40)], [], [whole, speck])
    found = measure_image(labels, 'abcde', MM)
    assert [each.reason for each in found] == [
        '',
        'the mask is in 2 pieces',
        'the mask touches the border of the image',
        'there is no mask',
        '',
    ]
    assert [each.value for each in found] == [25.0, None, None, None, 25.0]
    *_, ratio = measure_image(masks([whole], [], [whole]), CHEST, MM)
    assert ratio.value is None and ratio.reason == 'left_lung: there is no mask'
    labels = masks([whole], *[[]] * (len(CLASSES) - 1))
    assert {each.reason for each in measure_image(labels, CLASSES, MM)} == {
        'this does not look like a hand',
        'there is no mask',
    }


def dicom(path, **elements):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = '1.2.3'
    header = pydicom.Dataset()
    header.file_meta = meta
    for keyword, value in elements.items():
        setattr(header, keyword, value)
    header.Rows = header.Columns = 2
    header.BitsAllocated = 8
    header.PixelData = b'\0' * 4
    header['PixelData'].VR = 'OB'
    header.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    ('elements', 'magnification', 'expected'),
    [
        (dict(PixelSpacing=[0.1, 0.2], PixelSpacingCalibrationType='FIDUCIAL'), None, (0.1, 0.2)),
        (dict(PixelSpacing=[0.1, 0.1], ImagerPixelSpacing=[0.12, 0.12]), None, (0.1, 0.1)),
        (dict(PixelSpacing=[0.1, 0.1], ImagerPixelSpacing=[0.1, 0.1]), None, None),
        (dict(PixelSpacing=[0.1, 0.1]), None, None),
        (dict(ImagerPixelSpacing=[0.12, 0.12]), None, None),
        (dict(ImagerPixelSpacing=[0.12, 0.12]), 1.2, (0.1, 0.1)),
        (
            dict(ImagerPixelSpacing=[0.12, 0.12], EstimatedRadiographicMagnificationFactor='1.2'),
            None,
            (0.1, 0.1),
        ),
        (dict(), 1.2, None),
    ],
)
def test_spacing_of_dicom_files(tmp_path, elements, magnification, expected):
    spacing = read_spacing(dicom(tmp_path / 'a.dcm', **elements), magnification)
    if expected is None:
        assert spacing.pixel is None
        known = 'detector' if elements else 'does not tell the spacing'
        assert known in spacing.reason and '--spacing' in spacing.reason
    else:
        assert spacing.pixel == pytest.approx(expected) and not spacing.reason


def test_pictures_do_not_tell(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((4, 4), np.uint8))
    assert 'does not tell' in read_spacing(tmp_path / 'a.png').reason


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--spacing', '0'], 'is not the size of a pixel'),
        (['--spacing', '1', '2', '3'], 'is not the size of a pixel'),
        (['--spacing', '1', '--magnification', '1.1'], 'leave one out'),
    ],
)
def test_options_that_cannot_be(phantom_root, tmp_path, options, message, capsys):
    out = tmp_path / 'lengths.csv'
    with pytest.raises(SystemExit):
        main(['measure', str(phantom_root / 'train'), *options, '--out', str(out)])
    assert message in capsys.readouterr().err and not out.exists()


def test_magnification_below_one(tmp_path):
    with pytest.raises(HandboneError, match=r'a magnification of 0\.9 cannot be'):
        read_spacing(tmp_path / 'a.png', 0.9)


def test_a_csv_needs_sizes(phantom_root, tmp_path, capsys):
    table = tmp_path / 'masks.csv'
    table.write_text('image_name,class,rle\na.png,heart,1 2\n')
    out = tmp_path / 'lengths.csv'
    with pytest.raises(SystemExit):
        main(['measure', str(table), '--spacing', '1', '--out', str(out)])
    assert '--size HEIGHT WIDTH' in capsys.readouterr().err
    main(['measure', str(table), '--size', '4', '4', '--out', str(out)])
    (row,) = rows_of(out)
    assert row['reason'] == 'the mask touches the border of the image'
