"""Every step against its definition in scipy.ndimage, on whole masks of all classes."""

import numpy as np
import pytest
from mmseg.registry import TASK_UTILS
from scipy import ndimage

from handbone.masks import IGNORE_BIT, pack, unpack
from handbone.postprocessing import (
    FillHoles,
    LargestComponent,
    LeastArea,
    index_classes,
)

EIGHT = np.ones((3, 3), bool)
SHAPE = (60, 80)


@pytest.fixture(params=[5, 40])
def masks(request):
    """Ragged blobs with specks and holes, some classes at the border, one empty, one full."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(request.param, *SHAPE))
    masks = ndimage.gaussian_filter(noise, (0, 1.5, 1.5)) > 0.12
    masks[2] = False
    masks[3] = True
    return masks


def run(step, masks, image=None):
    return unpack(step(pack(masks), len(masks), image), len(masks))


def largest(mask):
    labels, count = ndimage.label(mask, EIGHT)
    areas = np.bincount(labels.ravel())[1:]
    return labels == 1 + areas.argmax() if count else mask


def filled(mask, limit=np.inf):
    holes, _ = ndimage.label(ndimage.binary_fill_holes(mask) & ~mask)
    areas = np.bincount(holes.ravel())
    return mask | ((holes > 0) & (areas[holes] <= limit))


def without_small(mask, least):
    labels, _ = ndimage.label(mask, EIGHT)
    return mask & (np.bincount(labels.ravel())[labels] >= least)


@pytest.mark.parametrize(
    ('step', 'definition'),
    [
        (LargestComponent(), largest),
        (FillHoles(), filled),
        (FillHoles(largest=4 / 4800), lambda mask: filled(mask, 4)),
        (LeastArea(share=30 / 4800), lambda mask: without_small(mask, 30)),
        (LeastArea(share=0), lambda mask: mask),
    ],
)
def test_definition(masks, step, definition):
    expected = np.stack([definition(mask) for mask in masks])
    np.testing.assert_array_equal(run(step, masks), expected)
    if not (isinstance(step, LeastArea) and step.share == 0):
        assert (expected != masks).any(axis=(1, 2)).sum() >= 3


def test_equal_parts():
    """The first in reading order stays."""
    mask = np.zeros((1, 6, 9), bool)
    mask[0, 3:5, 0:2] = mask[0, 1:3, 6:8] = True
    expected = np.zeros_like(mask)
    expected[0, 1:3, 6:8] = True
    np.testing.assert_array_equal(run(LargestComponent(), mask), expected)


def test_other_bits_stay(masks):
    """Only the chosen classes change; ignored pixels stay ignored."""
    ignore = np.random.default_rng(0).random(SHAPE) < 0.1
    packed = pack(masks, ignore)
    found = LargestComponent(classes=[0, 4])(packed.copy(), len(masks))
    expected = masks.copy()
    for index in (0, 4):
        expected[index] = largest(masks[index])
    np.testing.assert_array_equal(found, pack(expected, ignore))
    assert ((found.reshape(*SHAPE, -1)[..., 0] & np.int32(IGNORE_BIT)) != 0).sum() == ignore.sum()


def test_dense_crf():
    """A mask that is drawn too large goes back to the edge of what is bright."""
    pytest.importorskip('pydensecrf.densecrf', reason='needs pip install "handbone[crf]"')
    step = TASK_UTILS.build(dict(type='DenseCRF', classes=[1]))
    rows, columns = np.mgrid[:60, :80]
    true = (rows - 30) ** 2 + (columns - 40) ** 2 < 15**2
    image = np.where(true, 200, 60).astype(np.uint8)
    drawn = ndimage.binary_dilation(true, iterations=3)
    found = run(step, np.stack([drawn, drawn]), image)
    np.testing.assert_array_equal(found[0], drawn)
    wrong, before = (found[1] != true).sum(), (drawn != true).sum()
    assert wrong < before / 4
    with pytest.raises(ValueError, match='DenseCRF needs the image, and none was given'):
        step(pack(np.stack([drawn, drawn])), 2)


def test_dense_crf_is_the_package_on_the_box():
    """The same energies on the box with its margin, from the package itself."""
    crf = pytest.importorskip('pydensecrf.densecrf', reason='needs pip install "handbone[crf]"')
    rng = np.random.default_rng(0)
    mask = np.zeros((50, 70), bool)
    mask[20:35, 30:52] = rng.random((15, 22)) < 0.8
    mask[20, 30:52] = mask[20:35, 30] = mask[34, 51] = True
    image = ndimage.gaussian_filter(rng.random((50, 70)) * 255, 2).astype(np.uint8)
    box = np.s_[12:43, 22:60]
    field = crf.DenseCRF2D(38, 31, 2)
    certain = np.where(mask[box], 0.7, 0.3).ravel()
    field.setUnaryEnergy(-np.log(np.stack([1 - certain, certain])).astype(np.float32))
    field.addPairwiseGaussian(sxy=3, compat=2)
    color = np.ascontiguousarray(np.stack([image[box]] * 3, axis=-1))
    field.addPairwiseBilateral(sxy=11, srgb=9, rgbim=color, compat=4)
    expected = mask.copy()
    expected[box] = np.argmax(field.inference(3), axis=0).reshape(31, 38)
    settings = dict(
        certainty=0.7, iterations=3, smoothness=2, appearance=4, reach=11, contrast=9, margin=8
    )
    step = TASK_UTILS.build(dict(type='DenseCRF', **settings))
    np.testing.assert_array_equal(run(step, mask[None], image)[0], expected)
    assert (expected != mask).any()


def test_names_of_classes():
    steps = [dict(type='FillHoles', classes=['b', 2]), dict(type='LeastArea')]
    indexed = index_classes(steps, ('a', 'b', 'c'))
    assert indexed == [dict(type='FillHoles', classes=[1, 2]), dict(type='LeastArea')]
    assert steps[0]['classes'] == ['b', 2]
    named = [dict(type='FillHoles', classes=['ra\u0301dio'])]
    assert index_classes(named, ('a', 'r\u00e1dio')) == [dict(type='FillHoles', classes=[1])]
    with pytest.raises(ValueError, match='FillHoles names classes that do not exist: d; the'):
        index_classes([dict(type='FillHoles', classes=['d'])], ('a', 'b', 'c'))


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: LargestComponent(classes=['finger-1']), 'are names, but indices are needed here'),
        (lambda: LeastArea(share=2), 'share must be between 0 and 1'),
        (lambda: FillHoles(largest=-1), 'largest must be between 0 and 1'),
        (
            lambda: LargestComponent(classes=[7])(np.zeros(SHAPE, np.int32), 5),
            r'classes \[7\] are not all among 0 to 4',
        ),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()
