"""RandomAffine against scipy and against polygons moved by hand."""

import math

import cv2
import numpy as np
import pytest
from scipy import ndimage
from small_dataset import circle

from handbone.datasets import LoadPolygonAnnotations, RandomAffine
from handbone.datasets.polygons import Polygons
from handbone.errors import HandboneError
from handbone.masks import rasterize, unpack

ALL = dict(degrees=25, scale=(0.7, 1.4), translate=0.1, shear=10)


def smooth(height=60, width=80):
    image = np.random.default_rng(3).uniform(0, 255, (height, width))
    return ndimage.gaussian_filter(image, 3, mode='wrap').astype(np.float32) * 4 - 380


def sample(image, polygons=None):
    results = dict(
        img=image, ori_shape=image.shape[:2], seg_fields=[], classes=('a', 'b'), img_path='a.png'
    )
    if polygons is not None:
        lengths = [len(points) for _, points in polygons]
        results['polygons'] = Polygons(
            np.concatenate([points for _, points in polygons]).astype(np.float32),
            np.cumsum(lengths),
            np.array([index for index, _ in polygons]),
        )
    return results


def by_scipy(array, matrix, size, order):
    """Move one image by (2, 3) matrix: scipy works with (y, x) and from target to source."""
    swap = [1, 0]
    inverse = np.linalg.inv(matrix[:, :2])
    return ndimage.affine_transform(
        array,
        inverse[swap][:, swap],
        (-inverse @ matrix[:, 2])[swap],
        output_shape=size[::-1],
        order=order,
        mode='constant',
        cval=0,
    )


def inside(matrix, source, size):
    """Target pixels that come from at least one pixel inside the source."""
    return (
        by_scipy(np.ones(source), matrix, size, 0)
        * by_scipy(np.pad(np.ones((source[0] - 2, source[1] - 2)), 1), matrix, size, 1)
        == 1
    )


@pytest.mark.parametrize('seed', range(6))
@pytest.mark.parametrize('size', [None, (50, 70), (100, 90)])
def test_image_as_scipy_moves_it(seed, size):
    image = smooth()
    np.random.seed(seed)
    results = RandomAffine(**ALL | dict(scale=(0.85, 1.4)), size=size)(sample(image))
    matrix, _ = results['frame_matrix']
    size = size or (80, 60)
    assert results['img'].shape == size[::-1] == results['img_shape']
    expected = by_scipy(image, matrix, size, 1)
    where = inside(matrix, image.shape, size)
    assert where.mean() > 0.3
    np.testing.assert_allclose(results['img'][where], expected[where], atol=2.0)


@pytest.mark.parametrize('planes', [1, 2, 7])
def test_labels_by_nearest_neighbour(planes):
    shape = (60, 80) if planes == 1 else (60, 80, planes)
    rng = np.random.default_rng(0)
    labels = rng.integers(-(2**31), 2**31, shape).astype(np.int32).repeat(4, 0).repeat(4, 1)
    results = sample(np.zeros(labels.shape[:2], np.uint8)) | dict(gt_seg_map=labels)
    results['seg_fields'].append('gt_seg_map')
    np.random.seed(1)
    results = RandomAffine(**ALL)(results)
    matrix, _ = results['frame_matrix']
    moved = results['gt_seg_map'].reshape(240, 320, planes)
    assert moved.dtype == np.int32
    for plane in range(planes):
        plane_in = labels.reshape(240, 320, planes)[..., plane].astype(np.float64)
        expected = by_scipy(plane_in, matrix, (320, 240), 0)
        # The two may round a source position on the border of two pixels differently.
        assert (moved[..., plane] == expected).mean() > 0.99


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('planes', [1, 2])
def test_every_class_is_moved_as_its_own_mask(seed, planes):
    """Noise, so that one pixel sampled elsewhere shows; bit 31 is the ignore bit."""
    shape = (300, 400) if planes == 1 else (300, 400, planes)
    labels = np.random.default_rng(seed).integers(-(2**31), 2**31, shape).astype(np.int32)
    results = sample(np.zeros((300, 400), np.uint8)) | dict(gt_seg_map=labels)
    results['seg_fields'].append('gt_seg_map')
    np.random.seed(seed)
    results = RandomAffine(**ALL, size=(350, 280))(results)
    matrix, moved = results['frame_matrix'][0], results['gt_seg_map'].reshape(280, 350, planes)
    assert results['gt_seg_map'].shape == (280, 350, *shape[2:])
    # by OpenCV on the mask of each class alone
    for plane in range(planes):
        codes = labels.reshape(300, 400, planes)[..., plane].view(np.uint32)
        for bit in range(32):
            mask = (codes >> bit & 1).astype(np.uint8)
            expected = cv2.warpAffine(mask, matrix, (350, 280), flags=cv2.INTER_NEAREST)
            found = moved[..., plane].view(np.uint32) >> bit & 1
            np.testing.assert_array_equal(found, expected)
    # by the definition of the nearest neighbour, but for places half-way between two pixels
    points = np.stack(np.meshgrid(np.arange(350), np.arange(280)), axis=-1)
    places = (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    clear = (np.abs(places - np.floor(places) - 0.5) > 2e-3).all(axis=-1)
    x, y = np.rint(places).astype(int).transpose(2, 0, 1)
    inside = (x >= 0) & (x < 400) & (y >= 0) & (y < 300)
    nearest = labels.reshape(300, 400, planes)[y.clip(0, 299), x.clip(0, 399)]
    expected = np.where(inside[..., None], nearest, 0)
    assert clear.mean() > 0.98
    np.testing.assert_array_equal(moved[clear], expected[clear])


def test_outside_is_background_and_pad_val():
    image = np.full((40, 40), 200, np.uint8)
    labels = np.full((40, 40), -1, np.int32)
    results = sample(image) | dict(gt_seg_map=labels, seg_fields=['gt_seg_map'])
    results = RandomAffine(scale=(0.5, 0.5), pad_val=7)(results)
    assert set(np.unique(results['gt_seg_map'])) == {-1, 0}
    assert results['gt_seg_map'][0, 0] == 0
    assert results['img'][0, 0] == 7
    assert results['img'][20, 20] == 200


def test_polygons_follow_the_matrix():
    truth = [(0, np.array(circle(30, 25, 12))), (1, np.array([[40, 10], [70, 15], [60, 50]]))]
    for seed in range(5):
        np.random.seed(seed)
        results = RandomAffine(**ALL, size=(96, 96))(sample(smooth(), truth))
        results = LoadPolygonAnnotations(frame='image')(results)
        matrix, _ = results['frame_matrix']
        # The centre of an ellipse is the image of the circle's centre.
        masks = unpack(results['gt_seg_map'], 2)
        ys, xs = masks[0].nonzero()
        if min(xs.min(), ys.min()) > 0 and max(xs.max(), ys.max()) < 95:
            center = matrix[:, :2] @ [30, 25] + matrix[:, 2]
            np.testing.assert_allclose([xs.mean(), ys.mean()], center, atol=0.1)
        # Drawing large and then moving by nearest neighbour gives nearly the same.
        large = rasterize(truth, 60 * 8, 80 * 8, 2, scale=8)
        for index, mask in enumerate(unpack(large, 2)):
            shares = mask.reshape(60, 8, 80, 8).mean(axis=(1, 3))
            moved = by_scipy(shares, matrix, (96, 96), 1) > 0.5
            union = (moved | masks[index]).sum()
            assert (moved & masks[index]).sum() / union > 0.85


def test_after_a_resize_the_matrix_still_starts_at_the_file():
    image = smooth()
    results = sample(image, [(0, np.array(circle(30, 25, 12)))])
    results['img'] = np.ascontiguousarray(image[::2, ::2])
    results['scale_factor'] = (0.5, 0.5)
    np.random.seed(2)
    results = LoadPolygonAnnotations(frame='image')(RandomAffine(degrees=30)(results))
    ys, xs = unpack(results['gt_seg_map'], 2)[0].nonzero()
    matrix, _ = results['frame_matrix']
    center = matrix[:, :2] @ [30, 25] + matrix[:, 2]
    np.testing.assert_allclose([xs.mean(), ys.mean()], center, atol=0.15)
    assert math.isclose(np.linalg.det(matrix[:, :2]), 0.25)


def test_chained_moves():
    results = sample(smooth(), [(0, np.array(circle(40, 30, 10)))])
    np.random.seed(5)
    results = RandomAffine(degrees=40)(RandomAffine(size=(40, 30))(results))
    results = LoadPolygonAnnotations(frame='image')(results)
    ys, xs = unpack(results['gt_seg_map'], 2)[0].nonzero()
    np.testing.assert_allclose([xs.mean(), ys.mean()], [19.75, 14.75], atol=0.15)


def test_fitting_without_random_part_keeps_the_aspect_and_centres():
    image = np.full((60, 80), 100, np.uint8)
    results = RandomAffine(size=(40, 40), degrees=45, prob=0.0)(sample(image))
    rows = (results['img'] == 100).any(axis=1)
    assert rows.sum() in (30, 31)
    assert (results['img'][6:34] == 100).all()
    assert (results['img'][:4] == 0).all() and (results['img'][-4:] == 0).all()


@pytest.mark.parametrize('shape', [(256, 256), (250, 333)])
def test_shrinking_averages(shape):
    """A grid finer than the output's pixels becomes its mean, not a moire."""
    image = np.zeros(shape, np.uint8)
    image[::2] = 200
    small = RandomAffine(size=(32, 32))(sample(image))['img']
    assert abs(small[15, 15].astype(int) - 100) <= 4
    assert small[14:18, 4:-4].std() < 4


def test_shrinking_stays_in_place():
    """The pre-shrunk image moves by the same matrix: the centre of a blob lands where it says."""
    y, x = np.mgrid[:250, :333]
    image = (255 * np.exp(-((x - 200) ** 2 + (y - 90) ** 2) / (2 * 15**2))).astype(np.float32)
    np.random.seed(0)
    results = RandomAffine(degrees=20, scale=(0.8, 1.2), size=(64, 64))(sample(image))
    matrix, _ = results['frame_matrix']
    center = matrix[:, :2] @ [200, 90] + matrix[:, 2]
    weights = results['img'] / results['img'].sum()
    found = [
        (weights.sum(axis=0) * np.arange(64)).sum(),
        (weights.sum(axis=1) * np.arange(64)).sum(),
    ]
    np.testing.assert_allclose(found, center, atol=0.05)


def test_draws_stay_in_their_ranges():
    transform = RandomAffine(**ALL, prob=0.5)
    np.random.seed(0)
    draws = np.array([transform._draw() for _ in range(2000)])
    moved = draws[draws[:, 2] != 1]
    assert 0.45 < len(moved) / len(draws) < 0.55
    for column, limit in ((0, math.radians(25)), (1, math.radians(10)), (3, 0.1), (4, 0.1)):
        assert 0.95 * limit < np.abs(moved[:, column]).max() <= limit
    assert 0.7 <= moved[:, 2].min() < 0.72 and 1.38 < moved[:, 2].max() <= 1.4
    assert abs((moved[:, 2] < 1).mean() - math.log(1 / 0.7) / math.log(2)) < 0.05


def test_aspect_stretches_the_width_before_the_turn():
    """At equal area, in the frame of the source, and within its range."""
    transform = RandomAffine(degrees=30, aspect=(0.8, 1.5))
    np.random.seed(0)
    stretched = []
    for _ in range(300):
        (matrix, _) = transform(sample(np.zeros((40, 50), np.uint8)))['frame_matrix']
        width, height = np.linalg.norm(matrix[:, :2], axis=0)
        assert abs(width * height - 1) < 1e-9
        assert abs(matrix[:, 0] @ matrix[:, 1]) < 1e-9
        stretched.append(width / height)
    assert 0.8 <= min(stretched) < 0.82 and 1.46 < max(stretched) <= 1.5
    with pytest.raises(HandboneError, match='aspect must be'):
        RandomAffine(aspect=(1.2, 0.8))


def test_colour_images_and_seeds():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    moved = []
    for seed in (1, 1, 2):
        np.random.seed(seed)
        moved.append(RandomAffine(**ALL, pad_val=9)(sample(image))['img'])
    assert moved[0].shape == (40, 50, 3)
    np.testing.assert_array_equal(moved[0], moved[1])
    assert (moved[0] != moved[2]).any()


@pytest.mark.parametrize(
    'options', [dict(scale=(0, 1)), dict(scale=(2, 1)), dict(shear=90), dict(prob=1.5)]
)
def test_unusable_options(options):
    with pytest.raises(ValueError, match='scale|shear|prob'):
        RandomAffine(**options)
