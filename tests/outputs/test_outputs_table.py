"""The table of measurements against shapes of known size, and plain definitions."""

import csv

import cv2
import numpy as np
import pytest
from made_predictions import CLASSES, draw_labels, make_prediction

from handbone.masks import class_mask, pack
from handbone.outputs import WRITERS
from handbone.outputs.measurements import measure
from handbone.outputs.table import COLUMNS


def read(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def tilted_bar(length, width, angle, spacing=(1.0, 1.0)):
    """Draw a bar of a size in mm on pixels of any spacing: bool (400, 400)."""
    y, x = np.mgrid[:400, :400].astype(float)
    y, x = (y - 200) * spacing[0], (x - 200) * spacing[1]
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)


def cut(mask):
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    inside = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.ascontiguousarray(inside), int(columns[0]), int(rows[0])


def test_an_upright_bar_to_the_pixel():
    measured = measure(np.ones((5, 12), bool), 30, 7, (0.2, 0.1))
    assert (measured.area, measured.parts, measured.box) == (60, 1, (30, 7, 12, 5))
    assert measured.size == pytest.approx((12, 5))
    assert measured.centroid == pytest.approx((35.5, 9))
    # 12 pixels of 0.1 mm by 5 of 0.2 mm
    assert measured.size_mm == pytest.approx((1.2, 1.0))
    assert measured.box_mm == pytest.approx((1.2, 1.0))
    assert measured.area_mm2 == pytest.approx(1.2)
    assert measured.centroid_mm == pytest.approx((3.55, 1.8))


@pytest.mark.parametrize('angle', [0.0, 0.4, 1.1, 2.5])
@pytest.mark.parametrize('spacing', [(0.5, 0.5), (0.4, 0.7)])
def test_length_and_width_in_mm_at_any_angle_and_spacing(angle, spacing):
    measured = measure(*cut(tilted_bar(80, 20, angle, spacing)), spacing)
    # drawn pixels reach at most a pixel's diagonal beyond the bar
    assert measured.size_mm == pytest.approx((80, 20), abs=2 * np.hypot(*spacing))
    assert measured.area_mm2 == pytest.approx(1600, rel=0.04)
    assert measured.centroid_mm == pytest.approx((200 * spacing[1], 200 * spacing[0]), abs=0.1)


def test_single_pixels_and_parts():
    measured = measure(np.ones((1, 1), bool), 3, 4)
    assert measured.size == pytest.approx((1, 1))
    assert (measured.area_mm2, measured.size_mm, measured.box_mm, measured.centroid_mm) == (
        None,
    ) * 4
    corners = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 0, 0]], bool)
    assert measure(corners, 0, 0).parts == 2
    ring = np.ones((7, 7), bool)
    ring[1:-1, 1:-1] = False
    ring[3, 3] = True
    assert measure(ring, 0, 0).parts == 2


def test_one_row_an_image_and_class(tmp_path):
    predictions = [
        make_prediction(f'ID{seed}/hand', draw_labels(seed), (0.15, 0.1)) for seed in range(3)
    ]
    writer = WRITERS['table'](tmp_path, CLASSES, ())
    for prediction in predictions:
        writer.write(prediction)
    writer.finish()
    rows = read(tmp_path / 'table.csv')
    assert tuple(rows[0]) == COLUMNS
    assert [(row['image_name'], row['class']) for row in rows] == [
        (prediction.image_name, name) for prediction in predictions for name in CLASSES
    ]
    for number, row in enumerate(rows):
        image, index = divmod(number, len(CLASSES))
        labels = predictions[image].labels
        mask = class_mask(labels, index) & (labels >= 0)
        assert int(row['area_px']) == mask.sum()
        assert float(row['area_mm2']) == pytest.approx(mask.sum() * 0.015, abs=6e-4)
        parts, _ = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
        assert int(row['parts']) == parts - 1
        if not mask.any():
            assert (image, CLASSES[index]) == (2, 'bar')
            assert {row[column] for column in COLUMNS[4:-1]} == {''}
            continue
        y, x = np.nonzero(mask)
        assert float(row['centroid_x']) == pytest.approx(x.mean(), abs=6e-4)
        assert float(row['centroid_y_mm']) == pytest.approx(y.mean() * 0.15, abs=6e-4)
        box = [int(row[f'box_{side}']) for side in ('left', 'top', 'width', 'height')]
        assert box == [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
        assert float(row['box_height_mm']) == pytest.approx(box[3] * 0.15, abs=6e-4)


def test_cells_in_mm_are_empty_without_spacing(tmp_path):
    writer = WRITERS['table'](tmp_path, CLASSES, ())
    writer.write(make_prediction('hand', draw_labels(2)))
    writer.finish()
    for row in read(tmp_path / 'table.csv'):
        assert {row[column] for column in COLUMNS if 'mm' in column} == {''}


def test_more_than_31_classes(tmp_path):
    names = [f'part-{index}' for index in range(40)]
    masks = np.zeros((40, 9, 9), bool)
    masks[35, 2:4, 3:8] = True
    writer = WRITERS['table'](tmp_path, names, ())
    writer.write(make_prediction('many', pack(masks)))
    writer.finish()
    rows = read(tmp_path / 'table.csv')
    assert [row['class'] for row in rows if row['area_px'] != '0'] == ['part-35']
