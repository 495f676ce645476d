"""LabelMe, CVAT and Label Studio: round trips."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_images import CLASSES, PALETTE, assert_same, made_image, made_images, write_all
from small_dataset import write_png

from handbone.datasets.formats.catalogue import reader_class, writer_class
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.errors import HandboneError

TOOLS = ('labelme', 'cvat', 'label-studio')


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
