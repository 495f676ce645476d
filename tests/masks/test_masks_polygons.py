import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from handbone import masks

HEIGHT, WIDTH = 40, 50
points_within = st.lists(
    st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1)), min_size=1, max_size=8
)
points_around = st.lists(
    st.tuples(st.integers(-60, 110), st.integers(-60, 100)), min_size=3, max_size=8
)


def several(points, num_classes=40):
    return st.lists(
        st.tuples(st.integers(0, num_classes - 1), points.map(lambda each: np.array(each))),
        max_size=8,
    )


def plane_per_class(polygons, height, width, num_classes, border=0):
    """cv2.fillPoly of each class on a canvas with a border, which is cut off again."""
    planes = np.zeros((num_classes, height + 2 * border, width + 2 * border), np.uint8)
    for class_index, points in polygons:
        one = np.zeros_like(planes[0])
        cv2.fillPoly(one, [points.astype(np.int32) + border], 1)
        planes[class_index] |= one
    return planes[:, border : border + height, border : border + width].astype(bool)


def blob(x, y, radius, seed=0):
    """A smooth outline with sub-pixel points."""
    generator = np.random.default_rng(seed)
    angle = np.arange(200) * (2 * np.pi / 200)
    wave = sum(
        generator.uniform(-0.08, 0.08) * np.cos(number * angle + generator.uniform(0, 6))
        for number in range(2, 5)
    )
    distance = radius * (1 + wave)
    return np.stack([x + distance * np.cos(angle), y + distance * np.sin(angle)], axis=1)


@given(several(points_within))
@settings(deadline=None, max_examples=60)
def test_whole_pixels_give_what_opencv_draws_class_by_class(polygons):
    packed = masks.rasterize(polygons, HEIGHT, WIDTH, 40)
    expected = plane_per_class(polygons, HEIGHT, WIDTH, 40)
    np.testing.assert_array_equal(masks.unpack(packed, 40), expected)


@given(several(points_around))
@settings(deadline=None, max_examples=60)
def test_outside_points_are_cut_off_without_bending_the_outline(polygons):
    packed = masks.rasterize(polygons, HEIGHT, WIDTH, 40)
    expected = plane_per_class(polygons, HEIGHT, WIDTH, 40, border=70)
    np.testing.assert_array_equal(masks.unpack(packed, 40), expected)


@given(
    st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)), min_size=3, max_size=7)
)
@settings(deadline=None, max_examples=60)
def test_far_points_are_cut_off_at_the_right_place(points):
    drawn = masks.rasterize([(0, np.array(points))], HEIGHT, WIDTH, 1).astype(bool)
    expected = plane_per_class([(0, np.array(points))], HEIGHT, WIDTH, 1, border=3001)[0]
    unequal = np.argwhere(drawn != expected)[:, ::-1]
    outline = shapely.LinearRing(points)
    for pixel in unequal:
        assert outline.distance(shapely.Point(pixel)) <= 1


@pytest.mark.parametrize('far', [1e3, 1e5, 1e7, 2**31, 1e10, 1e15, 1e100])
def test_huge_coordinates_do_not_overflow(far):
    everything = np.array([[-far, -far], [far, -far], [far, far], [-far, far]])
    assert masks.rasterize([(2, everything)], 20, 30, 3).tolist() == [[4] * 30] * 20
    left_of_ten = np.array([[-far, -far], [9, -far], [9, far], [-far, far]])
    drawn = masks.rasterize([(0, left_of_ten)], 20, 30, 1)
    assert drawn.tolist() == [[1] * 10 + [0] * 20] * 20
    lower_half = np.array([[0, 10], [29, 10], [far, far], [-far, far]])
    np.testing.assert_array_equal(
        masks.rasterize([(0, lower_half)], 20, 30, 1), [[0] * 30] * 10 + [[1] * 30] * 10
    )


@pytest.mark.parametrize('shift', [(-60, 0), (60, 0), (0, -60), (0, 60), (1e9, 5), (300, 300)])
@pytest.mark.parametrize('scale', [1.0, 0.3])
def test_wholly_outside_draws_nothing(shift, scale):
    square = np.array([[5, 5], [25, 5], [25, 25], [5, 25]]) + shift
    side = round(30 * scale)
    assert not masks.rasterize([(0, square)], side, side, 1, scale).any()


def test_classes_overlap_and_polygons_of_a_class_unite():
    left, right = np.array([[0, 0], [3, 0], [3, 1], [0, 1]]), np.array([[2, 0], [5, 0], [5, 1]])
    packed = masks.rasterize([(0, left), (0, right), (35, left)], 2, 6, 36)
    assert packed[0, :, 0].tolist() == [1, 1, 1, 1, 1, 1]
    assert packed[0, :, 1].tolist() == [16, 16, 16, 16, 0, 0]


def test_points_that_are_few_or_none():
    packed = masks.rasterize(
        [(0, np.zeros((0, 2))), (1, np.array([[2, 1]])), (2, np.array([[0, 0], [2, 0]]))], 2, 3, 3
    )
    assert packed.tolist() == [[4, 4, 4], [0, 0, 2]]


@pytest.mark.parametrize('scale', [0.1, 0.125, 0.25, 1 / 3, 0.45, 0.5, 0.6, 0.75, 0.9, 1.7, 3.0])
def test_scaled_masks_sample_the_polygon_at_pixel_centres(scale):
    size = 256
    outline = blob(125.3, 130.8, 95, seed=2)
    drawn = masks.rasterize([(0, outline)], round(size * scale), round(size * scale), 1, scale) != 0
    rows, columns = np.random.default_rng(0).integers(0, len(drawn), (2, 15_000))
    centres = shapely.points((columns + 0.5) / scale - 0.5, (rows + 0.5) / scale - 0.5)
    inside = shapely.contains(shapely.Polygon(outline), centres)
    distance = shapely.distance(shapely.LinearRing(outline), centres)
    # OpenCV rounds corners to drawn pixels and takes half a pixel around the outline as well;
    # drawn pixels measure up to 1.5 pixels of the full frame.
    far = distance > 1.5
    assert 0.7 < far.mean() < 1
    np.testing.assert_array_equal(drawn[rows, columns][far], inside[far])


@pytest.mark.parametrize('scale', [0.1, 0.125, 0.25, 1 / 3, 0.5, 0.6, 0.75, 1.0])
def test_scaled_masks_are_no_wider_than_the_full_ones(scale):
    size = 1024
    polygons = [(index, blob(512, 512, 200 + 9 * index, seed=index)) for index in range(20)]
    side = round(size * scale)
    full = masks.unpack(masks.rasterize(polygons, size, size, 20), 20).sum((1, 2))
    small = masks.unpack(masks.rasterize(polygons, side, side, 20, scale), 20).sum((1, 2))
    radius = np.sqrt(full / np.pi)
    widened = np.sqrt(small / np.pi) / scale - radius
    assert abs(widened.mean()) < 0.3  # pixels of the full frame


@pytest.mark.parametrize('side', [50, 100, 133, 200])
def test_scaled_masks_are_where_resizing_puts_the_full_ones(side):
    size = 400
    polygons = [(index, blob(200 + index / 7, 203, 120, seed=index)) for index in range(25)]
    small = masks.unpack(masks.rasterize(polygons, side, side, 25, side / size), 25)
    full = masks.unpack(masks.rasterize(polygons, size, size, 25), 25)
    offsets = []
    for mask, reference in zip(small, full.astype(np.float32), strict=True):
        resized = cv2.resize(reference, (side, side), interpolation=cv2.INTER_AREA) > 0.5
        assert (mask & resized).sum() / (mask | resized).sum() > 0.96
        offsets.append(np.subtract(*(ndimage.center_of_mass(each) for each in (mask, resized))))
    assert np.abs(np.mean(offsets, axis=0)).max() * size / side < 0.1  # pixels of the full frame


def test_scale_by_axis():
    square = np.array([[0, 0], [39, 0], [39, 39], [0, 39]])
    packed = masks.rasterize([(0, square)], 20, 40, 1, scale=(0.5, 0.25))
    expected = np.zeros((20, 40), int)
    expected[:10, :20] = 1
    np.testing.assert_array_equal(packed, expected)


@pytest.mark.parametrize(
    ('class_index', 'points', 'message'),
    [
        (3, [[0, 0], [1, 1], [0, 1]], 'Polygon 0 has class index 3, but there are 3'),
        (-1, [[0, 0], [1, 1], [0, 1]], 'Polygon 0 has class index -1'),
        (0, [0, 0, 1], r'shape \(n, 2\), got \(3,\)'),
        (0, [[0, 0, 1]], r'shape \(n, 2\), got \(1, 3\)'),
        (0, [[0, 0], [np.nan, 1], [0, 1]], 'not a finite number'),
        (0, [[0, 0], [np.inf, 1], [0, 1]], 'not a finite number'),
    ],
)
def test_faulty_polygons_are_refused(class_index, points, message):
    with pytest.raises(ValueError, match=message):
        masks.rasterize([(class_index, np.array(points))], 4, 4, 3)


@pytest.mark.parametrize('scale', [0, -1, np.nan, np.inf, (1, 0)])
def test_faulty_scale_is_refused(scale):
    with pytest.raises(ValueError, match='scale of polygons must be above 0'):
        masks.rasterize([], 4, 4, 3, scale)
