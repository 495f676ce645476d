"""Inverted images and labels that lie elsewhere, where classes have a usual contrast."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_records import annotated, survey_of

from handbone.doctor.checks.contrasts import check_contrasts
from handbone.doctor.examined import Examined
from handbone.doctor.image_record import Pixels
from handbone.doctor.measuring import measure_image

CLASSES = ('a', 'b', 'c', 'd')
SQUARE = np.array([[10, 10], [30, 10], [30, 30], [10, 30]], float)
MEASURED = measure_image('train', annotated('0.png', [('a', SQUARE)], 64, None, CLASSES), CLASSES)
PIXELS = Pixels(bytes(16), np.zeros((32, 32), np.uint8), 8, 0.0, 200.0, 0.0, 100.0)


def found(contrasts):
    """Image and check of what is reported, from contrasts (N, C) in shares of the grey range."""
    records = []
    for number, row in enumerate(np.asarray(contrasts, np.float32)):
        outside = np.full(row.shape, 100, np.float32)
        measures = replace(MEASURED.classes, inside=outside + 200 * row, outside=outside)
        name = f'{number}.png'
        records.append(replace(MEASURED, name=name, classes=measures, pixels=PIXELS))
    data = Examined(survey_of(records, CLASSES), None, None, (), ())
    return {(int(each.image[:-4]), each.check) for each in check_contrasts(data)}


def radiographs(rng, count):
    """Bones and lungs: the first classes are bright, the third is dark, the last hardly differs."""
    usual = np.array([0.15, 0.08, -0.16, 0.0])
    contrasts = usual + rng.normal(0, [0.035, 0.02, 0.035, 0.01], (count, 4))
    return contrasts * rng.uniform(0.8, 1.25, (count, 1))  # exposure


def photographs(rng, count):
    """Things of any brightness on any ground."""
    contrasts = (rng.uniform(10, 245, (count, 4)) - rng.uniform(60, 200, (count, 1))) / 200
    return np.where(rng.random((count, 4)) < 0.6, contrasts, np.nan)


@example(0)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_an_inverted_radiograph_and_one_with_the_labels_of_another(seed):
    rng = np.random.default_rng(seed)
    contrasts = radiographs(rng, 60)
    contrasts[7] *= -1
    contrasts[9] = rng.normal(0, 0.005, 4)
    assert found(contrasts) == {(7, 'inverted'), (9, 'labels-elsewhere')}


def test_a_tenth_of_the_radiographs_is_inverted():
    contrasts = radiographs(np.random.default_rng(0), 80)
    contrasts[::10] *= -1
    assert found(contrasts) == {(number, 'inverted') for number in range(0, 80, 10)}


@example(0)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_photographs_have_no_usual_contrast(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(3, 100))
    assert len(found(photographs(rng, count))) <= max(0.02 * count, 1)


@pytest.mark.parametrize('share', [0.3, 0.5])
def test_things_that_are_bright_on_some_grounds_and_dark_on_others(share):
    rng = np.random.default_rng(1)
    contrasts = np.where(rng.random((80, 1)) < share, -0.3, 0.3) + rng.normal(0, 0.01, (80, 4))
    assert found(contrasts) == set()


def test_few_images_tell_nothing_usual():
    contrasts = radiographs(np.random.default_rng(0), 9)
    contrasts[4] *= -1
    assert found(contrasts) == set()


def test_coloured_shapes():
    """Two kinds of things in photographs, half of them on brighter grounds, half on darker ones."""
    from benchmarks.harness.coloured_shapes import draw_shapes
    from handbone.doctor.class_measures import measure_classes
    from handbone.doctor.pixel_measures import measure_pixels

    rng = np.random.default_rng(0)
    records = []
    for number in range(60):
        picture, shapes = draw_shapes(rng, 2, 64)
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        named = [(CLASSES[index], points) for index, points in shapes]
        image = annotated(f'{number}.png', named, 64, None, CLASSES)
        measures, _ = measure_classes(image.draw(4), 4, grey)
        pixels = measure_pixels(grey)
        records.append(replace(MEASURED, name=image.name, classes=measures, pixels=pixels))
    data = Examined(survey_of(records, CLASSES), None, None, (), ())
    assert len(list(check_contrasts(data))) <= 1
